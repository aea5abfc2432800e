//! Numbers of any length: a version may have more digits than a machine word, and an attacker's surely has.

use std::cmp::Ordering;

/// A whole number, as its digits without leading zeros.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Digits(String);

impl Digits {
    /// `None` for what are not digits, or none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| Digits(text.trim_start_matches('0').to_owned()))
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

impl Ord for Digits {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Digits {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Splits a text into runs of digits and runs of other characters.
pub(super) fn runs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let digits = rest.chars().next()?.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(run)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length_have_their_order() {
        let number = |text| Digits::parse(text).unwrap();
        assert_eq!(number("007"), number("7"));
        assert!(number("99999999999999999999") < number("100000000000000000000"));
        assert!(number("0").is_zero() && Digits::parse("").is_none() && Digits::parse("1a").is_none());
        assert_eq!(runs("1rc20x").collect::<Vec<_>>(), ["1", "rc", "20", "x"]);
    }
}
