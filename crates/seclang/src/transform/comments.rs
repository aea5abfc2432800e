//! Comments of SQL, C, HTML and shells.

use memchr::memmem::find;

/// Each `/* ... */` becomes a space, one that is not closed too.
pub(super) fn replace(value: &[u8]) -> Option<Vec<u8>> {
    find(value, b"/*")?;
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(start) = find(rest, b"/*") {
        out.extend_from_slice(&rest[..start]);
        out.push(b' ');
        rest = match find(&rest[start + 2..], b"*/") {
            Some(end) => &rest[start + 2 + end + 2..],
            None => &[],
        };
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// The marks of comments go, what is in them stays: `/*`, `*/`, `<!--`, `-->`, `--`, `#`.
pub(super) fn remove_marks(value: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(value.len());
    let mut at = 0;
    while at < value.len() {
        let rest = &value[at..];
        let mark =
            [&b"/*"[..], b"*/", b"<!--", b"-->", b"--", b"#"].into_iter().find(|m| rest.starts_with(m));
        match mark {
            Some(mark) => at += mark.len(),
            None => {
                out.push(value[at]);
                at += 1;
            }
        }
    }
    Some(out)
}

/// Comments go with what is in them: `/* */`, `<!-- -->`, and from `--` or `#` to the end.
pub(super) fn remove(value: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(value.len());
    let mut at = 0;
    while at < value.len() {
        let rest = &value[at..];
        let close: Option<&[u8]> = if rest.starts_with(b"/*") {
            Some(b"*/")
        } else if rest.starts_with(b"<!--") {
            Some(b"-->")
        } else if rest.starts_with(b"--") || rest.starts_with(b"#") {
            break;
        } else {
            None
        };
        match close {
            Some(close) => match find(rest, close) {
                Some(end) => at += end + close.len(),
                None => break,
            },
            None => {
                out.push(value[at]);
                at += 1;
            }
        }
    }
    Some(out)
}
