//! How large a body may be, counted in what it is made of.

/// Limits of a structured body.
#[derive(Debug, Clone, Copy)]
pub struct StructureLimits {
    /// Nesting.
    pub depth: usize,
    /// Values, fields or elements.
    pub members: usize,
}
