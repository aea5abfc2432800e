//! Maven: <https://maven.apache.org/pom.html#version-order-specification>.
//!
//! A version is a list of tokens, each with the separator before it. Where a digit meets a letter, a hyphen is meant; a
//! qualifier (a token of letters) behaves behind a dot as behind a hyphen. Tokens that say nothing (`0`, `final`, `ga`,
//! `release`) are dropped from the end, and from before each hyphen.

use std::cmp::Ordering;

use super::digits::{Digits, runs};

#[derive(Debug, Clone)]
pub(super) struct Maven(Vec<Token>);

/// In ascending order of kinds: `-qualifier` < `-number` < `.number`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Token {
    Qualifier(Qualifier),
    HyphenNumber(Digits),
    DotNumber(Digits),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Qualifier {
    Alpha,
    Beta,
    Milestone,
    ReleaseCandidate,
    Snapshot,
    Release,
    ServicePack,
    Other(String),
}

impl Qualifier {
    fn of(text: &str, before_number: bool) -> Self {
        match text {
            "a" if before_number => Qualifier::Alpha,
            "b" if before_number => Qualifier::Beta,
            "m" if before_number => Qualifier::Milestone,
            "alpha" => Qualifier::Alpha,
            "beta" => Qualifier::Beta,
            "milestone" => Qualifier::Milestone,
            "rc" | "cr" => Qualifier::ReleaseCandidate,
            "snapshot" => Qualifier::Snapshot,
            "" | "final" | "ga" | "release" => Qualifier::Release,
            "sp" => Qualifier::ServicePack,
            other => Qualifier::Other(other.to_owned()),
        }
    }
}

impl Token {
    /// Whether it says nothing.
    fn is_null(&self) -> bool {
        match self {
            Token::Qualifier(qualifier) => *qualifier == Qualifier::Release,
            Token::HyphenNumber(number) | Token::DotNumber(number) => number.is_zero(),
        }
    }

    /// What stands in place of a token that the other version does not have.
    fn padding(&self) -> Token {
        match self {
            Token::DotNumber(_) => Token::DotNumber(Digits::default()),
            _ => Token::Qualifier(Qualifier::Release),
        }
    }
}

impl Maven {
    pub(super) fn parse(text: &str) -> Option<Self> {
        // A range, a property, or a path is no version.
        if text.contains(|c: char| c.is_whitespace() || "[](),${}/:".contains(c)) {
            return None;
        }
        let text = text.to_lowercase();
        let mut tokens = Vec::new();
        let mut hyphen = false;
        for part in text.split_inclusive(['.', '-']) {
            let body = part.trim_end_matches(['.', '-']);
            let mut runs = runs(body).peekable();
            if runs.peek().is_none() {
                tokens.push(number(Digits::default(), hyphen));
            }
            while let Some(run) = runs.next() {
                tokens.push(match Digits::parse(run) {
                    Some(digits) => number(digits, hyphen),
                    None => Token::Qualifier(Qualifier::of(run, runs.peek().is_some())),
                });
                hyphen = true;
            }
            hyphen = part.ends_with('-');
        }
        Some(Maven(trim(tokens)))
    }

    pub(super) fn compare(&self, other: &Maven) -> Ordering {
        for index in 0..self.0.len().max(other.0.len()) {
            let order = match (self.0.get(index), other.0.get(index)) {
                (Some(a), Some(b)) => a.cmp(b),
                (Some(a), None) => a.cmp(&a.padding()),
                (None, Some(b)) => b.padding().cmp(b),
                (None, None) => Ordering::Equal,
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    }
}

fn number(digits: Digits, hyphen: bool) -> Token {
    if hyphen { Token::HyphenNumber(digits) } else { Token::DotNumber(digits) }
}

/// Drops the tokens that say nothing at the end and before hyphens. The first token stays.
fn trim(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::new();
    for token in tokens {
        if !matches!(token, Token::DotNumber(_)) {
            drop_nulls(&mut kept);
        }
        kept.push(token);
    }
    drop_nulls(&mut kept);
    kept
}

fn drop_nulls(tokens: &mut Vec<Token>) {
    while tokens.len() > 1 && tokens.last().is_some_and(Token::is_null) {
        tokens.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Maven {
        Maven::parse(text).unwrap()
    }

    #[test]
    fn equal_versions_may_look_different() {
        for (a, b) in [
            ("1", "1.0.0"),
            ("1", "1.ga"),
            ("1", "1.final"),
            ("1", "1-"),
            ("1", "1.0.0-0.0.0"),
            ("5.3.0.RELEASE", "5.3"),
            ("1.0.0-foo.0.0", "1-foo"),
            ("1-a1", "1-alpha-1"),
            ("1.0-alpha1", "1-alpha-1"),
            ("1-alpha2", "1.0-ALPHA.2".replace(".2", "2").as_str()),
            ("1.0RC2", "1-cr-2"),
            ("1.foo", "1-foo"),
        ] {
            assert_eq!(parse(a).compare(&parse(b)), Ordering::Equal, "{a} {b}");
        }
    }

    #[test]
    fn the_order_is_that_of_the_specification() {
        let ascending = [
            "1-alpha2",
            "1-alpha-123",
            "1-beta-2",
            "1-beta123",
            "1-m2",
            "1-m11",
            "1-rc",
            "1-cr2",
            "1-snapshot",
            "1",
            "1-sp",
            "1-sp2",
            "1-abc",
            "1-def",
            "1-pom-1",
            "1-1-snapshot",
            "1-1",
            "1-2",
            "1-123",
            "1.0.1-rc1",
            "1.0.1",
            "1.1",
            "1.10",
            "2-1",
            "2.0.1.xyz",
            "2.0.1-123",
            "99999999999999999999999",
        ];
        for (index, a) in ascending.iter().enumerate() {
            for b in &ascending[index + 1..] {
                assert_eq!(parse(a).compare(&parse(b)), Ordering::Less, "{a} < {b}");
                assert_eq!(parse(b).compare(&parse(a)), Ordering::Greater, "{b} > {a}");
            }
        }
        for no_version in ["[1,2)", "${a}", "1 2", "a:b"] {
            assert!(Maven::parse(no_version).is_none());
        }
    }
}
