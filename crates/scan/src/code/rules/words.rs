//! The two small languages inside a rule file: globs over dotted paths, and regular expressions.

use std::ops::Deref;

use regex::RegexBuilder;
use serde::Deserialize;

/// A path such as `*.execute` or `subprocess.run`: `*` stands for anything, also for nothing and for dots.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Glob {
    parts: Vec<String>,
}

impl From<String> for Glob {
    fn from(text: String) -> Self {
        Glob { parts: text.split('*').map(str::to_owned).collect() }
    }
}

impl Glob {
    pub(crate) fn matches(&self, path: &str) -> bool {
        let [first, rest @ ..] = self.parts.as_slice() else { return false };
        let [middle @ .., last] = rest else { return path == first };
        let Some(mut left) = path.strip_prefix(first.as_str()) else { return false };
        for part in middle {
            match left.find(part.as_str()) {
                Some(at) => left = left.get(at + part.len()..).unwrap_or_default(),
                None => return false,
            }
        }
        left.ends_with(last.as_str())
    }

    /// What stands behind its last dot, where that has no star: most globs are told apart by it.
    pub(crate) fn last_name(&self) -> Option<&str> {
        let last = self.parts.last()?;
        match last.rfind('.') {
            Some(dot) => last.get(dot + 1..),
            None if self.parts.len() == 1 => Some(last),
            None => None,
        }
    }
}

/// Whether one of the globs matches one of the paths.
pub(crate) fn any(globs: &[Glob], paths: &[String]) -> bool {
    globs.iter().any(|glob| paths.iter().any(|path| glob.matches(path)))
}

/// A regular expression without case, as the crate `regex` reads it.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Pattern(regex::Regex);

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(text: String) -> Result<Self, regex::Error> {
        // `(?-i)` at the start of a rule's expression makes it tell cases apart.
        RegexBuilder::new(&text).case_insensitive(true).size_limit(1 << 21).build().map(Pattern)
    }
}

impl Deref for Pattern {
    type Target = regex::Regex;

    fn deref(&self) -> &regex::Regex {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_part_of_a_path() {
        for (glob, path, expected) in [
            ("*.execute", "db.session.execute", true),
            ("*.execute", "execute", false),
            ("os.system", "os.system", true),
            ("os.system", "os.system2", false),
            ("request.args*", "request.args.get()", true),
            ("*Hash().update", "crypto.createHash().update", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
        ] {
            assert_eq!(Glob::from(glob.to_owned()).matches(path), expected, "{glob} on {path}");
        }
    }
}
