//! SQL: tokens folded into a fingerprint, and the fingerprint looked up (libinjection).

/// Fingerprints that prose has more often than an attack: a number or a word, then a dash-dash comment.
const PROSE: [&str; 2] = ["1c", "nc"];

/// Words without which there is no SQL to be made from plain words and numbers.
const KEYWORDS: [&[u8]; 24] = [
    b"and",
    b"between",
    b"case",
    b"delete",
    b"div",
    b"drop",
    b"exec",
    b"execute",
    b"except",
    b"from",
    b"having",
    b"in",
    b"insert",
    b"intersect",
    b"into",
    b"is",
    b"like",
    b"mod",
    b"or",
    b"order",
    b"select",
    b"union",
    b"update",
    b"xor",
];

/// Whether a value is words, numbers and the marks of prose, with no keyword among them: nothing to tokenise.
fn is_wordless_sql(value: &[u8]) -> bool {
    let prose = |b: &u8| {
        b.is_ascii_alphanumeric() || matches!(b, b' ' | b'.' | b',' | b':' | b'!' | b'?' | b'_' | b'-')
    };
    value.iter().all(prose)
        && !value.windows(2).any(|pair| pair == b"--")
        && !value
            .split(|b| !b.is_ascii_alphanumeric() && *b != b'_')
            .filter(|word| (2..=9).contains(&word.len()))
            .any(|word| KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword)))
}

/// Judges one reading.
pub(crate) fn detect(value: &[u8]) -> Option<String> {
    if is_wordless_sql(value) {
        return None;
    }
    let result = libinjectionrs::detect_sqli(value);
    if !result.is_injection() {
        return None;
    }
    let fingerprint = result.fingerprint.map(|f| f.to_string()).unwrap_or_default();
    (!PROSE.contains(&fingerprint.as_str())).then(|| format!("tokens of a SQL injection ({fingerprint})"))
}
