//! Serialised objects of language runtimes, whose deserialisation may run code.

use crate::byte_mask::{ByteMask, any_of};
use crate::bytes::{Set, before, cut, has_any, tail};
use crate::candidate::{Candidate, Found};
use crate::confidence::Confidence;

/// Types that deserialisers create by name, and gadget classes.
static TYPES: Set = Set::new(&[
    "!!python/",
    "!!javax.",
    "!!java.",
    "!!com.",
    "!!org.",
    "!ruby/",
    "!!ruby/",
    "\"$type\":\"system.",
    "\"$type\": \"system.",
    "java.lang.processbuilder",
    "java.lang.runtime",
    "java.beans.eventhandler",
    "com.sun.rowset",
    "com.sun.org.apache",
    "org.apache.commons.collections",
    "org.springframework.context.support",
    "javax.naming",
    "javax.script.scriptengine",
    "_$$nd_func$$_",
    "system.windows.data.objectdataprovider",
    "system.diagnostics.process",
    "typeconfusedelegate",
    "windowsidentity",
    "\"py/object\"",
    "\"py/reduce\"",
    "ysoserial",
    "\"@type\":\"",
]);

/// How objects begin: as bytes, in Base64 and in hexadecimal digits.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"rO0AB", "a serialised Java object"),
    (&[0xac, 0xed, 0, 5], "a serialised Java object"),
    (b"aced0005", "a serialised Java object"),
    (b"ACED0005", "a serialised Java object"),
    (b"AAEAAAD/////", "a serialised .NET object"),
    (b"/wEy", "a serialised .NET object"),
    (b"BAhvO", "a serialised Ruby object"),
    (&[4, 8, b'o', b':'], "a serialised Ruby object"),
    (b"gASV", "a pickled Python object"),
    (&[0x80, 4, 0x95], "a pickled Python object"),
    (b"KGRwM", "a pickled Python object"),
];

/// Modules as Python's pickle protocol 0 names them.
const PICKLED_MODULES: &[&str] =
    &["cos\n", "cposix\n", "csubprocess\n", "c__builtin__\n", "cbuiltins\n", "ccommands\n", "csys\n"];

/// Whether a value begins like a serialised object.
pub(crate) fn begins(value: &[u8]) -> bool {
    BEGINNINGS.iter().any(|(beginning, _)| value.starts_with(beginning))
}

/// Inspects one variant.
pub(crate) fn detect(candidate: &Candidate<'_>) -> Found {
    let value = candidate.bytes;
    let high = |reason: &'static str| Some((Confidence::High, reason));
    let trimmed = value.trim_ascii_start();
    if let Some((_, reason)) = BEGINNINGS.iter().find(|(beginning, _)| trimmed.starts_with(beginning)) {
        return high(reason);
    }
    if php(value) {
        return high("a serialised PHP object");
    }
    let pickled = (trimmed.starts_with(b"c") || trimmed.starts_with(b"("))
        && value.contains(&b'\n')
        && has_any(value, PICKLED_MODULES)
        && has_any(value, &["\nR", "(S'", "tR"]);
    if pickled {
        return high("a pickled Python object");
    }
    const TYPED: ByteMask = any_of(b"!$\"<{[(");
    if !candidate.has_any(TYPED) || candidate.is_prose() {
        return None;
    }
    let lower = value.to_ascii_lowercase();
    TYPES
        .first(&lower)
        .filter(|found| {
            *found != "\"@type\":\""
                || has_any(&lower, &["\"@type\":\"com.", "\"@type\":\"java", "\"@type\":\"org."])
        })
        .filter(|found| {
            !found.starts_with("java.lang") && *found != "system.diagnostics.process"
                || lower.iter().any(|b| matches!(b, b'<' | b'{' | b'[' | b'('))
        })
        .map(|_| (Confidence::High, "an object of a type that runs code when deserialised"))
}

/// `O:8:"stdClass":1:{`, `C:11:"ArrayObject":37:{`.
fn php(value: &[u8]) -> bool {
    /// How far behind the class name the object begins.
    const MAX_CLASS_NAME: usize = 512;
    memchr::memchr_iter(b':', value).any(|colon| {
        let is_kind = matches!(before(value, colon), Some(b'O' | b'C' | b'o' | b'E'));
        let begins = before(value, colon.saturating_sub(1)).is_none_or(|b| !b.is_ascii_alphanumeric());
        if !is_kind || !begins {
            return false;
        }
        let rest = tail(value, colon + 1);
        let rest = rest.strip_prefix(b"+").unwrap_or(rest);
        let (digits, rest) = cut(rest, rest.iter().take_while(|b| b.is_ascii_digit()).count());
        !digits.is_empty() && rest.starts_with(b":\"") && rest.iter().take(MAX_CLASS_NAME).any(|b| *b == b'{')
    })
}

#[cfg(test)]
mod tests {
    use crate::Class::Serialized;
    use crate::Confidence::*;
    use crate::testing::{finds, passes};

    #[test]
    fn attacks_are_found() {
        finds(
            Serialized,
            High,
            &[
                "rO0ABXNyABFq",
                "aced000573720011",
                "AAEAAAD/////AQAAAAAAAAA",
                "O:8:\"stdClass\":1:{s:1:\"a\";i:1;}",
                "a:1:{i:0;O:+3:\"Foo\":0:{}}",
                "cos\nsystem\n(S'id'\ntR.",
                "gASVIQAAAAAAAAA",
                "!!python/object/apply:os.system [id]",
                "{\"$type\":\"System.Windows.X\"}",
                "{\"@type\":\"com.sun.rowset.JdbcRowSetImpl\"}",
                "_$$ND_FUNC$$_function(){}()",
                "--- !ruby/object:Gem::Installer\ni: x",
            ],
        );
    }

    #[test]
    fn honest_neighbours_pass() {
        passes(
            Serialized,
            &[
                "eyJhbGciOiJIUzI1NiJ9.e30.x",
                "{\"@type\":\"Person\"}",
                "java.lang.Runtime is a class",
                "TO:DO: \"x\" {y}",
                "co:5:7",
                "iVBORw0KGgo",
                "!important",
            ],
        );
    }
}
