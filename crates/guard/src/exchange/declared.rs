//! What the document declares for a request.

use http::Method;
use openapi::{Operation, PathTemplate};

/// What the OpenAPI document says about method and path.
#[derive(Debug)]
pub enum Declared<'e> {
    /// There is no document, or nothing more to ask of it.
    NoDocument,
    /// A declared operation, and its path.
    Operation(&'e Operation, &'e PathTemplate),
    /// The path is declared with these methods.
    OtherMethods(Vec<&'e Method>),
    /// The path is not declared.
    Nothing,
}
