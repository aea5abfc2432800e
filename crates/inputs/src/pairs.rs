//! Names and values: queries, forms, cookies.

use std::borrow::Cow;

/// The pairs of a query or a form body, decoded as WHATWG URL §5.1 does.
pub fn pairs(text: &[u8]) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(text)
}

/// The pairs of a `Cookie` header (RFC 6265 §4.2.1), values as they stand, quotes left out.
pub fn cookies(header: &str) -> impl Iterator<Item = (&str, &str)> {
    header.split(';').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((name.trim(), value.trim().trim_matches('"')))
    })
}
