//! Names of files with `*` and `?` in them.

use std::path::{Path, PathBuf};

/// The files that a path names, sorted. Only its last part may have wildcards.
pub(crate) fn files(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    if !name.contains(['*', '?']) {
        return if path.is_file() { vec![path.to_owned()] } else { Vec::new() };
    }
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .filter(|path| {
            path.file_name().and_then(|n| n.to_str()).is_some_and(|n| matches(name.as_bytes(), n.as_bytes()))
        })
        .collect();
    found.sort();
    found
}

fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=name.len()).any(|skipped| matches(rest, &name[skipped..])),
        (Some((b'?', rest)), Some((_, others))) => matches(rest, others),
        (Some((byte, rest)), Some((other, others))) if byte == other => matches(rest, others),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        assert!(matches(b"*.conf", b"a.conf") && matches(b"REQUEST-9?1*", b"REQUEST-911-X.conf"));
        assert!(!matches(b"*.conf", b"a.conf.example") && !matches(b"?", b""));
    }
}
