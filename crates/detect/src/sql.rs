//! SQL: tokens folded into a fingerprint, and the fingerprint looked up (libinjection).

/// Fingerprints that prose has more often than an attack: a number or a word, then a dash-dash comment.
const PROSE: [&str; 2] = ["1c", "nc"];

/// Judges one reading.
pub(crate) fn detect(value: &[u8]) -> Option<String> {
    let result = libinjectionrs::detect_sqli(value);
    if !result.is_injection() {
        return None;
    }
    let fingerprint = result.fingerprint.map(|f| f.to_string()).unwrap_or_default();
    (!PROSE.contains(&fingerprint.as_str())).then(|| format!("tokens of a SQL injection ({fingerprint})"))
}
