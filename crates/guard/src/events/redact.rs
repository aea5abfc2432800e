//! What may be shown of a value in a line of the log.

use std::borrow::Cow;
use std::ops::Range;

use percent_encoding::percent_decode;

/// Stands in place of a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// Bytes of a value that a line shows.
const LONGEST: usize = 120;

/// The beginning of a value, short enough for a line, control characters escaped.
pub(crate) fn excerpt(value: &[u8]) -> String {
    excerpt_around(value, 0..0)
}

/// The text around a part of a value, short enough for a line, control characters escaped. What is left out shows as `…`,
/// and what is secret by the name before it as `[redacted]`.
pub(crate) fn excerpt_around(value: &[u8], part: Range<usize>) -> String {
    /// Bytes shown before the part.
    const BEFORE: usize = 30;
    /// Bytes before it in which the name of a secret may stand.
    const REACH: usize = 64 << 10;
    let latest = value.len().saturating_sub(LONGEST);
    let start = if part.end <= LONGEST { 0 } else { part.start.saturating_sub(BEFORE).min(latest) };
    let end = value.len().min(start + LONGEST);
    let from = start.saturating_sub(REACH);
    let mut text = String::with_capacity(LONGEST + 6);
    if start > 0 {
        text.push('…');
    }
    let mut at = start;
    for secret in secrets(value.get(from..end).unwrap_or_default()) {
        let (first, last) = (from + secret.start, from + secret.end);
        if last > at {
            push_escaped(&mut text, value.get(at..first).unwrap_or_default());
            text.push_str(REDACTED);
            at = last;
        }
    }
    push_escaped(&mut text, value.get(at..end).unwrap_or_default());
    if end < value.len() {
        text.push('…');
    }
    text
}

fn push_escaped(text: &mut String, shown: &[u8]) {
    for character in String::from_utf8_lossy(shown).chars() {
        match character {
            // Harmless, and escaped once more where the line is written.
            '\'' | '"' => text.push(character),
            other => text.extend(other.escape_debug()),
        }
    }
}

/// A text as it is, but what is secret by the name before it.
#[cfg_attr(not(feature = "rules"), allow(dead_code, reason = "only the audit log of a rule set needs it"))]
pub(crate) fn without_secrets(text: &str) -> Cow<'_, str> {
    let secrets = secrets(text.as_bytes());
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut at) = (String::with_capacity(text.len()), 0);
    for secret in secrets {
        shown.push_str(text.get(at..secret.start).unwrap_or_default());
        shown.push_str(REDACTED);
        at = secret.end;
    }
    Cow::Owned(shown + text.get(at..).unwrap_or_default())
}

/// The beginning of what a client wrote in its head. The line's format escapes it.
pub(crate) fn clipped(value: &[u8]) -> Cow<'_, str> {
    const LONGEST: usize = 512;
    match value.get(..LONGEST) {
        None => String::from_utf8_lossy(value),
        Some(start) => format!("{}…", String::from_utf8_lossy(start)).into(),
    }
}

/// A query for a line: as it was written, without the values whose names announce a secret, cut where it is long.
pub(crate) fn shown_query(query: &[u8]) -> String {
    let mut shown = Vec::with_capacity(query.len());
    for (nth, pair) in query.split(|byte| matches!(byte, b'&' | b';')).enumerate() {
        if nth > 0 {
            shown.push(b'&');
        }
        let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
        shown.extend_from_slice(name);
        if let Some(value) = pair.get(name.len()..).filter(|value| !value.is_empty()) {
            let is_hidden =
                is_secret_parameter(&String::from_utf8_lossy(&percent_decode(name).collect::<Vec<_>>()));
            let is_key = value.strip_prefix(b"=").is_some_and(|value| value.starts_with(API_KEY.as_bytes()));
            shown.extend_from_slice(if is_hidden || is_key { b"=[redacted]" } else { value });
        }
    }
    clipped(&shown).into_owned()
}

/// A URL for a line: without its user, its fragment, and what [`shown_query`] leaves out.
pub(crate) fn shown_reference(url: &[u8]) -> String {
    let before = |text: &'_ [u8], byte: u8| text.iter().position(|b| *b == byte).unwrap_or(text.len());
    let url = url.get(..before(url, b'#')).unwrap_or_default();
    let (address, query) = url.split_at_checked(before(url, b'?')).unwrap_or((url, &[]));
    let (scheme, rest) = match address.windows(2).position(|pair| pair == b"//") {
        Some(at) => address.split_at_checked(at + 2).unwrap_or((&[], address)),
        None => (&[][..], address),
    };
    let (authority, path) = rest.split_at_checked(before(rest, b'/')).unwrap_or((rest, &[]));
    let host = authority.rsplit(|byte| *byte == b'@').next().unwrap_or_default();
    let mut shown = clipped(&[scheme, host, path].concat()).into_owned();
    if let Some(query) = query.get(1..) {
        shown.push('?');
        shown.push_str(&shown_query(query));
    }
    shown
}

/// How an API key begins that the built-in service has issued.
const API_KEY: &str = identity::service::API_KEY_PREFIX;

/// Names of parameters whose values are as good as a password, where a URL has them (OAuth's `code`, signed URLs).
fn is_secret_parameter(name: &str) -> bool {
    const NAMES: [&str; 9] = ["code", "key", "sig", "signature", "auth", "jwt", "sid", "otp", "assertion"];
    is_secret(name)
        || NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
        || name.to_ascii_lowercase().ends_with("-signature")
}

/// Whether a name announces a secret, which must not reach a log.
pub(crate) fn is_secret(name: &str) -> bool {
    /// Words that stand for secrets wherever they stand in a name, without the marks between them.
    const PARTS: [&str; 17] = [
        "password",
        "passwd",
        "passphrase",
        "passcode",
        "pwd",
        "secret",
        "token",
        "authorization",
        "cookie",
        "apikey",
        "privatekey",
        "accesskey",
        "session",
        "credential",
        "jwt",
        "cardnumber",
        "recoverycode",
    ];
    /// Shorter ones, which have to be a word by themselves.
    const WORDS: [&str; 16] = [
        "pass",
        "pin",
        "otp",
        "totp",
        "mfa",
        "cvv",
        "cvv2",
        "cvc",
        "csc",
        "sid",
        "ssn",
        "iban",
        "sig",
        "signature",
        "bearer",
        "pw",
    ];
    let letters: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if PARTS.iter().any(|part| letters.contains(part)) {
        return true;
    }
    // `userPin`, `user_pin`, `ARGS:user.pin`.
    let mut word = String::new();
    let mut was_lower = false;
    for c in name.chars().chain(['.']) {
        if !c.is_alphanumeric() || (c.is_uppercase() && was_lower) {
            if WORDS.contains(&word.as_str()) {
                return true;
            }
            word.clear();
        }
        was_lower = c.is_lowercase();
        word.extend(Some(c).filter(|c| c.is_alphanumeric()).into_iter().flat_map(char::to_lowercase));
    }
    false
}

/// Where secrets stand in a text, whatever its format is: behind a name and a mark (`password=`, `"password":`,
/// `<password>`), up to where the value ends.
fn secrets(text: &[u8]) -> Vec<Range<usize>> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) =
        text.get(at..).and_then(|rest| rest.iter().position(is_name)).map(|skip| at + skip)
    {
        let rest = text.get(start..).unwrap_or_default();
        let end = start + rest.iter().position(|byte| !is_name(byte)).unwrap_or(rest.len());
        at = end;
        let name = text.get(start..end).unwrap_or_default();
        if std::str::from_utf8(name).is_ok_and(is_secret)
            && let Some(value) = value_behind(text, end)
        {
            at = value.end;
            found.extend(Some(value).filter(|value| !value.is_empty()));
        }
    }
    found
}

/// Where the value stands that a name ending at `at` names.
fn value_behind(text: &[u8], at: usize) -> Option<Range<usize>> {
    let skip = |at: usize, set: &[u8]| {
        let rest = text.get(at..).unwrap_or_default();
        at + rest.iter().position(|byte| !set.contains(byte)).unwrap_or(rest.len())
    };
    let until = |at: usize, set: &[u8]| {
        let rest = text.get(at..).unwrap_or_default();
        at + rest.iter().position(|byte| set.contains(byte)).unwrap_or(rest.len())
    };
    // The end of a name in quotes or brackets, with the quotes escaped or not: `user[password]`.
    let mark = skip(skip(at, b"\\\"'])"), b" \t");
    match text.get(mark)? {
        b'>' => Some(mark + 1..until(mark + 1, b"<")),
        sign @ (b'=' | b':') => {
            let open = skip(mark + 1, b" \t\r\n\\");
            let is_escaped = text.get(open.checked_sub(1)?) == Some(&b'\\');
            match text.get(open)? {
                quote @ (b'"' | b'\'') => {
                    let mut end = open + 1;
                    loop {
                        end = until(end, &[*quote]);
                        let before = text.get(open + 1..end).unwrap_or_default();
                        let escapes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
                        // In escaped quotes the closing one has as many backslashes as the opening one.
                        let is_end = if is_escaped { escapes == 1 } else { escapes % 2 == 0 };
                        if is_end || end >= text.len() {
                            let escaped = usize::from(is_escaped && end < text.len());
                            return Some(open + 1..end - escaped);
                        }
                        end += 1;
                    }
                }
                // A list or an object of them.
                b'[' | b'{' => Some(open..until(open, b"]}")),
                _ if *sign == b':' => Some(open..until(open, b",;}]\r\n")),
                _ => Some(open..until(open, b"&;, \t\r\n\"'<>)]}")),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_the_part_and_what_is_around_it() {
        let long = format!("{}<x>{}", "a".repeat(500), "b".repeat(500));
        for (value, part, shown) in [
            ("short", 0..0, "short".to_owned()),
            ("tab\tquote'", 0..0, "tab\\tquote'".to_owned()),
            (&long, 0..0, format!("{}…", "a".repeat(120))),
            (&long, 500..503, format!("…{}<x>{}…", "a".repeat(30), "b".repeat(87))),
            (&long, 1000..1003, format!("…{}", "b".repeat(120))),
            (&long, 5000..6000, format!("…{}", "b".repeat(120))),
        ] {
            assert_eq!(excerpt_around(value.as_bytes(), part.clone()), shown, "{part:?}");
        }
    }

    #[test]
    fn a_line_shows_urls_without_their_secrets() {
        for (query, shown) in [
            ("q=1&page=2", "q=1&page=2"),
            ("token=abc&q=1", "token=[redacted]&q=1"),
            ("q=1;pass%77ord=x", "q=1&pass%77ord=[redacted]"),
            ("code=4/0Ab&state", "code=[redacted]&state"),
            ("X-Amz-Signature=ff&a", "X-Amz-Signature=[redacted]&a"),
            ("", ""),
        ] {
            assert_eq!(shown_query(query.as_bytes()), shown, "{query}");
        }
        assert_eq!(shown_query(&[b'a'; 5000]).chars().count(), 513);
        for (url, shown) in [
            ("https://app.example/a?q=1#token", "https://app.example/a?q=1"),
            ("https://me:secret@app.example/a@b?token=x", "https://app.example/a@b?token=[redacted]"),
            ("/a?b=c", "/a?b=c"),
            ("about:blank", "about:blank"),
            ("", ""),
        ] {
            assert_eq!(shown_reference(url.as_bytes()), shown, "{url}");
        }
    }

    #[test]
    fn names_of_secrets_are_known_by_their_words() {
        for name in [
            "user_password",
            "X-Api-Key",
            "apiKey",
            "pass",
            "userPass",
            "passphrase",
            "pin",
            "card.pin",
            "otp",
            "cvv",
            "jwt",
            "private_key",
            "privateKey",
            "PHPSESSID_session",
            "sid",
            "connect.sid",
            "ARGS:json.user.pass",
            "query.access_token",
            "/cards/0/cvc",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "name",
            "shipping",
            "passenger",
            "compass",
            "opinion",
            "side",
            "residence",
            "pinned",
            "design",
            "spin",
            "assignment",
            "laptop",
            "author",
            "key",
            "ARGS:q",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn a_secret_is_found_behind_its_name_in_any_format() {
        for (text, shown) in [
            (r#"{"password":"Zs3","a":"b"}"#, r#"{"password":"[redacted]","a":"b"}"#),
            (r#"{"password" : "Z\"s3", "a":1}"#, r#"{"password" : "[redacted]", "a":1}"#),
            (
                r#"{"query":"{login(password:\"Zs3\",u:\"x\")}"}"#,
                r#"{"query":"{login(password:\"[redacted]\",u:\"x\")}"}"#,
            ),
            (r#"{"pin":1234,"a":1}"#, r#"{"pin":[redacted],"a":1}"#),
            (r#"{"passwords":["Zs3"],"a":1}"#, r#"{"passwords":[redacted]],"a":1}"#),
            ("mutation{login(password: \"Zs3\")}", "mutation{login(password: \"[redacted]\")}"),
            ("1;password=Zs3&a=b", "1;password=[redacted]&a=b"),
            ("user[password]=Zs3&a=b", "user[password]=[redacted]&a=b"),
            ("<u><password>Zs3</password></u>", "<u><password>[redacted]</password></u>"),
            ("<u password='Zs3' a='b'/>", "<u password='[redacted]' a='b'/>"),
            ("https://a.example/?access_token=Zs3&x=1", "https://a.example/?access_token=[redacted]&x=1"),
            ("Authorization: Bearer Zs3\r\nHost: a", "Authorization: [redacted]\r\nHost: a"),
            ("password: Zs3\nname: x", "password: [redacted]\nname: x"),
            (r#"{"password":"Zs3"#, r#"{"password":"[redacted]"#),
            ("your password is too short", "your password is too short"),
            ("shipping=fast&name=x", "shipping=fast&name=x"),
            ("password=", "password="),
            ("password", "password"),
        ] {
            assert_eq!(without_secrets(text), shown);
            let long = format!("{}{text}", "-".repeat(500));
            let around = excerpt_around(long.as_bytes(), long.len()..long.len());
            assert_eq!(around.contains("Zs3"), shown.contains("Zs3"), "{around}");
        }
        // The name of what is shown stands before what is shown.
        let far = format!("{{\"password\":\"{}' OR 1=1 --\"}}", "Zs3".repeat(200));
        let end = far.len() - 2;
        assert!(!excerpt_around(far.as_bytes(), end - 10..end).contains("Zs3"));
    }
}
