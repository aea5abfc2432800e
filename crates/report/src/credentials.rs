//! Credentials in texts, shortened.
//!
//! Three forms are known by sight: JSON Web Tokens (`eyJ…`) anywhere, the values of headers that carry credentials at
//! the start of a line or in the quotes of a command, and the tokens and passwords of JSON bodies. What is short already (a tool cut
//! it, or it is a placeholder such as `$TOKEN`) stays.

/// How many characters of a credential are left, so that two can be told apart.
const KEPT: usize = 6;
/// A value of this many characters or fewer is no credential worth hiding, or is shortened already.
const SHORT: usize = 12;

/// What the lines of a text may begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// The name of a header, as in an exchange.
    Headers,
    /// Words: "Cookie: it has no Secure" is a sentence.
    Words,
}

/// The text with its credentials shortened.
pub(crate) fn shortened(text: &str, lines: Lines) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // The quote that stands before a header's name ends its value; at the start of a line, the line's end does.
    let start = if lines == Lines::Headers { '\n' } else { ' ' };
    let mut before = start;
    while let Some(c) = rest.chars().next() {
        if let Some((length, value)) = header(rest, before).or_else(|| member(rest, before)) {
            out.push_str(&value);
            rest = rest.get(length..).unwrap_or_default();
            before = ' ';
            continue;
        }
        if let Some(token) = web_token(rest, before) {
            push_short(&mut out, token);
            rest = rest.get(token.len()..).unwrap_or_default();
            before = 'a';
            continue;
        }
        out.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        before = if c == '\n' { start } else { c };
    }
    out
}

/// A header with a credential: how many bytes it has, and its shortened form.
fn header(rest: &str, before: char) -> Option<(usize, String)> {
    const NAMES: [&str; 6] =
        ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token"];
    if !matches!(before, '\n' | '\'' | '"') {
        return None;
    }
    let line = rest.lines().next()?;
    let line = if before == '\n' { line } else { line.split(before).next()? };
    let (name, value) = line.split_once(':')?;
    let known = NAMES.iter().find(|known| name.trim().eq_ignore_ascii_case(known))?;
    let value_shown = match *known {
        "set-cookie" => match value.split_once(';') {
            Some((cookie, attributes)) => format!("{};{attributes}", cookies(cookie)),
            None => cookies(value),
        },
        "cookie" => value.split(';').map(cookies).collect::<Vec<_>>().join(";"),
        "authorization" | "proxy-authorization" => with_scheme(value),
        _ => padded(value, short),
    };
    Some((line.len(), format!("{name}:{value_shown}")))
}

/// `name=value`, or what stands alone.
fn cookies(cookie: &str) -> String {
    match cookie.split_once('=') {
        Some((name, value)) => format!("{name}={}", short(value)),
        None => padded(cookie, short),
    }
}

/// `Bearer value`, or what stands alone.
fn with_scheme(value: &str) -> String {
    padded(value, |value| match value.split_once(' ') {
        Some((scheme, credential)) => format!("{scheme} {}", short(credential)),
        None => short(value),
    })
}

/// Leaves the spaces around a value.
fn padded(value: &str, shorten: impl Fn(&str) -> String) -> String {
    let space = if value.starts_with(' ') { " " } else { "" };
    format!("{space}{}", shorten(value.trim()))
}

/// A member of JSON with a token or a password: how many bytes, and its shortened form.
fn member(rest: &str, before: char) -> Option<(usize, String)> {
    const NAMES: [&str; 7] =
        ["access_token", "refresh_token", "id_token", "token", "password", "client_secret", "api_key"];
    if before != '"' {
        return None;
    }
    let name = NAMES.iter().find(|name| {
        rest.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name))
            && rest.get(name.len()..).is_some_and(|tail| tail.starts_with('"'))
    })?;
    let after_name = rest.get(name.len() + 1..)?;
    let after_colon = after_name.trim_start().strip_prefix(':')?.trim_start();
    let value = after_colon.strip_prefix('"')?;
    let value = value.get(..end_of_string(value))?;
    let head = rest.len() - after_colon.len() + 1;
    Some((head + value.len(), format!("{}{}", rest.get(..head)?, short(value))))
}

/// Where a JSON string ends: at a quote without a backslash, or at the end of a body that was cut.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    let is_end = |(_, c): &(usize, char)| {
        let is_end = *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        is_end
    };
    text.char_indices().find(is_end).map_or(text.len(), |(at, _)| at)
}

/// A JSON Web Token at the start of the text.
fn web_token(rest: &str, before: char) -> Option<&str> {
    if before.is_ascii_alphanumeric() || !rest.starts_with("eyJ") {
        return None;
    }
    let is_of_a_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=');
    let token = rest.split(|c| !is_of_a_token(c)).next()?;
    (token.len() > SHORT * 2 || (token.contains('.') && token.len() > SHORT)).then_some(token)
}

fn short(value: &str) -> String {
    // A variable of a shell stands for a credential, and is none: `$ALICE_AUTHORIZATION`.
    let is_variable =
        |name: &str| name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    if value.strip_prefix('$').is_some_and(is_variable) {
        return value.to_owned();
    }
    let mut out = String::new();
    push_short(&mut out, value);
    out
}

fn push_short(out: &mut String, value: &str) {
    let is_long = value.chars().nth(SHORT).is_some();
    let is_cut = value.ends_with('…') && value.chars().count() <= 2 * SHORT;
    if is_long && !is_cut {
        out.extend(value.chars().take(KEPT));
        out.push('…');
    } else {
        out.push_str(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";

    #[test]
    fn credentials_are_shortened_and_the_rest_stays() {
        for (text, shown) in [
            (
                format!("GET /\nAuthorization: Bearer {TOKEN}\nhost: a"),
                "GET /\nAuthorization: Bearer eyJhbG…\nhost: a",
            ),
            ("authorization: Basic YWxpY2U6c2VjcmV0LXBhc3N3b3Jk".into(), "authorization: Basic YWxpY2…"),
            ("cookie: sid=0123456789abcdef; theme=dark".into(), "cookie: sid=012345…; theme=dark"),
            (
                "set-cookie: sid=0123456789abcdef; HttpOnly; Path=/".into(),
                "set-cookie: sid=012345…; HttpOnly; Path=/",
            ),
            ("x-api-key: 0123456789abcdef".into(), "x-api-key: 012345…"),
            (
                "curl -H 'authorization: Bearer opaque-token-of-alice' http://a/".into(),
                "curl -H 'authorization: Bearer opaque…' http://a/",
            ),
            (format!("/?jwt={TOKEN}&x=1"), "/?jwt=eyJhbG…&x=1"),
            (
                r#"{"access_token": "0123456789abcdef", "name": "a long name that stays"}"#.into(),
                r#"{"access_token": "012345…", "name": "a long name that stays"}"#,
            ),
            (r#"{"password":"ab\"cdefghijklmn\\"}"#.into(), r#"{"password":"ab\"cd…"}"#),
            (r#"{"password":"cut off in the mid"#.into(), r#"{"password":"cut of…"#),
            ("Authorization: Bearer $TOKEN".into(), "Authorization: Bearer $TOKEN"),
            ("authorization: Bearer eyJhbGciOiJIUzI1N…".into(), "authorization: Bearer eyJhbGciOiJIUzI1N…"),
            ("eyJ is how tokens begin; keyJams do not".into(), "eyJ is how tokens begin; keyJams do not"),
            (
                "the authorization: header is missing altogether".into(),
                "the authorization: header is missing altogether",
            ),
            ("cookie: é=ééééééééééééééééé".into(), "cookie: é=éééééé…"),
        ] {
            assert_eq!(shortened(&text, Lines::Headers), shown);
        }
    }

    #[test]
    fn sentences_that_begin_like_a_header_stay() {
        for text in
            ["Cookie: the session has no Secure attribute", "fine\nAuthorization: it is never checked"]
        {
            assert_eq!(shortened(text, Lines::Words), text);
        }
        assert_eq!(shortened(&format!("sent {TOKEN}"), Lines::Words), "sent eyJhbG…");
    }

    #[test]
    fn shortening_twice_is_shortening_once() {
        let text = format!(
            "Authorization: Bearer {TOKEN}\nCookie: a={TOKEN}; b={TOKEN}\n\n{{\"token\":\"{TOKEN}\"}}"
        );
        let once = shortened(&text, Lines::Headers);
        assert!(!once.contains("c2lnbmF0dXJl"), "{once}");
        assert_eq!(shortened(&once, Lines::Headers), once);
    }
}
