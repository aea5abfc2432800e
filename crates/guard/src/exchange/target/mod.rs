//! The request target, normalized for the doors, and as the upstream gets it.
//!
//! Normalized (RFC 3986 §6.2.2), escapes of unreserved characters are decoded and other escapes are upper case. The upstream
//! gets escapes and runs of slashes as they came, for a signature may cover them. What a server takes them for that decodes a
//! path only when it has found the route (`undecoded`), or that takes nothing between two slashes for a parameter
//! (`with_nothing`), is a reading. In both, raw bytes outside ASCII are escaped, and a path begins with one slash: with two, it
//! is the beginning of a URL to those who make a redirect of it. What servers read in different ways is refused: dot segments,
//! backslashes, NUL, escapes that are not hexadecimal, and all of these hidden behind a second encoding. An escaped slash
//! stays as it came: some servers read a slash there, some a part of a name, and the routes of both readings hold.

mod error;
mod form;
mod readings;

use std::borrow::Cow;

use openapi::canonical_path;

pub use error::TargetError;
use form::{check_segment, escape_raw, has_control, is_plain, normalise, segments};

/// A request target, normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    path: String,
    /// The path as the upstream gets it, if that is another spelling.
    sent: Option<String>,
    query: Option<String>,
}

impl Target {
    /// Normalises path and query as they came.
    ///
    /// # Errors
    /// When the target could be read in more than one way.
    pub fn parse(path: &str, query: Option<&str>) -> Result<Self, TargetError> {
        if !path.starts_with('/') {
            return Err(TargetError::NotAPath);
        }
        if let Some(query) = query
            && has_control(query.as_bytes())
        {
            return Err(TargetError::Control);
        }
        let (path, sent) = if path.bytes().all(is_plain) && !path.contains("//") {
            (path.to_owned(), None)
        } else {
            let (normal, sent) = normalise(path)?;
            let is_other = sent != normal;
            (normal, is_other.then_some(sent))
        };
        for segment in segments(&path) {
            check_segment(segment)?;
        }
        Ok(Target { path, sent, query: query.map(escape_raw) })
    }

    /// Stands in for an ambiguous target, in an exchange that is refused.
    pub(crate) fn unreadable() -> Self {
        Target { path: "/".into(), sent: None, query: None }
    }

    /// The path, escapes upper case, unreserved characters decoded.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path as routes and operations are found by it.
    pub(crate) fn canonical(&self) -> Cow<'_, str> {
        canonical_path(&self.path)
    }

    /// The query, without `?`.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// Replaces the query; none when empty.
    pub(crate) fn set_query(&mut self, query: String) {
        self.query = Some(query).filter(|q| !q.is_empty());
    }

    /// The path as it is sent on: escapes are as they came.
    pub fn sent_path(&self) -> &str {
        self.sent.as_deref().unwrap_or(&self.path)
    }

    /// Path and query as they are sent on.
    pub fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.sent_path()),
            None => self.sent_path().to_owned(),
        }
    }

    /// Path and query, the same for every spelling of the path.
    pub(crate) fn normal(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The segments of the path, decoded.
    pub fn segments(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        segments(&self.path).map(|s| percent_encoding::percent_decode_str(s).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_goes_to_doors_and_upstream() {
        for (raw, form) in [
            ("/", "/"),
            ("/a/b.c/~d", "/a/b.c/~d"),
            ("/%61%2d%7E", "/a-~"),
            ("/a%20b%c3%a9", "/a%20b%C3%A9"),
            ("/é", "/%C3%A9"),
            ("//a///b/", "/a/b/"),
            ("/a;v=1/b,c@d:e", "/a;v=1/b,c@d:e"),
            ("/100%25", "/100%25"),
            ("/a%2fb", "/a%2Fb"),
            ("/...", "/..."),
            ("/Fate／stay", "/Fate%EF%BC%8Fstay"),
        ] {
            assert_eq!(Target::parse(raw, None).map(|t| t.path), Ok(form.to_owned()), "{raw}");
        }
    }

    #[test]
    fn the_upstream_gets_escapes_as_they_came() {
        for (raw, sent) in [
            ("/%61%2d%7E/%c3%A9", "/%61%2d%7E/%c3%A9"),
            ("/a%2fb%2F", "/a%2fb%2F"),
            ("/é/%41", "/%C3%A9/%41"),
            ("//%41//b/", "/%41//b/"),
            ("///a///b//", "/a///b//"),
            ("/plain", "/plain"),
        ] {
            let target = Target::parse(raw, Some("q=%61")).unwrap();
            assert_eq!(target.path_and_query(), format!("{sent}?q=%61"), "{raw}");
        }
    }

    #[test]
    fn what_has_two_readings_is_refused() {
        for (raw, error) in [
            ("a", TargetError::NotAPath),
            ("*", TargetError::NotAPath),
            ("/a/../b", TargetError::DotSegment),
            ("/a/./b", TargetError::DotSegment),
            ("/..", TargetError::DotSegment),
            ("/%2e%2E/b", TargetError::DotSegment),
            ("/..;/b", TargetError::DotSegment),
            ("/a%2f..%2fb", TargetError::DotSegment),
            ("/a%2f.;x", TargetError::DotSegment),
            ("/..%2fb", TargetError::DotSegment),
            ("/%252e.%252fb", TargetError::DotSegment),
            ("/a%5Cb", TargetError::Backslash),
            ("/a\\b", TargetError::Backslash),
            ("/a%00", TargetError::Control),
            ("/a%0d%0a", TargetError::Control),
            ("/a%zz", TargetError::BrokenEscape),
            ("/a%", TargetError::BrokenEscape),
            ("/%252e%252e%252fetc", TargetError::DotSegment),
            ("/a%2500", TargetError::Control),
            ("/%c0%ae%c0%ae/b", TargetError::Overlong),
            ("/a%c0%afb", TargetError::Overlong),
            ("/a%e0%80%afb", TargetError::Overlong),
            ("/%25c0%25ae/b", TargetError::Overlong),
            ("/%ef%bc%8e%ef%bc%8e/b", TargetError::Overlong),
        ] {
            assert_eq!(Target::parse(raw, None), Err(error), "{raw}");
        }
        assert_eq!(Target::parse("/", Some("a=%00")), Err(TargetError::Control));
    }

    #[test]
    fn normalising_twice_changes_nothing() {
        for raw in ["/%61/%C3%a9//x", "/100%2525", "/a%20b;c"] {
            let once = Target::parse(raw, Some("q=é")).unwrap();
            let twice = Target::parse(&once.path, once.query()).unwrap();
            assert_eq!(twice.normal(), once.normal());
            // So does what is sent on.
            let sent = Target::parse(once.sent_path(), once.query()).unwrap();
            assert_eq!(sent, once);
        }
    }
}
