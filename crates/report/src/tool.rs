//! The tool that speaks.

/// The tool that found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool<'t> {
    /// Its name.
    pub name: &'t str,
    /// Its version.
    pub version: &'t str,
}

impl Tool<'_> {
    /// Where people read about it.
    pub(crate) const PAGE: &'static str = env!("CARGO_PKG_REPOSITORY");
}
