//! LDAP filters (RFC 4515) and XPath: a value that closes its own condition, and adds others.

use crate::bytes::{Set, has};
use crate::{Confidence, Found, Text, marks};

/// Judges one reading.
pub(crate) fn detect(text: &Text<'_>) -> Found {
    let value = text.bytes;
    const BRACKETS: u64 = marks::of(b"()[");
    let steps = value.starts_with(b"//") || value.starts_with(b"/*") || has(value, "::");
    if !(text.any(BRACKETS) || steps) || text.is_prose() {
        return None;
    }
    filter(value).or_else(|| xpath(text))
}

/// `*)(uid=*))(|(uid=*`: behind a closed condition another is opened.
fn filter(value: &[u8]) -> Found {
    let high = Some((Confidence::High, "conditions of a directory's filter"));
    for (at, byte) in value.iter().enumerate() {
        if !matches!(byte, b')' | b'(' | b'*') {
            continue;
        }
        let behind = value[at + 1..].trim_ascii_start();
        let opens = match byte {
            b'*' => behind.strip_prefix(b")"),
            b')' => behind.strip_prefix(b"("),
            _ => behind.strip_prefix(b"&").or(behind.strip_prefix(b"|")).or(behind.strip_prefix(b"!")),
        };
        let Some(rest) = opens else { continue };
        let rest = rest.trim_ascii_start();
        let rest = rest.strip_prefix(b"(").unwrap_or(rest);
        let rest =
            rest.strip_prefix(b"&").or(rest.strip_prefix(b"|")).or(rest.strip_prefix(b"!")).unwrap_or(rest);
        let rest = rest.strip_prefix(b"(").unwrap_or(rest);
        if is_condition(rest) {
            return high;
        }
    }
    let trimmed = value.trim_ascii();
    let whole = trimmed.starts_with(b"(")
        && trimmed.ends_with(b")")
        && is_condition(&trimmed[1..])
        && has(trimmed, "=*");
    let cut = || {
        [&b"*)(&"[..], b"*))%00", b"*)(|", b")(&)", b")(|)", b"*()|", b"*(|(", b"*)(*", b"admin*)(", b"*))\0"]
            .iter()
            .any(|text| memchr::memmem::find(trimmed, text).is_some())
    };
    let cut = (has(trimmed, "*") || has(trimmed, ")(")) && cut();
    (whole || cut).then_some((Confidence::High, "conditions of a directory's filter"))
}

/// `cn=*`, `objectClass>=1`: an attribute's name, and how it is compared. Calls with named arguments look alike, but for
/// what they name.
fn is_condition(text: &[u8]) -> bool {
    const ATTRIBUTES: &[&str] = &[
        "cn",
        "uid",
        "sn",
        "mail",
        "objectclass",
        "userpassword",
        "password",
        "pass",
        "user",
        "username",
        "dn",
        "ou",
        "dc",
        "givenname",
        "member",
        "memberof",
        "samaccountname",
        "description",
        "telephonenumber",
        "department",
        "directory",
        "zone",
    ];
    let length =
        text.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(**b, b'-' | b'.' | b';')).count();
    let (name, rest) = text.split_at(length);
    let compared = rest
        .strip_prefix(b"~")
        .or(rest.strip_prefix(b">"))
        .or(rest.strip_prefix(b"<"))
        .or(rest.strip_prefix(b":"))
        .unwrap_or(rest);
    let Some(argument) = compared.strip_prefix(b"=") else { return false };
    let known = ATTRIBUTES.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
    !name.is_empty()
        && (known || argument.starts_with(b"*") || name.iter().all(u8::is_ascii_digit))
        && !argument.starts_with(b"=")
}

/// Paths and functions of XPath within what closes a string, or by themselves.
fn xpath(text: &Text<'_>) -> Found {
    let value = text.bytes;
    static CALLS: Set = Set::new(&[
        "count(/",
        "count(//",
        "string-length(",
        "name(/",
        "name(//",
        "doc('http",
        "doc(\"http",
        "doc(concat",
        "position()=",
        "node()",
        "text()=",
        "substring(name",
        "substring(//",
        "starts-with(name",
        "ancestor::",
        "following-sibling::",
        "child::node",
        "unparsed-text(",
    ]);
    const JOINS: u64 = marks::of(b"|]");
    let steps = value.starts_with(b"//") || value.starts_with(b"/*");
    let calls = CALLS.occurs(value);
    if !(calls || steps || text.any(JOINS)) {
        return None;
    }
    let lower = value.to_ascii_lowercase();
    let call = calls && lower.iter().any(|b| matches!(b, b'\'' | b'"' | b'=' | b'/' | b'|' | b'['));
    let joined = has(&lower, "']|//")
        || has(&lower, "'] | //")
        || has(&lower, "\"]|//")
        || has(&lower, "|//*[")
        || has(&lower, "//*|//*")
        || has(&lower, "']/..")
        || has(&lower, "x']|");
    let steps = steps
        && (has(&lower, "[@")
            || has(&lower, "//*[")
            || has(&lower, "[position()")
            || has(&lower, "/text()")
            || has(&lower, "[1]/"));
    (call || joined || steps).then_some((Confidence::High, "a query of XPath"))
}
