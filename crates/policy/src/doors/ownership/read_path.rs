//! The path where an object is read before a request about it is forwarded.

use openapi::PathTemplate;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// A path in which names in braces are filled in: `/api/orders/{id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPath {
    parts: Vec<ReadPart>,
}

/// What is escaped in a segment: all but unreserved characters (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Debug, Clone, PartialEq, Eq)]
enum ReadPart {
    Text(String),
    Name(String),
}

impl ReadPath {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let template = PathTemplate::parse(text).map_err(|e| e.to_string())?;
        let mut parts = Vec::new();
        let mut rest = text;
        for name in template.parameters() {
            let Some((before, after)) = rest.split_once(&format!("{{{name}}}")) else { continue };
            parts.push(ReadPart::Text(before.to_owned()));
            parts.push(ReadPart::Name(name.to_owned()));
            rest = after;
        }
        parts.push(ReadPart::Text(rest.to_owned()));
        Ok(ReadPath { parts })
    }

    /// The names that have to be filled in.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            ReadPart::Name(name) => Some(name.as_str()),
            ReadPart::Text(_) => None,
        })
    }

    /// The path with its names filled in, each as one segment; `None` when a name says nothing.
    pub fn fill<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Option<String> {
        let mut path = String::new();
        for part in &self.parts {
            match part {
                ReadPart::Text(text) => path.push_str(text),
                ReadPart::Name(name) => {
                    let value = value(name).filter(|v| !v.is_empty())?;
                    path.extend(percent_encoding::utf8_percent_encode(value, SEGMENT));
                }
            }
        }
        Some(path)
    }
}

impl std::fmt::Display for ReadPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            ReadPart::Text(text) => f.write_str(text),
            ReadPart::Name(name) => write!(f, "{{{name}}}"),
        })
    }
}
