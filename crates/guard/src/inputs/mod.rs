//! What a request says, parsed once: query, cookies, and the body by its media type.

mod body;
pub(crate) mod graphql;
mod json;
mod multipart;
mod pairs;
mod xml;

pub(crate) use body::is_binary_file;
pub use body::{BodyError, ParsedBody, essence, parse_body};
pub use json::{JsonError, parse_json};
pub use multipart::{MultipartError, Part, write_multipart};
pub use pairs::{cookies, pairs};

/// Limits of a structured body.
#[derive(Debug, Clone, Copy)]
pub struct StructureLimits {
    /// Nesting.
    pub depth: usize,
    /// Values, fields or elements.
    pub members: usize,
}
