//! Scripts without markup: for values that land in one, in a handler, or in a template that evaluates.

use crate::bytes::Set;
use crate::{Confidence, Found, Text, marks};

/// Functions that show that a script runs, or run a text as one.
static RUN: Set = Set::new(&[
    "alert",
    "prompt",
    "confirm",
    "eval",
    "settimeout",
    "setinterval",
    "setimmediate",
    "execscript",
    "function",
    "fetch",
    "atob",
    "import",
]);

/// Words of which one is in everything that is told without a call of these, where nothing is in square brackets.
static TOLD: Set = Set::new(&[
    "document",
    "window",
    "location",
    "storage",
    "fromcharcode",
    "innerhtml",
    "image",
    "xmlhttp",
    "getscript",
    "onerror",
    "constructor",
]);

/// Judges a value.
pub(super) fn detect(text: &Text<'_>) -> Found {
    const CODE: u64 = marks::of(b"(`=['\"");
    let (value, is_prose) = (text.bytes, || text.is_prose());
    let scheme = script_url(value);
    if scheme.is_some() {
        return scheme;
    }
    let lists = || value.contains(&b'[');
    let reaches = || value.iter().any(|b| matches!(b, b'.' | b'=')) && TOLD.occurs(value);
    if !text.any(CODE) || !(RUN.occurs(value) || lists() || reaches()) {
        return None;
    }
    let lower = value.to_ascii_lowercase();
    let squeezed = crate::bytes::squeezed(&lower);
    let found = calls(&lower)
        .or_else(|| reads(&squeezed, &lower))
        .or_else(|| tagged(&squeezed))
        .or_else(|| spelled(&squeezed))?;
    Some((if is_prose() { Confidence::Low } else { found.0 }, found.1))
}

/// Whether a text that stands in a handler looks like a script: a call, an assignment, a template.
pub(super) fn looks_like(content: &[u8]) -> bool {
    let content = content.trim_ascii_start();
    let end = content.iter().position(|b| *b == b'>').unwrap_or(content.len()).min(400);
    content[..end].iter().any(|b| matches!(b, b'(' | b'`' | b'=' | b'[' | b'\\' | b'&' | b';' | b'.' | b':'))
        || content.first().is_some_and(u8::is_ascii_alphabetic)
            && end > 0
            && content[..end].iter().all(u8::is_ascii_alphanumeric)
}

/// `javascript:...` as a whole.
fn script_url(value: &[u8]) -> Found {
    let first = value.iter().find(|b| **b > 0x20)?;
    if !matches!(first | 0x20, b'j' | b'v' | b'l') {
        return None;
    }
    let squeezed: Vec<u8> =
        value.iter().take(64).filter(|b| **b > 0x20).map(u8::to_ascii_lowercase).collect();
    let behind = ["javascript:", "vbscript:", "livescript:"]
        .iter()
        .find_map(|scheme| squeezed.strip_prefix(scheme.as_bytes()))?;
    // `JavaScript: the good parts` is a book.
    let code = behind.iter().any(|b| matches!(b, b'(' | b'`' | b'=' | b'/' | b'[' | b'%' | b'\\'));
    code.then_some((Confidence::High, "a URL that runs a script"))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$')
}

/// `alert(1)`, `` prompt`1` ``, `(confirm)(1)`, `eval.call(`: calls with something in them.
fn calls(lower: &[u8]) -> Found {
    for (at, name) in RUN.each(lower) {
        let before = at.checked_sub(1).map(|at| lower[at]);
        if before.is_some_and(|b| is_name(b) || b == b'-' && at > 1 && lower[at - 2].is_ascii_alphabetic()) {
            continue;
        }
        let behind = &lower[at + name.len()..];
        let shows = ["alert", "prompt", "confirm"].contains(&name);
        // `[1].find(alert)`, `a=alert,a(1)`.
        let handed = before == Some(b'(') && behind.starts_with(b")") && at > 1 && is_name(lower[at - 2])
            || before == Some(b'=')
                && behind.starts_with(b",")
                && (behind.contains(&b'(') || lower.starts_with(b"throw"));
        if shows && handed {
            return Some((Confidence::High, "a function handed over to be called"));
        }
        let behind = behind.trim_ascii_start();
        let behind = match behind {
            [b')' | b']' | b'"' | b'\'', rest @ ..]
                if before.is_some_and(|b| matches!(b, b'(' | b'[' | b'"' | b'\'' | b'=' | b',')) =>
            {
                let rest = rest.trim_ascii_start();
                rest.strip_prefix(b"]").or(rest.strip_prefix(b")")).unwrap_or(rest)
            }
            _ => behind,
        };
        let behind = [&b"?."[..], b".call", b".apply", b".bind"]
            .iter()
            .find_map(|p| behind.strip_prefix(*p))
            .unwrap_or(behind);
        let parted = lower[at + name.len()..].starts_with(b" ");
        let argument = match behind {
            // `Alert (high)` is written, and no code.
            [b'(', rest @ ..]
                if parted
                    && rest.first().is_some_and(u8::is_ascii_alphabetic)
                    && !rest.starts_with(b"document") =>
            {
                continue;
            }
            [b'(', rest @ ..] => rest.trim_ascii_start(),
            [b'`', rest @ ..] if !rest.is_empty() && !parted => rest,
            _ => continue,
        };
        let empty = argument.first().is_none_or(|b| *b == b')');
        // What shows that a script runs needs no argument where nothing else is said.
        let alone = empty && shows && (at == 0 || before.is_some_and(|b| !b.is_ascii_whitespace()));
        let taken = match name {
            "function" => argument.first().is_some_and(|b| matches!(b, b'\'' | b'"' | b'`')),
            "fetch" | "import" | "atob" => {
                argument.first().is_some_and(|b| matches!(b, b'\'' | b'"' | b'`' | b'/'))
            }
            _ => !empty,
        };
        if taken || alone {
            return Some((Confidence::High, "a call that runs or shows a script"));
        }
    }

    None
}

/// `` [].sort.call`${alert}1` ``: a function handed over within a template.
fn tagged(squeezed: &[u8]) -> Found {
    let handed = RUN
        .each(squeezed)
        .any(|(at, name)| squeezed[..at].ends_with(b"${") && squeezed[at + name.len()..].starts_with(b"}"));
    (handed && squeezed.contains(&b'`')).then_some((Confidence::High, "a function handed over to be called"))
}

/// `document.cookie`, `window.location=`, `String.fromCharCode(`.
fn reads(lower: &[u8], written: &[u8]) -> Found {
    static READ: Set = Set::new(&[
        "document.cookie",
        "document.write",
        "document.domain",
        "document.location",
        "document.body",
        "document.forms",
        "document.createelement",
        "document.getelement",
        "document.queryselector",
        "document[",
        "window.location=",
        "window.location.",
        "window[",
        "window.open(",
        "location.href",
        "location.hash",
        "localstorage.",
        "sessionstorage.",
        "string.fromcharcode",
        ".innerhtml",
        "new image(",
        "xmlhttprequest",
        "$.getscript(",
    ]);
    const WORDS: &[&str] = &[
        "top[",
        "self[",
        "parent[",
        "frames[",
        "globalthis[",
        "this[",
        "location=",
        "onerror=",
        "[].constructor",
    ];
    let is_meant = |(at, text): (usize, &str)| {
        let begins = at == 0 || !is_name(lower[at - 1]) || text.starts_with(['.', '[']);
        let ends = text.ends_with(['.', '(', '=', '['])
            || text.ends_with("element")
            || text.ends_with("selector")
            || lower.get(at + text.len()).is_none_or(|b| !is_name(*b));
        begins && ends
    };
    let does = lower.iter().any(|b| matches!(b, b'(' | b'=' | b'\'' | b'"' | b'`' | b'+' | b';' | b')'));
    if READ.each(lower).any(is_meant) {
        let confidence = if does || lower.len() < 40 { Confidence::High } else { Confidence::Medium };
        return Some((confidence, "a script that reads or changes the page"));
    }
    let lower = written;
    let quoted = |text: &&&str| {
        memchr::memmem::find(lower, text.as_bytes()).is_some_and(|at| {
            (at == 0 || !is_name(lower[at - 1]))
                && lower
                    .get(at + text.len())
                    .is_some_and(|b| matches!(b, b'\'' | b'"' | b'`' | b'/' | b'8' | b'\\' | b'a'..=b'z'))
        })
    };
    WORDS
        .iter()
        .find(quoted)
        .filter(|_| {
            lower.contains(&b'(') || lower.contains(&b'\'') || lower.contains(&b'`') || lower.contains(&b'"')
        })
        .map(|_| (Confidence::High, "a script that reads or changes the page"))
}

/// Code that is spelled so that it has no letters: `[][(![]+[])[+[]]`.
fn spelled(lower: &[u8]) -> Found {
    const SHORTEST: usize = 24;
    let marks =
        lower.iter().filter(|b| matches!(b, b'[' | b']' | b'(' | b')' | b'!' | b'+' | b'{' | b'}')).count();
    let odd = lower.len() >= SHORTEST && marks * 10 >= lower.len() * 8;
    let constructs = memchr::memmem::find(lower, b"constructor(").is_some()
        || memchr::memmem::find(lower, b"constructor`").is_some()
        || memchr::memmem::find(lower, b".constructor.constructor").is_some();
    let constructs = constructs && !lower.contains(&b' ');
    (odd && memchr::memmem::find(lower, b"[]").is_some() || constructs)
        .then_some((Confidence::High, "a script spelled so that it is not recognised"))
}
