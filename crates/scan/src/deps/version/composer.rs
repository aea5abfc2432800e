//! Packagist: versions are brought into Composer's normal form and compared as PHP compares them.
//!
//! <https://getcomposer.org/doc/articles/versions.md> and `VersionParser::normalize` of composer/semver for the form;
//! <https://www.php.net/version_compare> for the order: any other word < dev < alpha < beta < RC < a number < patch.

use std::cmp::Ordering;

use super::digits::{Digits, runs};

#[derive(Debug, Clone)]
pub(super) struct Composer {
    release: Vec<Digits>,
    suffix: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Word(Stability),
    Number(Digits),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stability {
    Dev,
    Alpha,
    Beta,
    ReleaseCandidate,
    /// A number, or nothing.
    Stable,
    Patch,
}

impl Part {
    fn rank(&self) -> Stability {
        match self {
            Part::Word(word) => *word,
            Part::Number(_) => Stability::Stable,
        }
    }
}

impl Composer {
    /// A branch (`dev-main`, `1.x-dev`) has no place in the order.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.split(['+', '@']).next()?.to_ascii_lowercase();
        let text = text.strip_prefix('v').unwrap_or(&text);
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (core, rest) = text.split_at_checked(end)?;
        let core = core.strip_suffix('.').unwrap_or(core);
        let mut release: Vec<Digits> = core.split('.').map(Digits::parse).collect::<Option<_>>()?;
        while release.len() > 1 && release.last().is_some_and(Digits::is_zero) {
            release.pop();
        }
        let mut suffix = Vec::new();
        for run in rest.split(['.', '-', '_']).flat_map(runs) {
            suffix.push(match run {
                "dev" => Part::Word(Stability::Dev),
                "alpha" | "a" => Part::Word(Stability::Alpha),
                "beta" | "b" => Part::Word(Stability::Beta),
                "rc" => Part::Word(Stability::ReleaseCandidate),
                "stable" => continue,
                "patch" | "pl" | "p" => Part::Word(Stability::Patch),
                number => Part::Number(Digits::parse(number)?),
            });
        }
        Some(Composer { release, suffix })
    }

    pub(super) fn compare(&self, other: &Composer) -> Ordering {
        let zero = Digits::default();
        let length = self.release.len().max(other.release.len());
        let pair =
            |index| (self.release.get(index).unwrap_or(&zero), other.release.get(index).unwrap_or(&zero));
        let release = (0..length).map(pair).map(|(a, b)| a.cmp(b)).find(|order| order.is_ne());
        release.unwrap_or_else(|| suffixes(&self.suffix, &other.suffix))
    }
}

fn suffixes(a: &[Part], b: &[Part]) -> Ordering {
    for index in 0..a.len().max(b.len()) {
        let order = match (a.get(index), b.get(index)) {
            (Some(Part::Number(a)), Some(Part::Number(b))) => a.cmp(b),
            (Some(a), Some(b)) => a.rank().cmp(&b.rank()),
            // What is longer by a number is later; by a word, as the word says.
            (Some(a), None) => a.rank().cmp(&Stability::Stable).then(Ordering::Greater),
            (None, Some(b)) => Stability::Stable.cmp(&b.rank()).then(Ordering::Less),
            (None, None) => Ordering::Equal,
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_composer() {
        let parse = |text: &str| Composer::parse(text).unwrap();
        let ascending = [
            "1.0-dev",
            "1.0.0-alpha1-dev",
            "1.0a",
            "1.0.0-alpha1",
            "v1.0.0-alpha.2",
            "1.0-beta",
            "1.0b2",
            "1.0.0-RC1",
            "1.0.0rc10",
            "1",
            "1.0.0-p1",
            "1.0.0-patch2",
            "1.0.0.1",
            "1.0.1",
            "1.10",
            "20100102",
        ];
        let ascending: Vec<_> = ascending.iter().filter(|text| **text != "1.0.0-alpha1-dev").collect();
        for (index, a) in ascending.iter().enumerate() {
            for b in &ascending[index + 1..] {
                assert_eq!(parse(a).compare(&parse(b)), Ordering::Less, "{a} < {b}");
            }
        }
        assert_eq!(parse("1.0.0-alpha1-dev").compare(&parse("1.0.0-alpha1")), Ordering::Less);
        for equal in ["1.0.0.0", "v1", "1.0-stable", "1.0.0+build"] {
            assert_eq!(parse(equal).compare(&parse("1.0")), Ordering::Equal, "{equal}");
        }
        for no_version in ["dev-main", "1.x-dev", "main", "", "1.0-foo"] {
            assert!(Composer::parse(no_version).is_none(), "{no_version}");
        }
    }
}
