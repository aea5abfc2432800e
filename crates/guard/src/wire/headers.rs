//! Headers by name, a set at a time.

use http::HeaderMap;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderName, UPGRADE};

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

/// The protocol that a request asks to change to, if it is one of those that are forwarded.
pub(crate) fn upgrade<'h>(headers: &'h HeaderMap, allowed: &[String]) -> Option<&'h str> {
    let protocol = headers.get(UPGRADE)?.to_str().ok()?.trim();
    let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let is_named =
        named.flat_map(|value| value.split(',')).any(|name| name.trim().eq_ignore_ascii_case("upgrade"));
    let is_allowed = allowed.iter().any(|known| protocol.eq_ignore_ascii_case(known));
    (is_named && is_allowed).then_some(protocol)
}

/// The media type of a message without parameters, lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    inputs::media_type(content_type(headers))
}
