//! What a request says, parsed once: query, cookies, and the body by its media type.

mod body;
pub(crate) mod graphql;
mod json;
mod pairs;
mod xml;

pub use body::{BodyError, ParsedBody, Part, essence, parse_body, write_multipart};
pub use json::{JsonError, parse_json};
pub use pairs::{cookies, pairs};

/// Limits of a structured body.
#[derive(Debug, Clone, Copy)]
pub struct StructureLimits {
    /// Nesting.
    pub depth: usize,
    /// Values, fields or elements.
    pub members: usize,
}
