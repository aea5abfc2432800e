//! Texts with replaced parts.

use crate::bytes::tail;

/// A copy of a text with some parts replaced; the text up to the first part is copied only when there is one.
pub(super) struct Replaced<'t> {
    text: &'t [u8],
    out: Vec<u8>,
    /// Where the part of the text begins that is not copied yet.
    copied: usize,
}

impl<'t> Replaced<'t> {
    pub(super) fn new(text: &'t [u8]) -> Replaced<'t> {
        Replaced { text, out: Vec::new(), copied: 0 }
    }

    /// Replaces the bytes from `start` to `end`.
    pub(super) fn replace(&mut self, start: usize, end: usize, with: &[u8]) {
        self.out.extend_from_slice(self.text.get(self.copied..start).unwrap_or_default());
        self.out.extend_from_slice(with);
        self.copied = end;
    }

    /// The whole text; `None` if nothing was replaced.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        if self.copied == 0 {
            return None;
        }
        self.out.extend_from_slice(tail(self.text, self.copied));
        Some(self.out)
    }
}
