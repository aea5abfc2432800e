//! Bodies as rules see them: one reader for each of ModSecurity's body processors.
//!
//! They read what can be read of a broken body, and flag what is unusual instead of refusing it, because rules decide.

use crate::slice::{cut, tail};

/// A name and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

pub mod json;
pub mod multipart;
#[cfg(feature = "xml")]
pub mod xml;

/// Names and values of a query or a form: split at the separator, decoded with the rule engine's own decoder.
pub fn form(text: &[u8], separator: u8, limit: usize, decode: impl Fn(&[u8]) -> Vec<u8>) -> Form {
    let mut form = Form::default();
    for pair in text.split(|b| *b == separator).filter(|pair| !pair.is_empty()) {
        if form.pairs.len() >= limit {
            form.is_cut = true;
            break;
        }
        let (name, value) = split_at_byte(pair, b'=');
        form.has_error |= has_bad_encoding(name) || has_bad_encoding(value);
        form.pairs.push((decode(name), decode(value)));
    }
    form
}

/// A query or a form, read.
#[derive(Debug, Default)]
pub struct Form {
    /// Names and values, in order.
    pub pairs: Vec<Pair>,
    /// A percent sign without two digits after it.
    pub has_error: bool,
    /// There were more pairs than the limit.
    pub is_cut: bool,
}

fn has_bad_encoding(part: &[u8]) -> bool {
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    memchr::memchr_iter(b'%', part).any(|at| !is_hex(part.get(at + 1)) || !is_hex(part.get(at + 2)))
}

/// The pairs of a `Cookie` header.
pub fn cookies(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    header
        .split(|b| *b == b';')
        .map(<[u8]>::trim_ascii_start)
        .filter(|pair| !pair.is_empty())
        .map(|pair| split_at_byte(pair, b'='))
}

/// What stands before a byte, and what after it; all and nothing without one.
fn split_at_byte(text: &[u8], byte: u8) -> (&[u8], &[u8]) {
    let (before, after) = cut(text, memchr::memchr(byte, text).unwrap_or(text.len()));
    (before, tail(after, 1))
}
