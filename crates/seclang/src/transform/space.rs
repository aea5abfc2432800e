//! White space, and what command interpreters do with it.

/// A non-breaking space in ISO 8859-1.
pub(super) const NBSP: u8 = 0xa0;

/// White space of C's `isspace`.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

pub(super) fn trim_left(value: &[u8]) -> &[u8] {
    let start = value.iter().position(|b| !is_space(*b)).unwrap_or(value.len());
    &value[start..]
}

pub(super) fn trim_right(value: &[u8]) -> &[u8] {
    let end = value.iter().rposition(|b| !is_space(*b)).map_or(0, |at| at + 1);
    &value[..end]
}

/// Runs of white space become one space.
pub(super) fn compress(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut before = false;
    for byte in value {
        let space = is_space(*byte) || *byte == NBSP;
        match (space, before) {
            (true, true) => {}
            (true, false) => out.push(b' '),
            (false, _) => out.push(*byte),
        }
        before = space;
    }
    out
}

/// What Unix and Windows shells ignore is taken away: quotes, backslashes and carets; spaces before `/` and `(`;
/// commas and semicolons are spaces, runs of them one; all in lower case.
pub(super) fn cmd_line(value: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(value.len());
    for byte in value {
        match byte {
            b'"' | b'\'' | b'\\' | b'^' => {}
            b' ' | b',' | b';' | b'\t' | b'\r' | b'\n' => {
                if out.last() != Some(&b' ') {
                    out.push(b' ');
                }
            }
            b'/' | b'(' => {
                if out.last() == Some(&b' ') {
                    out.pop();
                }
                out.push(*byte);
            }
            byte => out.push(byte.to_ascii_lowercase()),
        }
    }
    out
}
