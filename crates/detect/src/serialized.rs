//! Objects as runtimes write them: what is read back may run code while it is read.

use crate::bytes::{Set, has};
use crate::{Confidence, Found, Text, marks};

/// Types that a reader makes by their names.
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

/// How objects begin, as bytes and in what bytes are sent as.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"rO0AB", "a serialised object of Java"),
    (&[0xac, 0xed, 0, 5], "a serialised object of Java"),
    (b"aced0005", "a serialised object of Java"),
    (b"ACED0005", "a serialised object of Java"),
    (b"AAEAAAD/////", "a serialised object of .NET"),
    (b"/wEy", "a serialised object of .NET"),
    (b"BAhvO", "a serialised object of Ruby"),
    (&[4, 8, b'o', b':'], "a serialised object of Ruby"),
    (b"gASV", "a pickled object of Python"),
    (&[0x80, 4, 0x95], "a pickled object of Python"),
    (b"KGRwM", "a pickled object of Python"),
];

/// Whether a value begins as a serialised object does.
pub(crate) fn begins(value: &[u8]) -> bool {
    BEGINNINGS.iter().any(|(beginning, _)| value.starts_with(beginning))
}

/// Judges one reading.
pub(crate) fn detect(text: &Text<'_>) -> Found {
    let value = text.bytes;
    let high = |reason: &'static str| Some((Confidence::High, reason));
    let trimmed = value.trim_ascii_start();
    if let Some((_, reason)) = BEGINNINGS.iter().find(|(beginning, _)| trimmed.starts_with(beginning)) {
        return high(reason);
    }
    if php(value) {
        return high("a serialised object of PHP");
    }
    let pickled = (trimmed.starts_with(b"c") || trimmed.starts_with(b"("))
        && value.contains(&b'\n')
        && ["cos\n", "cposix\n", "csubprocess\n", "c__builtin__\n", "cbuiltins\n", "ccommands\n", "csys\n"]
            .iter()
            .any(|module| has(value, module))
        && (has(value, "\nR") || has(value, "(S'") || has(value, "tR"));
    if pickled {
        return high("a pickled object of Python");
    }
    const TYPED: u64 = marks::of(b"!$\"<{[(");
    if !text.any(TYPED) || text.is_prose() {
        return None;
    }
    let lower = value.to_ascii_lowercase();
    TYPES
        .first(&lower)
        .filter(|found| {
            *found != "\"@type\":\""
                || has(&lower, "\"@type\":\"com.")
                || has(&lower, "\"@type\":\"java")
                || has(&lower, "\"@type\":\"org.")
        })
        .filter(|found| {
            !found.starts_with("java.lang") && *found != "system.diagnostics.process"
                || lower.iter().any(|b| matches!(b, b'<' | b'{' | b'[' | b'('))
        })
        .map(|_| (Confidence::High, "an object of a type that runs code when it is made"))
}

/// `O:8:"stdClass":1:{`, `C:11:"ArrayObject":37:{`.
fn php(value: &[u8]) -> bool {
    /// Of a class's name.
    const LONGEST: usize = 512;
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b':', &value[at..]) {
        let colon = at + offset;
        at = colon + 1;
        let kind = colon.checked_sub(1).map(|before| value[before]);
        let begins = colon < 2 || !value[colon - 2].is_ascii_alphanumeric();
        if !matches!(kind, Some(b'O' | b'C' | b'o' | b'E')) || !begins {
            continue;
        }
        let behind = &value[at..];
        let behind = behind.strip_prefix(b"+").unwrap_or(behind);
        let digits = behind.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits > 0
            && behind[digits..].starts_with(b":\"")
            && behind[digits..].iter().take(LONGEST).any(|b| *b == b'{')
        {
            return true;
        }
    }
    false
}
