//! Media types.

/// The media type of a `Content-Type` without parameters, lower case (RFC 9110 §8.3.1).
pub fn media_type(content_type: &[u8]) -> String {
    let end = memchr::memchr(b';', content_type).unwrap_or(content_type.len());
    let essence = content_type.get(..end).unwrap_or_default().trim_ascii();
    String::from_utf8_lossy(essence).to_ascii_lowercase()
}

/// Whether a media type without parameters, in lower case, is JSON or built on it (RFC 6839 §3.1).
pub fn is_json(media_type: &str) -> bool {
    matches!(media_type, "application/json" | "text/json") || media_type.ends_with("+json")
}
