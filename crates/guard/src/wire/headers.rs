//! Headers by name, a set at a time.

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName};

/// Removes every header whose name is meant. Most messages have none of a set: one look over the names that are there
/// costs less than a look-up of each that is not.
pub fn remove_headers(headers: &mut HeaderMap, is_meant: impl Fn(&str) -> bool) {
    while let Some(name) = headers.keys().find(|name| is_meant(name.as_str())).cloned() {
        headers.remove::<HeaderName>(name);
    }
}

/// `Content-Type` as written; empty where there is none.
pub(crate) fn content_type(headers: &HeaderMap) -> &[u8] {
    headers.get(CONTENT_TYPE).map_or(&[], |value| value.as_bytes())
}

/// The media type of a message without parameters, lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    inputs::media_type(content_type(headers))
}
