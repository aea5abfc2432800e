//! Paths and addresses as URI references (RFC 3986).

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What may not stand in any URI.
const NEVER: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
/// What would end a path or be read as something else in it.
const IN_A_PATH: &AsciiSet = &NEVER.add(b'#').add(b'?').add(b'%').add(b'[').add(b']').add(b':');

/// The URI of a file: a path as a user wrote it, or an address.
pub(super) fn of_file(file: &str) -> String {
    let is_scheme = |scheme: &str| {
        scheme.len() > 1
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    };
    if file.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme)) {
        return of_url(file);
    }
    let path = file.replace('\\', "/");
    let encoded = utf8_percent_encode(path.trim_start_matches("./"), IN_A_PATH).to_string();
    match path.as_bytes() {
        [drive, b':', b'/', ..] if drive.is_ascii_alphabetic() => {
            format!("file:///{}", encoded.replacen("%3A", ":", 1))
        }
        // A path that begins with two slashes would be read as the name of a host.
        [b'/', ..] => format!("file:///{}", encoded.trim_start_matches('/')),
        _ => encoded,
    }
}

/// An address with all encoded that may not stand in it.
pub(super) fn of_url(url: &str) -> String {
    utf8_percent_encode(url, NEVER).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_addresses_become_uris() {
        for (file, uri) in [
            ("src/a.js", "src/a.js"),
            ("./src/a b.js", "src/a%20b.js"),
            ("src\\ä#?.js", "src/%C3%A4%23%3F.js"),
            ("100%.js", "100%25.js"),
            ("a:b.js", "a%3Ab.js"),
            ("/srv/api.yaml", "file:///srv/api.yaml"),
            ("//host/share", "file:///host/share"),
            ("C:\\api\\a.yaml", "file:///C:/api/a.yaml"),
            ("https://a.test/openapi.json?x=%20 y", "https://a.test/openapi.json?x=%20%20y"),
            ("\u{0}\n\u{202e}", "%00%0A%E2%80%AE"),
            ("", ""),
        ] {
            assert_eq!(of_file(file), uri);
        }
    }
}
