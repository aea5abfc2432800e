//! Comments of SQL, C, HTML and shells.

use inputs::slice::{cut, tail};
use memchr::memmem::find;

/// Replaces each `/* ... */` by a space, also an unclosed one.
pub(super) fn replace(value: &[u8]) -> Option<Vec<u8>> {
    find(value, b"/*")?;
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(start) = find(rest, b"/*") {
        let (plain, comment) = cut(rest, start);
        out.extend_from_slice(plain);
        out.push(b' ');
        let comment = tail(comment, 2);
        rest = find(comment, b"*/").map_or(&[], |end| tail(comment, end + 2));
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// Removes comment delimiters and keeps the content: `/*`, `*/`, `<!--`, `-->`, `--`, `#`.
pub(super) fn remove_delimiters(value: &[u8]) -> Option<Vec<u8>> {
    const DELIMITERS: [&[u8]; 6] = [b"/*", b"*/", b"<!--", b"-->", b"--", b"#"];
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [byte, next @ ..] = rest {
        rest = DELIMITERS.iter().find_map(|delimiter| rest.strip_prefix(*delimiter)).unwrap_or_else(|| {
            out.push(*byte);
            next
        });
    }
    Some(out)
}

/// Removes comments: `/* */`, `<!-- -->`, and from `--` or `#` to the end.
pub(super) fn remove(value: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [byte, next @ ..] = rest {
        let close: &[u8] = match rest {
            [b'/', b'*', ..] => b"*/",
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            [b'-', b'-', ..] | [b'#', ..] => break,
            _ => {
                out.push(*byte);
                rest = next;
                continue;
            }
        };
        let Some(end) = find(rest, close) else { break };
        rest = tail(rest, end + close.len());
    }
    Some(out)
}
