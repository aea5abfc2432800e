//! HTML: the value parsed by an HTML5 tokeniser in each context where it may land (libinjection).

/// Judges one reading.
pub(crate) fn detect(value: &[u8]) -> Option<String> {
    // Without a tag and without an attribute there is no script in any context.
    if !value.iter().any(|b| matches!(b, b'<' | b'=')) {
        return None;
    }
    libinjectionrs::detect_xss(value).is_injection().then(|| "markup that runs a script".to_owned())
}
