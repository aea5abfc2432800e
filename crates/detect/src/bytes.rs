//! Looking for texts in bytes.

/// Whether a text occurs, in this case.
pub(crate) fn has(value: &[u8], text: &str) -> bool {
    memchr::memmem::find(value, text.as_bytes()).is_some()
}

/// The first of some texts that occurs, in this case.
pub(crate) fn first_of<'n>(value: &[u8], texts: &[&'n str]) -> Option<&'n str> {
    texts.iter().copied().find(|text| has(value, text))
}

/// Whether a value begins with a text, whatever its case.
pub(crate) fn begins(value: &[u8], text: &str) -> bool {
    value.get(..text.len()).is_some_and(|own| own.eq_ignore_ascii_case(text.as_bytes()))
}

/// Code without what parts its tokens: white space and comments.
pub(crate) fn squeezed(code: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(code.len());
    let mut rest = code;
    while let Some(byte) = rest.first() {
        if rest.starts_with(b"/*")
            && let Some(end) = memchr::memmem::find(&rest[2..], b"*/")
        {
            rest = &rest[end + 4..];
            continue;
        }
        if byte.is_ascii_whitespace() {
            // What parts two words goes on parting them.
            let next = rest.iter().find(|b| !b.is_ascii_whitespace());
            let is_word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
            if is_word(out.last()) && is_word(next) {
                out.push(b' ');
            }
        } else {
            out.push(*byte);
        }
        rest = &rest[1..];
    }
    out
}

/// The name at the beginning: letters, digits, `_`.
pub(crate) fn name(value: &[u8]) -> &[u8] {
    let length = value.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    &value[..length]
}
