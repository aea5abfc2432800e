//! What bytes look like, whatever their media type says.

/// A text without blanks and a byte order mark in front, which many readers skip.
pub(super) fn without_mark(body: &[u8]) -> &[u8] {
    let text = body.trim_ascii_start();
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start()
}

/// The first byte behind an opening bracket.
pub(super) fn after_bracket(text: &[u8]) -> Option<u8> {
    text.get(1..)?.trim_ascii_start().first().copied()
}

/// Whether a text would be another one as a form: some servers read a form where there is no type (Rack).
pub(super) fn is_like_form(body: &[u8]) -> bool {
    body.iter().any(|byte| b"=&%+".contains(byte))
}

/// Whether a text begins as an XML document does, and no HTML page.
#[cfg(feature = "xml")]
pub(super) fn is_xml_document(text: &[u8]) -> bool {
    let starts =
        |prefix: &[u8]| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    starts(b"<?xml") || (starts(b"<!doctype") && !starts(b"<!doctype html"))
}

/// Whether a text begins as UTF-16 or UTF-32 does: some readers of JSON and XML recognize that by themselves.
pub(super) fn is_wide(body: &[u8]) -> bool {
    let opens = |byte: u8| b"{[<\"".contains(&byte);
    match body {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 0, 0xfe, 0xff, ..] => std::str::from_utf8(body).is_err(),
        [0, 0, 0, first, ..] | [first, 0, ..] | [0, first, ..] => opens(*first),
        _ => false,
    }
}

/// Whether a body is what its media type says, a file in a binary format. Only then can nobody read text out of it.
pub fn is_binary_file(kind: &str, start: &[u8]) -> bool {
    const FAMILIES: [&str; 4] = ["image/", "audio/", "video/", "font/"];
    const TYPES: [&str; 7] = [
        "application/octet-stream",
        "application/pdf",
        "application/zip",
        "application/gzip",
        "application/x-gzip",
        "application/x-tar",
        "application/wasm",
    ];
    let is_for_files = FAMILIES.iter().any(|family| kind.starts_with(family))
        || TYPES.contains(&kind)
        || kind.starts_with("application/vnd.")
        || kind.starts_with("application/x-");
    let is_binary = |kind: infer::Type| kind.matcher_type() != infer::MatcherType::Text;
    // Some formats are known by two letters; a file has more bytes that no text has.
    let is_odd = |byte: &&u8| !matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    is_for_files
        && infer::get(start).is_some_and(is_binary)
        && start.iter().filter(is_odd).count().saturating_mul(10) >= start.len()
        && std::str::from_utf8(start).is_err()
}
