//! What every detector is given, and what it answers.

use std::cell::OnceCell;

use crate::byte_mask::{self, ByteMask};
use crate::confidence::Confidence;
use crate::prose;
use crate::quoted::without_code;

/// What a detector finds in one candidate: confidence and reason.
pub(crate) type Found = Option<(Confidence, &'static str)>;

/// Returns the finding with the higher confidence, preferring the first on a tie.
pub(crate) fn stronger(one: Found, other: Found) -> Found {
    match (one, other) {
        (Some((first, _)), Some((second, _))) if second > first => other,
        (None, other) => other,
        (one, _) => one,
    }
}

/// One variant of a value, with what the detectors share about it.
pub(crate) struct Candidate<'t> {
    pub(crate) bytes: &'t [u8],
    mask: ByteMask,
    prose: OnceCell<bool>,
}

impl<'t> Candidate<'t> {
    pub(crate) fn new(bytes: &'t [u8]) -> Candidate<'t> {
        Candidate { bytes, mask: byte_mask::of(bytes), prose: OnceCell::new() }
    }

    /// Whether it contains any of the bytes of a mask.
    pub(crate) const fn has_any(&self, mask: ByteMask) -> bool {
        self.mask & mask != 0
    }

    /// Whether it reads like sentences.
    pub(crate) fn is_prose(&self) -> bool {
        *self.prose.get_or_init(|| prose::is_prose(self.bytes))
    }

    /// What a text says itself, if it quotes code as Markdown does; `is_kept` says what it may not quote.
    pub(crate) fn said(&self, is_kept: fn(&[u8]) -> bool) -> Option<Vec<u8>> {
        const QUOTES: ByteMask = byte_mask::any_of(b"`|");
        self.has_any(QUOTES).then(|| without_code(self.bytes, is_kept)).flatten()
    }
}
