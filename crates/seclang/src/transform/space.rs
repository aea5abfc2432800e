//! Whitespace, and what command interpreters do with it.

use inputs::slice::{head, tail};

/// The no-break space of ISO 8859-1.
pub(super) const NBSP: u8 = 0xa0;

/// C's `isspace`.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

pub(super) fn trim_left(value: &[u8]) -> &[u8] {
    tail(value, value.iter().position(|b| !is_space(*b)).unwrap_or(value.len()))
}

pub(super) fn trim_right(value: &[u8]) -> &[u8] {
    head(value, value.iter().rposition(|b| !is_space(*b)).map_or(0, |at| at + 1))
}

/// Replaces each run of whitespace by one space.
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

/// Removes what Unix and Windows shells ignore: quotes, backslashes and carets, and spaces before `/` and `(`. Commas and
/// semicolons become spaces, and runs of spaces one; letters become lower case.
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
