//! Multipart bodies that are no forms (RFC 2046 §5.1): `multipart/related`, `multipart/mixed`, batches. Their parts need
//! no names; each is a body of its own, read as one.

use bytes::Bytes;

use super::body::{ParsedBody, json_behind_a_head, other_reading, parse_nested};
use super::error::BodyError;
use super::input::Input;
use super::limits::StructureLimits;
use super::multipart::{self, MultipartError, Part, Purpose};

/// How deep multipart bodies may stand in one another: a batch has changesets, and those have parts.
const MAX_NESTING: usize = 3;

/// A part, and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Enclosed {
    /// The part; its content without a transfer encoding.
    pub part: Part,
    /// What it says by its media type.
    pub body: ParsedBody,
    /// What a server that does not mind its media type reads in it besides.
    pub other: Option<ParsedBody>,
}

/// Reads the parts of a body that stands so deep in others.
pub(super) fn read(
    content_type: &[u8],
    body: &Bytes,
    limits: StructureLimits,
    depth: usize,
) -> Result<Vec<Enclosed>, BodyError> {
    if depth >= MAX_NESTING {
        return Err(MultipartError::Nested.into());
    }
    let parts = multipart::read(content_type, body, limits.members, Purpose::Other)?;
    let enclosed = parts.into_iter().map(|part| {
        let kind = part.header("content-type").map_or(&b""[..], |value| value);
        let body = parse_nested(kind, &part.content, limits, depth + 1)?;
        let other = match part.media_type.as_str() {
            // A request of a batch: its body stands behind a head.
            "application/http" => json_behind_a_head(&part.content, limits)?,
            _ => other_reading(kind, &body, &part.content, limits)?,
        };
        Ok(Enclosed { part, body, other })
    });
    enclosed.collect()
}

impl Enclosed {
    /// The texts of the part. What it is called is a name of the message, not of a field: nothing is exempt by it.
    pub(super) fn find_input<T>(&self, each: &mut impl FnMut(Input<'_>) -> Option<T>) -> Option<T> {
        const PART: &str = "part";
        let Part { name, file_name, content, .. } = &self.part;
        each(Input::name(PART, name.as_bytes()))
            .or_else(|| each(Input::value(PART, file_name.as_deref()?.as_bytes())))
            .or_else(|| self.part.headers_to_judge().find_map(|value| each(Input::value(PART, value))))
            .or_else(|| self.body.find(content, each))
            .or_else(|| self.other.as_ref()?.find(content, each))
    }
}
