//! Headers by name, a set at a time.

use http::HeaderMap;
use http::header::HeaderName;

/// Removes every header whose name is meant. Most messages have none of a set: one look over the names that are there
/// costs less than a look-up of each that is not.
pub fn remove_headers(headers: &mut HeaderMap, is_meant: impl Fn(&str) -> bool) {
    while let Some(name) = headers.keys().find(|name| is_meant(name.as_str())).cloned() {
        headers.remove::<HeaderName>(name);
    }
}
