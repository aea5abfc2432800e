//! The variants that transformations make of a value, and the features of a value that give a transformation work.

use std::borrow::Cow;
use std::cell::OnceCell;

use inputs::slice::tail;

use crate::transform::Transformation;

/// A value and its transformed variants, each distinct text once. Variant 0 is the value itself.
pub(super) struct Variants<'v> {
    original: Variant<'v>,
    /// The others, numbered from 1.
    transformed: Vec<Variant<'v>>,
    /// Results of transformations so far: from one variant to another.
    steps: Vec<(usize, Transformation, usize)>,
}

struct Variant<'v> {
    text: Cow<'v, [u8]>,
    /// Computed when first needed.
    mask: OnceCell<FeatureMask>,
}

impl<'v> Variants<'v> {
    /// A value with its feature mask.
    pub(super) fn new(value: &'v [u8], mask: FeatureMask) -> Self {
        let original = Variant { text: Cow::Borrowed(value), mask: OnceCell::from(mask) };
        Variants { original, transformed: Vec::new(), steps: Vec::new() }
    }

    pub(super) fn mask(&self, at: usize) -> FeatureMask {
        let variant = self.variant(at);
        *variant.mask.get_or_init(|| feature_mask(&variant.text))
    }

    fn variant(&self, at: usize) -> &Variant<'v> {
        at.checked_sub(1).and_then(|at| self.transformed.get(at)).unwrap_or(&self.original)
    }

    pub(super) fn text(&self, at: usize) -> &[u8] {
        &self.variant(at).text
    }

    /// A variant in lower case, in a buffer that is used again.
    pub(super) fn lower<'l>(&self, at: usize, lower: &'l mut Vec<u8>) -> &'l [u8] {
        lower.clear();
        lower.extend_from_slice(self.text(at));
        lower.make_ascii_lowercase();
        lower
    }

    /// The variant after a chain of transformations. `triggers` has, for each transformation, the features that give it
    /// or a later one work.
    pub(super) fn after(&mut self, transformations: &[Transformation], triggers: &[FeatureMask]) -> usize {
        let mut at = 0;
        for (transformation, rest) in transformations.iter().zip(triggers) {
            let mask = self.mask(at);
            if rest & mask == 0 {
                break;
            }
            if exact_triggers(*transformation) & mask != 0 {
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
            Some(text) => {
                (0..=self.transformed.len()).find(|at| *self.text(*at) == *text).unwrap_or_else(|| {
                    self.transformed.push(Variant { text: Cow::Owned(text), mask: OnceCell::new() });
                    self.transformed.len()
                })
            }
        };
        self.steps.push((from, transformation, to));
        to
    }
}

/// Feature mask of a value: sixteen byte classes and patterns, and one bit for each ASCII punctuation byte.
pub(super) type FeatureMask = u64;

const ESCAPES: FeatureMask = 1;
const ENTITIES: FeatureMask = 1 << 1;
const BACKSLASH: FeatureMask = 1 << 2;
const NUL: FeatureMask = 1 << 3;
const BEYOND_ASCII: FeatureMask = 1 << 4;
const SPACE: FeatureMask = 1 << 5;
const ODD_SPACE: FeatureMask = 1 << 6;
const EDGE: FeatureMask = 1 << 7;
const SLASH: FeatureMask = 1 << 8;
const COMMENT: FeatureMask = 1 << 9;
const SHELL: FeatureMask = 1 << 10;
const UPPER: FeatureMask = 1 << 11;
const ALWAYS: FeatureMask = 1 << 15;

/// Whether a transformation changes every value.
pub(super) fn always_changes(transformation: Transformation) -> bool {
    triggers(transformation) & ALWAYS != 0
}

/// The features that give a transformation work, apart from the case of letters.
pub(super) fn triggers(transformation: Transformation) -> FeatureMask {
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

/// The features that give a transformation work, with the case of letters.
pub(super) fn exact_triggers(transformation: Transformation) -> FeatureMask {
    match transformation {
        Transformation::Lowercase => UPPER,
        Transformation::Uppercase => ALWAYS,
        Transformation::CmdLine => triggers(Transformation::CmdLine) | UPPER,
        other => triggers(other),
    }
}

/// For each transformation of a chain, the triggers of itself and all later ones.
pub(super) fn triggers_from_each(
    chain: &[Transformation],
    triggers: impl Fn(Transformation) -> FeatureMask,
) -> Vec<FeatureMask> {
    (0..chain.len()).map(|from| tail(chain, from).iter().fold(0, |all, t| all | triggers(*t))).collect()
}

/// The feature mask of a value.
#[allow(clippy::indexing_slicing, reason = "a table of 256 entries, indexed by a byte")]
pub(super) fn feature_mask(value: &[u8]) -> FeatureMask {
    let bytes = value.iter().fold(ALWAYS, |mask, byte| mask | TABLE[usize::from(*byte)]);
    let has = |feature: FeatureMask| bytes & feature == feature;
    let pair = |pair: &[u8; 2]| memchr::memmem::find(value, pair).is_some();
    let mut patterns = 0;
    if has(SPACE) {
        if pair(b"  ") {
            patterns |= ODD_SPACE;
        }
        if (has(feature_of(b'/')) && pair(b" /")) || (has(feature_of(b'(')) && pair(b" (")) {
            patterns |= SHELL;
        }
        let is_space = |byte: Option<&u8>| byte.is_some_and(|b| TABLE[usize::from(*b)] & SPACE != 0);
        if is_space(value.first()) || is_space(value.last()) {
            patterns |= EDGE;
        }
    }
    if (has(feature_of(b'*')) && has(SLASH)) || (has(feature_of(b'-')) && pair(b"--")) {
        patterns |= COMMENT;
    }
    // `.` and `..` are paths without a slash.
    if value.first() == Some(&b'.') {
        patterns |= SLASH;
    }
    bytes | patterns
}

/// The bit of an ASCII punctuation or whitespace byte; 0 for other bytes.
pub(super) const fn feature_of(byte: u8) -> FeatureMask {
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

#[allow(clippy::indexing_slicing, reason = "a table of 256 entries, indexed by a byte")]
static TABLE: [FeatureMask; 256] = {
    let mut table = [0; 256];
    let mut byte = u8::MAX;
    loop {
        table[byte as usize] = feature_of(byte) | class_of(byte);
        if byte == 0 {
            break table;
        }
        byte -= 1;
    }
};

const fn class_of(byte: u8) -> FeatureMask {
    match byte {
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
    }
}
