//! JSON Pointers in the fragments of references (RFC 6901 §6).
//!
//! In the tree that a document becomes, references hold pointers as they are, so that whoever follows one looks it up
//! without decoding. Only JSON Schema's own reader gets URIs.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What a fragment of a URI cannot hold unescaped (RFC 3986 §3.5).
const NOT_IN_FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A pointer as a fragment.
pub(crate) fn encode(pointer: &str) -> String {
    utf8_percent_encode(pointer, NOT_IN_FRAGMENT).to_string()
}

/// The pointer in a fragment; what is not escaped text stays as it is.
pub(crate) fn decode(fragment: &str) -> Cow<'_, str> {
    percent_decode_str(fragment).decode_utf8().unwrap_or(Cow::Borrowed(fragment))
}
