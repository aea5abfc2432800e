//! What transformations make of a value, and what of a value gives them work.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::transform::Transformation;

/// What transformations make of a value: each distinct text once.
pub(super) struct Readings<'v> {
    /// The value itself.
    first: Reading<'v>,
    /// What else there is, numbered from one.
    more: Vec<Reading<'v>>,
    /// What a transformation makes of a reading.
    steps: Vec<(usize, Transformation, usize)>,
}

struct Reading<'v> {
    text: Cow<'v, [u8]>,
    /// Known when it is first asked.
    marks: OnceCell<Marks>,
}

impl<'v> Reading<'v> {
    fn new(text: Cow<'v, [u8]>) -> Self {
        Reading { marks: OnceCell::new(), text }
    }
}

impl<'v> Readings<'v> {
    /// A value, with what there is in it.
    pub(super) fn new(value: &'v [u8], marks: Marks) -> Self {
        let first = Reading { text: Cow::Borrowed(value), marks: OnceCell::from(marks) };
        Readings { first, more: Vec::new(), steps: Vec::new() }
    }

    /// What there is in a reading.
    pub(super) fn marks(&self, at: usize) -> Marks {
        let reading = self.reading(at);
        *reading.marks.get_or_init(|| marks(&reading.text))
    }

    fn reading(&self, at: usize) -> &Reading<'v> {
        at.checked_sub(1).map_or(&self.first, |at| &self.more[at])
    }

    /// A reading.
    pub(super) fn text(&self, at: usize) -> &[u8] {
        &self.reading(at).text
    }

    /// A reading in lower case.
    pub(super) fn lower<'l>(&self, at: usize, lower: &'l mut Vec<u8>) -> &'l [u8] {
        lower.clear();
        lower.extend_from_slice(self.text(at));
        lower.make_ascii_lowercase();
        lower
    }

    /// The reading after a chain. Triggers say what of a value gives the rest of the chain work.
    pub(super) fn after(&mut self, transformations: &[Transformation], triggers: &[Marks]) -> usize {
        let mut at = 0;
        for (transformation, rest) in transformations.iter().zip(triggers) {
            let marks = self.marks(at);
            if rest & marks == 0 {
                break;
            }
            if exact_triggers(*transformation) & marks != 0 {
                at = self.step(at, *transformation);
            }
        }
        at
    }

    fn step(&mut self, from: usize, transformation: Transformation) -> usize {
        let known = self.steps.iter().find(|(at, t, _)| *at == from && *t == transformation);
        if let Some((.., to)) = known {
            return *to;
        }
        let to = match transformation.apply(self.text(from)) {
            None => from,
            Some(text) => (0..=self.more.len()).find(|at| *self.text(*at) == *text).unwrap_or_else(|| {
                self.more.push(Reading::new(Cow::Owned(text)));
                self.more.len()
            }),
        };
        self.steps.push((from, transformation, to));
        to
    }
}

/// What of a value matters: sixteen kinds of things, and single bytes.
pub(super) type Marks = u64;

const ESCAPES: Marks = 1;
const ENTITIES: Marks = 1 << 1;
const BACKSLASH: Marks = 1 << 2;
const NUL: Marks = 1 << 3;
const BEYOND_ASCII: Marks = 1 << 4;
const SPACE: Marks = 1 << 5;
const ODD_SPACE: Marks = 1 << 6;
const EDGE: Marks = 1 << 7;
const SLASH: Marks = 1 << 8;
const COMMENT: Marks = 1 << 9;
const SHELL: Marks = 1 << 10;
const UPPER: Marks = 1 << 11;
const ALWAYS: Marks = 1 << 15;

/// Whether a transformation changes every value.
pub(super) fn always_changes(transformation: Transformation) -> bool {
    triggers(transformation) & ALWAYS != 0
}

/// What of a value gives a transformation work, beside the case of its letters.
pub(super) fn triggers(transformation: Transformation) -> Marks {
    use Transformation::*;
    match transformation {
        Lowercase | Uppercase => 0,
        UrlDecode | UrlDecodeUni => ESCAPES,
        HtmlEntityDecode => ENTITIES,
        JsDecode | CssDecode | EscapeSeqDecode => BACKSLASH,
        RemoveNulls | ReplaceNulls => NUL,
        Utf8ToUnicode => BEYOND_ASCII,
        RemoveWhitespace => SPACE,
        CompressWhitespace => ODD_SPACE,
        Trim | TrimLeft | TrimRight => EDGE,
        NormalizePath | NormalizePathWin => SLASH | BACKSLASH,
        ReplaceComments | RemoveComments | RemoveCommentsChar => COMMENT,
        CmdLine => SHELL | ODD_SPACE | BACKSLASH,
        _ => ALWAYS,
    }
}

/// The same with the case of letters.
pub(super) fn exact_triggers(transformation: Transformation) -> Marks {
    match transformation {
        Transformation::Lowercase => UPPER,
        Transformation::Uppercase => ALWAYS,
        Transformation::CmdLine => triggers(Transformation::CmdLine) | UPPER,
        other => triggers(other),
    }
}

/// What there is in a value.
pub(super) fn marks(value: &[u8]) -> Marks {
    static TABLE: [Marks; 256] = table();
    let mut marks = value.iter().fold(ALWAYS, |marks, byte| marks | TABLE[usize::from(*byte)]);
    let has = |mark: Marks| marks & mark == mark;
    let pair = |pair: &[u8; 2]| memchr::memmem::find(value, pair).is_some();
    let mut more = 0;
    if has(SPACE) {
        if pair(b"  ") {
            more |= ODD_SPACE;
        }
        if (has(mark_of(b'/')) && pair(b" /")) || (has(mark_of(b'(')) && pair(b" (")) {
            more |= SHELL;
        }
        let is_space = |byte: Option<&u8>| byte.is_some_and(|b| TABLE[usize::from(*b)] & SPACE != 0);
        if is_space(value.first()) || is_space(value.last()) {
            more |= EDGE;
        }
    }
    if (has(mark_of(b'*')) && has(SLASH)) || (has(mark_of(b'-')) && pair(b"--")) {
        more |= COMMENT;
    }
    // `.` and `..` are paths without a slash.
    if value.first() == Some(&b'.') {
        more |= SLASH;
    }
    marks |= more;
    marks
}

/// The mark of a byte that stands for itself: the punctuation of ASCII, and its usual white space. None for others.
pub(super) const fn mark_of(byte: u8) -> Marks {
    let number = match byte {
        b'\t' => 0,
        b'\n' => 1,
        b'\r' => 2,
        b' '..=b'/' => 3 + byte - b' ',
        b':'..=b'@' => 19 + byte - b':',
        b'['..=b'`' => 26 + byte - b'[',
        b'{'..=b'~' => 32 + byte - b'{',
        _ => return 0,
    };
    1 << (16 + number)
}

const fn table() -> [Marks; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = mark_of(byte as u8)
            | match byte as u8 {
                b'%' | b'+' => ESCAPES,
                b'&' => ENTITIES,
                b'\\' => BACKSLASH,
                0 => NUL,
                b' ' => SPACE,
                b'\t' | b'\n' | 0x0b | 0x0c | b'\r' => SPACE | ODD_SPACE,
                0xa0 => SPACE | ODD_SPACE | BEYOND_ASCII,
                128.. => BEYOND_ASCII,
                b'/' => SLASH,
                b'#' => COMMENT,
                b'"' | b'\'' | b'^' | b',' | b';' => SHELL,
                b'A'..=b'Z' => UPPER,
                _ => 0,
            };
        byte += 1;
    }
    table
}
