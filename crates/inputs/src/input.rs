//! What doors judge of a body.

/// A text that a person or a program put into a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input<'i> {
    /// The name that it stands under; for a name, the name itself.
    pub name: &'i str,
    /// What it is.
    pub kind: InputKind,
    /// The text, as bytes.
    pub value: &'i [u8],
}

/// What of a body an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// The name of a member, a field, an element.
    Name,
    /// A value.
    Value,
    /// The text of a file.
    File,
}

impl<'i> Input<'i> {
    pub(crate) fn value(name: &'i str, value: &'i [u8]) -> Self {
        Input { name, kind: InputKind::Value, value }
    }

    pub(crate) fn name(name: &'i str, value: &'i [u8]) -> Self {
        Input { name, kind: InputKind::Name, value }
    }
}
