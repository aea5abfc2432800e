//! NuGet: Semantic Versioning with a fourth number, and labels compared without case.
//!
//! <https://learn.microsoft.com/nuget/concepts/package-versioning>: missing numbers are zeros, metadata has no say.

use std::cmp::Ordering;

use super::digits::Digits;

#[derive(Debug, Clone)]
pub(super) struct NuGet {
    numbers: [Digits; 4],
    labels: Vec<Label>,
}

/// SemVer 2.0.0 §11.4: numbers come before words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Number(Digits),
    Word(String),
}

impl NuGet {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.split('+').next()?.to_ascii_lowercase();
        let (core, labels) = match text.split_once('-') {
            Some((core, labels)) => (core, Some(labels)),
            None => (text.as_str(), None),
        };
        let mut numbers: [Digits; 4] = Default::default();
        let parts: Vec<&str> = core.split('.').collect();
        if parts.len() > numbers.len() {
            return None;
        }
        for (number, part) in numbers.iter_mut().zip(parts) {
            *number = Digits::parse(part)?;
        }
        let label = |text: &str| {
            let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            plain.then(|| Digits::parse(text).map_or_else(|| Label::Word(text.to_owned()), Label::Number))
        };
        let labels = labels.map_or(Some(Vec::new()), |labels| labels.split('.').map(label).collect())?;
        Some(NuGet { numbers, labels })
    }

    pub(super) fn compare(&self, other: &NuGet) -> Ordering {
        // A version with labels is a prerelease, which comes before its release.
        let labels = || match (self.labels.is_empty(), other.labels.is_empty()) {
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            _ => self.labels.cmp(&other.labels),
        };
        self.numbers.cmp(&other.numbers).then_with(labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_nuget() {
        let parse = |text: &str| NuGet::parse(text).unwrap();
        let ascending = [
            "1.0.0-1",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-BETA.2",
            "1.0.0-beta.11",
            "1.0.0-rc",
            "1.0",
            "1.0.0.1",
            "1.0.1",
            "1.10.0",
        ];
        for (index, a) in ascending.iter().enumerate() {
            for b in &ascending[index + 1..] {
                assert_eq!(parse(a).compare(&parse(b)), Ordering::Less, "{a} < {b}");
            }
        }
        for equal in ["1", "1.0.0.0", "01.0.0", "1.0.0+x"] {
            assert_eq!(parse(equal).compare(&parse("1.0.0")), Ordering::Equal);
        }
        for no_version in ["1.*", "[1.0]", "1.0-", "1.2.3.4.5", ""] {
            assert!(NuGet::parse(no_version).is_none(), "{no_version}");
        }
    }
}
