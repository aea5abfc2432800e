//! Path normalisation: removes `.`, `..` and repeated separators.

/// The separators of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    Slash,
    /// Slashes and backslashes.
    Both,
}

pub(super) fn normalize(value: &[u8], separator: Separator) -> Option<Vec<u8>> {
    let marks: &[u8] = if separator == Separator::Both { b"/.\\" } else { b"/." };
    if !value.iter().any(|byte| marks.contains(byte)) {
        return None;
    }
    let path: Vec<u8> = match separator {
        Separator::Slash => value.to_vec(),
        Separator::Both => value.iter().map(|b| if *b == b'\\' { b'/' } else { *b }).collect(),
    };
    let absolute = path.first() == Some(&b'/');
    let mut parts: Vec<&[u8]> = Vec::new();
    let mut trailing = false;
    for part in path.split(|b| *b == b'/') {
        trailing = false;
        match part {
            b"" => trailing = true,
            b"." => trailing = true,
            b".." => {
                trailing = true;
                if parts.last().is_some_and(|last| *last != b"..") {
                    parts.pop();
                } else if !absolute {
                    // Above the start of a relative path, `..` stays.
                    parts.push(part);
                }
            }
            part => parts.push(part),
        }
    }
    let mut out = Vec::with_capacity(path.len());
    if absolute {
        out.push(b'/');
    }
    out.extend_from_slice(&parts.join(&b'/'));
    let ends = parts.last().is_some_and(|last| *last != b"..");
    if trailing && ends && path.len() > 1 {
        out.push(b'/');
    }
    Some(out)
}
