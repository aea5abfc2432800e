//! Paths: a value that climbs out of the directory it is meant for.

/// Judges one reading: two or more climbs in a row, or one that goes on to a system directory.
pub(crate) fn detect(value: &[u8]) -> Option<String> {
    let mut rest = value;
    while let Some(at) = rest.windows(3).position(is_climb) {
        rest = &rest[at + 3..];
        if rest.len() >= 3 && is_climb(&rest[..3]) {
            return Some("climbs out of its directory".to_owned());
        }
        let target = rest.split(|b| is_slash(*b)).next().unwrap_or(&[]);
        let system = [&b"etc"[..], b"proc", b"windows", b"winnt", b"root", b"boot.ini", b"web-inf"];
        if system.iter().any(|name| target.eq_ignore_ascii_case(name)) {
            return Some("climbs into a system directory".to_owned());
        }
    }
    None
}

fn is_slash(byte: u8) -> bool {
    byte == b'/' || byte == b'\\'
}

fn is_climb(bytes: &[u8]) -> bool {
    bytes.len() == 3 && bytes[0] == b'.' && bytes[1] == b'.' && is_slash(bytes[2])
}
