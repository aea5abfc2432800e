//! SQL: tokens folded into a fingerprint, and the fingerprint looked up (libinjection).

/// Judges one reading.
pub(crate) fn detect(value: &[u8]) -> Option<String> {
    let result = libinjectionrs::detect_sqli(value);
    if !result.is_injection() {
        return None;
    }
    Some(match result.fingerprint {
        Some(fingerprint) => format!("tokens of a SQL injection ({fingerprint})"),
        None => "tokens of a SQL injection".to_owned(),
    })
}
