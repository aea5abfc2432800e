//! Scripts without markup: for values that land in a script, a handler, or a template that is evaluated.

use crate::byte_mask::{ByteMask, any_of};
use crate::bytes::{self, Set, before, compact, cut, find, has, has_any, head, is_one_of, strip_any, tail};
use crate::candidate::{Candidate, Found};
use crate::confidence::Confidence;
use crate::prose::is_sentence;

/// Functions that prove that a script runs, or run a text as one.
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

/// A script without these calls and without square brackets needs one of these.
static KEYWORDS: Set = Set::new(&[
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

/// Objects and properties of the page.
static PAGE_ACCESS: Set = Set::new(&[
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

/// Objects that lead to any function by its name, and assignments that run a script.
const INDIRECT_ACCESS: &[&str] = &[
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

/// Inspects one variant.
pub(super) fn detect(candidate: &Candidate<'_>) -> Found {
    const CODE: ByteMask = any_of(b"(`=['\"");
    let value = candidate.bytes;
    if is_script_url(value) {
        return Some((Confidence::High, "a URL that runs a script"));
    }
    let indexes = || value.contains(&b'[');
    let accesses = || value.iter().any(|b| matches!(b, b'.' | b'=')) && KEYWORDS.occurs(value);
    if !candidate.has_any(CODE) || !(RUN.occurs(value) || indexes() || accesses()) {
        return None;
    }
    let lower = value.to_ascii_lowercase();
    let compact = compact(&lower);
    let (confidence, reason) = calls(&lower)
        .or_else(|| accesses_page(&compact, &lower))
        .or_else(|| tagged_template(&compact))
        .or_else(|| obfuscated(&compact))?;
    let is_quoted = || candidate.said(|_| false).is_some_and(|said| detect(&Candidate::new(&said)).is_none());
    let is_mention = candidate.is_prose() || is_sentence(value, true) || is_quoted();
    Some((if is_mention { Confidence::Low } else { confidence }, reason))
}

/// Whether the content of a handler looks like a script: a call, an assignment, a template, or one word.
pub(super) fn looks_like(content: &[u8]) -> bool {
    let content = content.trim_ascii_start();
    let end = content.iter().position(|b| *b == b'>').unwrap_or(content.len()).min(400);
    let content = head(content, end);
    let is_code = |b: &u8| matches!(b, b'(' | b'`' | b'=' | b'[' | b'\\' | b'&' | b';' | b'.' | b':');
    content.iter().any(is_code)
        || content.first().is_some_and(u8::is_ascii_alphabetic)
            && content.iter().all(u8::is_ascii_alphanumeric)
}

/// `javascript:...`, with anything that code has: "JavaScript: the good parts" is a book.
fn is_script_url(value: &[u8]) -> bool {
    let first = value.iter().find(|b| **b > 0x20).map(|b| b | 0x20);
    if !matches!(first, Some(b'j' | b'v' | b'l')) {
        return false;
    }
    let url: Vec<u8> = value.iter().take(64).filter(|b| **b > 0x20).map(u8::to_ascii_lowercase).collect();
    ["javascript:", "vbscript:", "livescript:"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme.as_bytes()))
        .is_some_and(|code| code.iter().any(|b| matches!(b, b'(' | b'`' | b'=' | b'/' | b'[' | b'%' | b'\\')))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$')
}

/// `alert(1)`, `` prompt`1` ``, `(confirm)(1)`, `eval.call(`: calls with an argument.
fn calls(lower: &[u8]) -> Found {
    RUN.find_all(lower).find_map(|(at, name)| call_at(lower, at, name))
}

/// A call of one of the functions in [`RUN`], found at a position.
fn call_at(lower: &[u8], at: usize, name: &str) -> Found {
    const CALLED: &str = "a call that runs a script or proves that one runs";
    const PASSED: &str = "a function passed to be called";
    let (outer, rest) = cut(lower, at);
    let rest = tail(rest, name.len());
    let is_longer_name = match outer {
        [.., b] if is_name(*b) => true,
        [.., letter, b'-'] => letter.is_ascii_alphabetic(),
        _ => false,
    };
    if is_longer_name {
        return None;
    }
    let proves = ["alert", "prompt", "confirm"].contains(&name);
    // `[1].find(alert)`, `a=alert,a(1)`.
    let is_passed = match outer {
        [.., b, b'('] => is_name(*b) && rest.starts_with(b")"),
        [.., b'='] => rest.starts_with(b",") && (rest.contains(&b'(') || lower.starts_with(b"throw")),
        _ => false,
    };
    if proves && is_passed {
        return Some((Confidence::High, PASSED));
    }
    let is_spaced = rest.starts_with(b" ");
    let argument = match behind_name(outer, rest) {
        // "Alert (high)" is prose.
        [b'(', rest @ ..]
            if is_spaced
                && rest.first().is_some_and(u8::is_ascii_alphabetic)
                && !rest.starts_with(b"document") =>
        {
            return None;
        }
        [b'(', rest @ ..] => rest.trim_ascii_start().first(),
        [b'`', rest @ ..] if !is_spaced => Some(rest.first()?),
        _ => return None,
    };
    let is_empty = argument.is_none_or(|b| *b == b')');
    let is_called = match name {
        "function" => matches!(argument, Some(b'\'' | b'"' | b'`')),
        "eval" => !is_empty && !takes_own_name(rest),
        "fetch" | "import" | "atob" => matches!(argument, Some(b'\'' | b'"' | b'`' | b'/')),
        _ => !is_empty,
    };
    // `;alert()`: needs no argument, unless a sentence stands before it.
    let is_alone = is_empty && proves && outer.last().is_none_or(|b| !b.is_ascii_whitespace());
    (is_called || is_alone).then_some((Confidence::High, CALLED))
}

/// `eval(s)`: an argument that is a name and nothing else. A script that lands in a page can only use the page's own
/// names, and those of attackers are what they can write to from outside.
fn takes_own_name(rest: &[u8]) -> bool {
    const OF_PAGES: &[&str] = &[
        "name",
        "location",
        "top",
        "self",
        "parent",
        "window",
        "document",
        "url",
        "origin",
        "opener",
        "frames",
        "hash",
        "event",
        "status",
        "history",
        "navigator",
        "globalthis",
        "this",
        "arguments",
        "data",
        "e",
    ];
    let Some(argument) = rest.strip_prefix(b"(") else { return false };
    let name = bytes::name(argument);
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && matches!(tail(argument, name.len()), [b')'] | [b')', b' ' | b'\n' | b'\r', ..])
        && !is_one_of(name, OF_PAGES)
}

/// What stands behind a function's name, without what changes nothing about the call: `(alert)(1)`, `alert?.(1)`,
/// `alert.call(1)`.
fn behind_name<'v>(outer: &[u8], rest: &'v [u8]) -> &'v [u8] {
    let rest = rest.trim_ascii_start();
    let rest = match (outer.last(), rest) {
        (Some(b'(' | b'[' | b'"' | b'\'' | b'=' | b','), [b')' | b']' | b'"' | b'\'', rest @ ..]) => {
            strip_any(rest.trim_ascii_start(), &[b"]", b")"])
        }
        _ => rest,
    };
    strip_any(rest, &[b"?.", b".call", b".apply", b".bind"])
}

/// `` [].sort.call`${alert}1` ``: a function passed in a tagged template.
fn tagged_template(compact: &[u8]) -> Found {
    let is_passed = |(at, name): (usize, &str)| {
        let (outer, rest) = cut(compact, at);
        outer.ends_with(b"${") && tail(rest, name.len()).starts_with(b"}")
    };
    (RUN.find_all(compact).any(is_passed) && compact.contains(&b'`'))
        .then_some((Confidence::High, "a function passed to be called"))
}

/// `document.cookie`, `window.location=`, `String.fromCharCode(`.
fn accesses_page(compact: &[u8], lower: &[u8]) -> Found {
    const REASON: &str = "a script that reads or changes the page";
    let is_access = |(at, text): (usize, &str)| {
        let begins = text.starts_with(['.', '[']) || before(compact, at).is_none_or(|b| !is_name(b));
        let ends = text.ends_with(['.', '(', '=', '['])
            || text.ends_with("element")
            || text.ends_with("selector")
            || compact.get(at + text.len()).is_none_or(|b| !is_name(*b));
        begins && ends
    };
    if PAGE_ACCESS.find_all(compact).any(is_access) {
        let is_code = |b: &u8| matches!(b, b'(' | b'=' | b'\'' | b'"' | b'`' | b'+' | b';' | b')');
        let is_certain = compact.len() < 40 || compact.iter().any(is_code);
        return Some((if is_certain { Confidence::High } else { Confidence::Medium }, REASON));
    }
    let is_indirect = |text: &&str| {
        find(lower, text).is_some_and(|at| {
            let argument = lower.get(at + text.len());
            before(lower, at).is_none_or(|b| !is_name(b))
                && matches!(argument, Some(b'\'' | b'"' | b'`' | b'/' | b'8' | b'\\' | b'a'..=b'z'))
        })
    };
    (INDIRECT_ACCESS.iter().any(is_indirect) && has_any(lower, &["(", "'", "`", "\""]))
        .then_some((Confidence::High, REASON))
}

/// Code spelled without letters, `[][(![]+[])[+[]]`, or through constructors.
fn obfuscated(compact: &[u8]) -> Found {
    const MIN_LENGTH: usize = 24;
    let is_mark = |b: &&u8| matches!(b, b'[' | b']' | b'(' | b')' | b'!' | b'+' | b'{' | b'}');
    let is_unlettered = compact.len() >= MIN_LENGTH
        && compact.iter().filter(is_mark).count() * 10 >= compact.len() * 8
        && has(compact, "[]");
    let constructs = has_any(compact, &["constructor(", "constructor`", ".constructor.constructor"])
        && !compact.contains(&b' ');
    (is_unlettered || constructs).then_some((Confidence::High, "an obfuscated script"))
}

#[cfg(test)]
mod tests {
    use crate::Class::Html;
    use crate::Confidence::*;
    use crate::testing::{finds, passes};

    #[test]
    fn scripts_without_markup_are_found() {
        finds(
            Html,
            High,
            &[
                "javascript:alert(1)",
                "  JavaScript:alert(1)",
                "alert(1)",
                "prompt`1`",
                "(confirm)(1)",
                "window['alert'](1)",
                "eval.call(null, 'x')",
                "[1].find(alert)",
                "a=alert,a(1)",
                "setTimeout('x()')",
                "Function('x')()",
                "fetch('//evil.test')",
                "x=document.cookie",
                "location='//evil.test'",
                "top[\"al\"+\"ert\"](1)",
                "String.fromCharCode(88)",
                "[].sort.call`${alert}1`",
                "[][(![]+[])[+[]]+([![]]+[][[]])[+!+[]]]",
                "[].constructor.constructor('x')()",
                "eval(name)",
                "x=eval(top.x)",
                "eval(s)//",
                "eval(x);alert(1)",
                "alert(1) // it is slow",
                "it is ${alert(1)}",
                "it is'-alert(1)-'",
                "it is '-alert(1)-' a",
                "it is ('-alert(1)-')",
                "return alert(1) in it",
                "look at x`-alert(1)-`",
            ],
        );
        finds(Html, Low, &["why does alert(1) show a window", "look at `alert(1)`"]);
        finds(Html, High, &["look at `<script>alert(1)</script>`"]);
    }

    #[test]
    fn honest_neighbours_pass() {
        passes(
            Html,
            &[
                "JavaScript: the good parts",
                "alert (high)",
                "call alert() to show it",
                "fetch(url)",
                "function(x)",
                "red-alert(1)",
                "my_prompt(1)",
                "import data from the file",
                "the document. Cookie recipes",
                "[1, 2, 3]",
                "location = home",
                "x = eval(s)",
                "eval(s)",
            ],
        );
    }

    #[test]
    fn handlers_look_like_scripts() {
        for (content, expected) in [
            ("alert(1)", true),
            ("x=1", true),
            ("word", true),
            ("two words", false),
            ("", false),
            (">x()", false),
        ] {
            assert_eq!(super::looks_like(content.as_bytes()), expected, "{content}");
        }
    }
}
