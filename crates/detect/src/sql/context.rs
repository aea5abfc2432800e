//! The places of a statement where a value lands.

/// Where a value lands in a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    String {
        /// The value quotes a mark, as texts do.
        is_quoted: bool,
        quote: u8,
    },
    /// After a number, a closing parenthesis, or nothing.
    Bare,
    /// After a word, which may belong to a sentence.
    AfterWord,
}

impl Context {
    /// Whether the value quotes a mark, as texts do.
    pub(super) fn is_quoted(self) -> bool {
        matches!(self, Context::String { is_quoted: true, .. })
    }
}
