//! Which values are worth decoding although they have no mark of an encoding, and which results are worth a look.

/// Shorter values are often words.
pub(super) const MIN_LENGTH: usize = 8;

/// Whether bytes are printable ASCII with some punctuation, without which there is no code.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    let writable = |b: &u8| matches!(b, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    bytes.iter().all(writable) && bytes.iter().any(|b| b.is_ascii_punctuation())
}
