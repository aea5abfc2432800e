//! LDAP filter (RFC 4515) and XPath injection: a value that closes the condition it stands in and adds its own.

use crate::byte_mask::{ByteMask, any_of};
use crate::bytes::{Set, cut, has, has_any, is_one_of, strip_any, tail};
use crate::candidate::{Candidate, Found};
use crate::confidence::Confidence;

/// Inspects one variant.
pub(crate) fn detect(candidate: &Candidate<'_>) -> Found {
    let value = candidate.bytes;
    const BRACKETS: ByteMask = any_of(b"()[");
    let steps = value.starts_with(b"//") || value.starts_with(b"/*") || has(value, "::");
    if !(candidate.has_any(BRACKETS) || steps) || candidate.is_prose() {
        return None;
    }
    filter(value).or_else(|| xpath(candidate))
}

/// `*)(uid=*))(|(uid=*`: a condition is closed and another opened.
fn filter(value: &[u8]) -> Found {
    let high = Some((Confidence::High, "LDAP filter conditions"));
    for (at, byte) in value.iter().enumerate() {
        if !matches!(byte, b')' | b'(' | b'*') {
            continue;
        }
        let rest = match (byte, tail(value, at + 1).trim_ascii_start()) {
            (b'*', [b')', rest @ ..])
            | (b')', [b'(', rest @ ..])
            | (b'(', [b'&' | b'|' | b'!', rest @ ..]) => rest,
            _ => continue,
        };
        let rest = strip_any(rest.trim_ascii_start(), &[b"("]);
        let rest = strip_any(rest, &[b"&", b"|", b"!"]);
        let rest = strip_any(rest, &[b"("]);
        if is_condition(rest) {
            return high;
        }
    }
    let trimmed = value.trim_ascii();
    let whole =
        trimmed.strip_prefix(b"(").is_some_and(is_condition) && trimmed.ends_with(b")") && has(trimmed, "=*");
    // The rest of the application's filter is cut off, or made part of an own condition.
    const CUTS: &[&str] =
        &["*)(&", "*))%00", "*)(|", ")(&)", ")(|)", "*()|", "*(|(", "*)(*", "admin*)(", "*))\0"];
    let is_cut = (has(trimmed, "*") || has(trimmed, ")(")) && has_any(trimmed, CUTS);
    if whole || is_cut { high } else { None }
}

/// `cn=*`, `objectClass>=1`: an attribute and a comparison. Calls with named arguments look alike, except for the names.
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
    let (name, rest) = cut(text, length);
    let comparison = strip_any(rest, &[b"~", b">", b"<", b":"]);
    let Some(argument) = comparison.strip_prefix(b"=") else { return false };
    let known = is_one_of(name, ATTRIBUTES);
    !name.is_empty()
        && (known || argument.starts_with(b"*") || name.iter().all(u8::is_ascii_digit))
        && !argument.starts_with(b"=")
}

/// XPath steps and functions, alone or after a closed string.
fn xpath(candidate: &Candidate<'_>) -> Found {
    let value = candidate.bytes;
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
    const JOINS: ByteMask = any_of(b"|]");
    let steps = value.starts_with(b"//") || value.starts_with(b"/*");
    let calls = CALLS.occurs(value);
    if !(calls || steps || candidate.has_any(JOINS)) {
        return None;
    }
    let lower = value.to_ascii_lowercase();
    let call = calls && lower.iter().any(|b| matches!(b, b'\'' | b'"' | b'=' | b'/' | b'|' | b'['));
    let joined = has_any(&lower, &["']|//", "'] | //", "\"]|//", "|//*[", "//*|//*", "']/..", "x']|"]);
    let steps = steps && has_any(&lower, &["[@", "//*[", "[position()", "/text()", "[1]/"]);
    (call || joined || steps).then_some((Confidence::High, "an XPath query"))
}

#[cfg(test)]
mod tests {
    use crate::Class::Ldap;
    use crate::Confidence::*;
    use crate::testing::{finds, passes};

    #[test]
    fn attacks_are_found() {
        finds(
            Ldap,
            High,
            &[
                "*)(uid=*))(|(uid=*",
                "admin*)(|(password=*",
                "x)(&)",
                "*))%00",
                "(cn=*)",
                "*)(objectClass>=1",
                "' or count(/*)=1 or '",
                "']|//*|//*['",
                "substring(name(/*),1,1)='a'",
                "//user[@id=1]",
                "x' or ancestor::node()='",
            ],
        );
    }

    #[test]
    fn honest_neighbours_pass() {
        passes(
            Ldap,
            &[
                "+49 (0) 30 1234",
                "(a) and (b)",
                "f(x, user=y)",
                "*.txt",
                "**bold** (note)",
                "[link](https://example.com)",
                "count(items)",
                "smile :)(: wink",
            ],
        );
    }
}
