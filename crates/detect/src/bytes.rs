//! Looking for texts in bytes.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// Whether a text occurs, in this case.
pub(crate) fn has(value: &[u8], text: &str) -> bool {
    memchr::memmem::find(value, text.as_bytes()).is_some()
}

/// Texts that are looked for together, whatever their case.
pub(crate) struct Set {
    texts: &'static [&'static str],
    automaton: OnceLock<Option<AhoCorasick>>,
}

impl Set {
    pub(crate) const fn new(texts: &'static [&'static str]) -> Set {
        Set { texts, automaton: OnceLock::new() }
    }

    fn automaton(&self) -> Option<&AhoCorasick> {
        let build = || {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .kind(Some(AhoCorasickKind::DFA))
                .build(self.texts)
                .ok()
        };
        self.automaton.get_or_init(build).as_ref()
    }

    /// Each place where one of the texts begins, with the text.
    pub(crate) fn each<'v>(&'v self, value: &'v [u8]) -> impl Iterator<Item = (usize, &'static str)> + 'v {
        let found = self.automaton().map(|automaton| automaton.find_overlapping_iter(value));
        found.into_iter().flatten().map(|found| (found.start(), self.texts[found.pattern().as_usize()]))
    }

    /// One of the texts that occurs.
    pub(crate) fn first(&self, value: &[u8]) -> Option<&'static str> {
        self.each(value).next().map(|(_, text)| text)
    }

    /// Whether one of the texts occurs.
    pub(crate) fn occurs(&self, value: &[u8]) -> bool {
        self.automaton().is_some_and(|automaton| automaton.is_match(value))
    }
}

/// Whether a value begins with a text, whatever its case.
pub(crate) fn begins(value: &[u8], text: &str) -> bool {
    value.get(..text.len()).is_some_and(|own| own.eq_ignore_ascii_case(text.as_bytes()))
}

/// Code without what parts its tokens: white space and comments.
pub(crate) fn squeezed(code: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(code.len());
    let mut rest = code;
    // A comment that nothing closes leaves none behind it that anything does.
    let mut closes = true;
    while let Some(byte) = rest.first() {
        if closes && rest.starts_with(b"/*") {
            match memchr::memmem::find(&rest[2..], b"*/") {
                Some(end) => {
                    rest = &rest[end + 4..];
                    continue;
                }
                None => closes = false,
            }
        }
        let gap = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
        if gap > 0 {
            // What parts two words goes on parting them.
            let is_word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
            if is_word(out.last()) && is_word(rest.get(gap)) {
                out.push(b' ');
            }
        } else {
            out.push(*byte);
        }
        rest = &rest[gap.max(1)..];
    }
    out
}

/// The name at the beginning: letters, digits, `_`.
pub(crate) fn name(value: &[u8]) -> &[u8] {
    let length = value.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    &value[..length]
}
