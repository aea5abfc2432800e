//! Searching and cutting byte strings. The cuts clamp where slicing would panic: positions come from outside.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// The first items, at most `count`.
pub(crate) fn head<T>(items: &[T], count: usize) -> &[T] {
    items.get(..count).unwrap_or(items)
}

/// The items from `at` on; empty beyond the end.
pub(crate) fn tail<T>(items: &[T], at: usize) -> &[T] {
    items.get(at..).unwrap_or_default()
}

/// Cuts in two; beyond the end, the second part is empty.
pub(crate) fn cut<T>(items: &[T], at: usize) -> (&[T], &[T]) {
    items.split_at_checked(at).unwrap_or((items, &[]))
}

/// The byte before a position.
pub(crate) fn before(value: &[u8], at: usize) -> Option<u8> {
    value.get(at.checked_sub(1)?).copied()
}

/// The rest without any of these prefixes, of which at most one is stripped.
pub(crate) fn strip_any<'v>(value: &'v [u8], prefixes: &[&[u8]]) -> &'v [u8] {
    prefixes.iter().find_map(|prefix| value.strip_prefix(*prefix)).unwrap_or(value)
}

/// Whether a text occurs; case matters.
pub(crate) fn has(value: &[u8], text: &str) -> bool {
    find(value, text).is_some()
}

/// Whether one of some texts occurs; case matters.
pub(crate) fn has_any(value: &[u8], texts: &[&str]) -> bool {
    texts.iter().any(|text| has(value, text))
}

/// Where a text first occurs; case matters.
pub(crate) fn find(value: &[u8], text: &str) -> Option<usize> {
    memchr::memmem::find(value, text.as_bytes())
}

/// Every place where a text occurs; case matters.
pub(crate) fn find_all<'v>(value: &'v [u8], text: &'v str) -> impl Iterator<Item = usize> + 'v {
    memchr::memmem::find_iter(value, text.as_bytes())
}

/// Whether a word is one of some, whatever its case.
pub(crate) fn is_one_of(word: &[u8], words: &[&str]) -> bool {
    words.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word))
}

/// Texts found in one pass, whatever their case.
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

    /// Every occurrence: where it begins, and which text it is.
    pub(crate) fn find_all<'v>(
        &'v self,
        value: &'v [u8],
    ) -> impl Iterator<Item = (usize, &'static str)> + 'v {
        let found = self.automaton().map(|automaton| automaton.find_overlapping_iter(value));
        let text = |number: usize| self.texts.get(number).copied();
        found
            .into_iter()
            .flatten()
            .filter_map(move |found| Some((found.start(), text(found.pattern().as_usize())?)))
    }

    /// The text that occurs first.
    pub(crate) fn first(&self, value: &[u8]) -> Option<&'static str> {
        self.find_all(value).next().map(|(_, text)| text)
    }

    /// Whether any of the texts occurs.
    pub(crate) fn occurs(&self, value: &[u8]) -> bool {
        self.automaton().is_some_and(|automaton| automaton.is_match(value))
    }
}

/// Whether a value begins with a text, whatever its case.
pub(crate) fn begins(value: &[u8], text: &str) -> bool {
    value.get(..text.len()).is_some_and(|own| own.eq_ignore_ascii_case(text.as_bytes()))
}

/// Strips whitespace and `/* */` comments between tokens; one space stays between two words.
pub(crate) fn compact(code: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(code.len());
    let mut rest = code;
    // After one comment that nothing closes, no later one is closed either.
    let mut closes = true;
    while let Some(byte) = rest.first() {
        if closes && let Some(inner) = rest.strip_prefix(b"/*") {
            match memchr::memmem::find(inner, b"*/") {
                Some(end) => {
                    rest = tail(inner, end + 2);
                    continue;
                }
                None => closes = false,
            }
        }
        let gap = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
        if gap > 0 {
            let is_word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
            if is_word(out.last()) && is_word(rest.get(gap)) {
                out.push(b' ');
            }
        } else {
            out.push(*byte);
        }
        rest = tail(rest, gap.max(1));
    }
    out
}

/// The name at the start: letters, digits, `_`.
pub(crate) fn name(value: &[u8]) -> &[u8] {
    head(value, value.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_clamp() {
        for (at, first, rest) in [(0, "", "abc"), (2, "ab", "c"), (3, "abc", ""), (9, "abc", "")] {
            assert_eq!((head(b"abc", at), tail(b"abc", at)), (first.as_bytes(), rest.as_bytes()));
            assert_eq!(cut(b"abc", at), (first.as_bytes(), rest.as_bytes()));
        }
        assert_eq!((before(b"abc", 0), before(b"abc", 1), before(b"abc", 9)), (None, Some(b'a'), None));
    }

    #[test]
    fn code_is_compacted_between_its_tokens() {
        for (code, compacted) in [
            ("eval ( 'x' )", "eval('x')"),
            ("a /* x */ b", "a b"),
            ("ev/**/al(1)", "eval(1)"),
            ("new  Image ( )", "new Image()"),
            ("a /* open b", "a/*open b"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&compact(code.as_bytes())), compacted, "{code}");
        }
    }

    #[test]
    fn a_set_finds_every_text_whatever_its_case() {
        static WORDS: Set = Set::new(&["ab", "b", "cd"]);
        let found: Vec<_> = WORDS.find_all(b"xABcD").collect();
        assert_eq!(found, [(1, "ab"), (2, "b"), (3, "cd")]);
        assert_eq!(WORDS.first(b"x cd ab"), Some("cd"));
        assert!(!WORDS.occurs(b"xyz"));
    }
}
