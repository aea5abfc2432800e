//! RubyGems: `Gem::Version`, <https://docs.ruby-lang.org/en/master/Gem/Version.html>.
//!
//! Segments are numbers or words; a word sorts before any number, so that `1.0.rc1` comes before `1.0`. Zeros at the
//! end of the numbers and at the end of the whole say nothing.

use std::cmp::Ordering;

use super::digits::{Digits, runs};

#[derive(Debug, Clone)]
pub(super) struct Gem(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Word(String),
    Number(Digits),
}

impl Segment {
    fn is_zero(&self) -> bool {
        matches!(self, Segment::Number(number) if number.is_zero())
    }
}

impl Gem {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if !text.starts_with(|c: char| c.is_ascii_digit())
            || !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-')
        {
            return None;
        }
        let text = text.replace('-', ".pre.");
        let segments = text.split('.').flat_map(runs).map(|run| match Digits::parse(run) {
            Some(number) => Segment::Number(number),
            None => Segment::Word(run.to_owned()),
        });
        let mut numbers: Vec<Segment> = segments.collect();
        let first_word = numbers.iter().position(|segment| matches!(segment, Segment::Word(_)));
        let mut words = numbers.split_off(first_word.unwrap_or(numbers.len()));
        for part in [&mut numbers, &mut words] {
            while part.last().is_some_and(Segment::is_zero) {
                part.pop();
            }
        }
        numbers.append(&mut words);
        Some(Gem(numbers))
    }

    pub(super) fn compare(&self, other: &Gem) -> Ordering {
        let zero = Segment::Number(Digits::default());
        let length = self.0.len().max(other.0.len());
        let pair = |index| (self.0.get(index).unwrap_or(&zero), other.0.get(index).unwrap_or(&zero));
        (0..length).map(pair).map(|(a, b)| a.cmp(b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_rubygems() {
        let parse = |text: &str| Gem::parse(text).unwrap();
        let ascending =
            ["0.9", "1.0.a", "1.0.a.2", "1.0.b1", "1.0.b10", "1.0-1", "1.0.rc1", "1", "1.0.1", "1.9", "1.10"];
        for (index, a) in ascending.iter().enumerate() {
            for b in &ascending[index + 1..] {
                assert_eq!(parse(a).compare(&parse(b)), Ordering::Less, "{a} < {b}");
            }
        }
        assert_eq!(parse("1.0.0").compare(&parse("1")), Ordering::Equal);
        assert_eq!(parse("1.0.a.0").compare(&parse("1.a")), Ordering::Equal);
        for no_version in ["", "a.1", "1_0", "1.0 beta"] {
            assert!(Gem::parse(no_version).is_none());
        }
    }
}
