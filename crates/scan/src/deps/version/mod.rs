//! Versions, in the order of their ecosystem.
//!
//! An advisory says "before 1.10"; whether 1.9 is before that, and 1.10-rc1, each ecosystem decides for itself. Cargo,
//! npm and Go follow Semantic Versioning, which the crate `semver` has; Python has PEP 440, which `pep440_rs` has.
//! The other four are written here after their specifications, because no crate that is kept up has them.

mod composer;
mod digits;
mod gem;
mod maven;
mod nuget;

use std::cmp::Ordering;
use std::str::FromStr;

use super::ecosystem::Ecosystem;

/// The longest version that is read, in bytes.
const MAX: usize = 256;

/// A version of one ecosystem.
#[derive(Debug, Clone)]
pub struct Version(Scheme);

#[derive(Debug, Clone)]
enum Scheme {
    Semantic(semver::Version),
    Python(pep440_rs::Version),
    Maven(maven::Maven),
    Gem(gem::Gem),
    Composer(composer::Composer),
    NuGet(nuget::NuGet),
}

impl Version {
    /// Reads a version as its ecosystem does. `None` for what is no version there, such as a branch or a range.
    pub fn parse(ecosystem: Ecosystem, text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.len() > MAX {
            return None;
        }
        Some(Version(match ecosystem {
            Ecosystem::CratesIo | Ecosystem::Npm | Ecosystem::Go => Scheme::Semantic(semantic(text)?),
            // PEP 440: a local version (`1.0+cpu`) is a build of the public one, and has its holes.
            Ecosystem::PyPi => Scheme::Python(pep440_rs::Version::from_str(text).ok()?.without_local()),
            Ecosystem::Maven => Scheme::Maven(maven::Maven::parse(text)?),
            Ecosystem::RubyGems => Scheme::Gem(gem::Gem::parse(text)?),
            Ecosystem::Packagist => Scheme::Composer(composer::Composer::parse(text)?),
            Ecosystem::NuGet => Scheme::NuGet(nuget::NuGet::parse(text)?),
        }))
    }

    /// The order of two versions; versions of different ecosystems have none, and count as equal.
    pub fn compare(&self, other: &Version) -> Ordering {
        match (&self.0, &other.0) {
            // SemVer 2.0.0 §10: build metadata has no say. Go's `+incompatible` is such.
            (Scheme::Semantic(a), Scheme::Semantic(b)) => a.cmp_precedence(b),
            (Scheme::Python(a), Scheme::Python(b)) => a.cmp(b),
            (Scheme::Maven(a), Scheme::Maven(b)) => a.compare(b),
            (Scheme::Gem(a), Scheme::Gem(b)) => a.compare(b),
            (Scheme::Composer(a), Scheme::Composer(b)) => a.compare(b),
            (Scheme::NuGet(a), Scheme::NuGet(b)) => a.compare(b),
            _ => Ordering::Equal,
        }
    }
}

/// Semantic versions, and what registries and advisories write for them: a `v` or `=` in front, `1.2` for `1.2.0`,
/// leading zeros.
fn semantic(text: &str) -> Option<semver::Version> {
    let text = text.trim_start_matches(['v', 'V', '=']).trim_start();
    if let Ok(version) = semver::Version::parse(text) {
        return Some(version);
    }
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (core, rest) = text.split_at_checked(end)?;
    let parts: Vec<u64> = core.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let (major, minor, patch) = match *parts.as_slice() {
        [major] => (major, 0, 0),
        [major, minor] => (major, minor, 0),
        [major, minor, patch] => (major, minor, patch),
        _ => return None,
    };
    semver::Version::parse(&format!("{major}.{minor}.{patch}{rest}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semantic_versions_are_read_as_registries_write_them() {
        let order = |a: &str, b: &str| {
            let [a, b] = [a, b].map(|text| Version::parse(Ecosystem::Go, text).unwrap());
            a.compare(&b)
        };
        for (a, b, expected) in [
            ("1.2.3", "v1.2.3", Ordering::Equal),
            ("1.2", "1.2.0", Ordering::Equal),
            ("2.0.0+incompatible", "2.0.0", Ordering::Equal),
            ("1.0.0-alpha.9", "1.0.0-alpha.10", Ordering::Less),
            ("0.0.0-20200101000000-abcdefabcdef", "0.0.0-20210101000000-000000000000", Ordering::Less),
            ("1.2.4-0.20200101000000-abcdefabcdef", "1.2.3", Ordering::Greater),
            ("1.2.4-0.20200101000000-abcdefabcdef", "1.2.4", Ordering::Less),
        ] {
            assert_eq!(order(a, b), expected, "{a} {b}");
        }
        for text in ["", "latest", "1.x", "git+ssh://a", "1.2.3.4", "^1.0.0"] {
            assert!(Version::parse(Ecosystem::Npm, text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_local_build_is_judged_as_its_public_version() {
        let [a, b] = ["2.1.0+cu118", "2.1.0"].map(|text| Version::parse(Ecosystem::PyPi, text).unwrap());
        assert_eq!(a.compare(&b), Ordering::Equal);
    }
}
