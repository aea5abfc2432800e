//! Templates: an expression between the marks of a template engine that does more than name a value.

use crate::bytes::{Set, has};
use crate::{Confidence, Found, Text, marks};

/// What opens an expression, and what closes it.
const MARKS: &[(&str, &str)] = &[
    ("{{", "}}"),
    ("${", "}"),
    ("#{", "}"),
    ("<%", "%>"),
    ("{%", "%}"),
    ("*{", "}"),
    ("%{", "}"),
    ("@{", "}"),
    ("[[", "]]"),
    ("@(", ")"),
    ("{{=", "}}"),
    ("{=", "}"),
    ("$!{", "}"),
];

/// Objects and methods through which templates get at what runs them.
static OBJECTS: Set = Set::new(&[
    "__class__",
    "__mro__",
    "__subclasses__",
    "__globals__",
    "__builtins__",
    "__init__",
    "__base__",
    "__import__",
    "__getitem__",
    "__proto__",
    "__dict__",
    "getclass",
    "forname(",
    "getruntime",
    "java.lang",
    "java.util",
    "javax.",
    "org.apache",
    "org.springframework",
    "processbuilder",
    "freemarker",
    "?new(",
    "?api",
    "classloader",
    "constructor",
    "process.mainmodule",
    "process.env",
    "child_process",
    "global.process",
    "require(",
    "lipsum",
    "cycler",
    "joiner",
    "self._",
    "config.",
    "config[",
    "config|",
    "request.application",
    "request|attr",
    "|attr(",
    "_self.env",
    "registerundefinedfiltercallback",
    "getfilter(",
    "|map('",
    "|filter('",
    "|sort('",
    "|reduce('",
    "system(",
    "exec(",
    "popen",
    "passthru",
    "shell_exec",
    "phpinfo",
    "file_get_contents",
    "`id`",
    "%x(",
    "%x[",
    "file.open",
    "file.read",
    "io.popen",
    "kernel",
    "session.",
    "t(java",
    "#_memberaccess",
    "@java",
    "ognl",
    "#context",
    "#request",
    "#rt",
    "rangeerror",
    "app.request",
    "settings.secret",
    "include('",
    "import os",
    "getattr(",
]);

/// Judges one reading.
pub(crate) fn detect(text: &Text<'_>) -> Found {
    let value = text.bytes;
    const CURLY: u64 = marks::of(b"{");
    const OTHERS: u64 = marks::of(b"<#[@");
    let other = || {
        ["<%", "[[", "@(", "<#", "#set", "#foreach", "#evaluate", "#include", "#parse"]
            .iter()
            .any(|open| has(value, open))
    };
    let opens = text.any(CURLY) || text.any(OTHERS) && other();
    if !opens {
        return None;
    }
    let strong = if text.is_prose() { Confidence::Low } else { Confidence::High };
    let lower = value.to_ascii_lowercase();
    for (open, close) in MARKS.iter().copied() {
        let mut rest = &lower[..];
        while let Some(at) = memchr::memmem::find(rest, open.as_bytes()) {
            let behind = &rest[at + open.len()..];
            let Some(end) = memchr::memmem::find(behind, close.as_bytes()) else { break };
            rest = &behind[end + close.len()..];
            let outer = &behind[..end];
            // Of several that are open, the last is closed.
            let inner =
                memchr::memmem::rfind(outer, open.as_bytes()).map_or(outer, |at| &outer[at + open.len()..]);
            if OBJECTS.occurs(outer) {
                return Some((
                    Confidence::High.min(if text.is_prose() { Confidence::Medium } else { Confidence::High }),
                    "an expression that reaches for what runs the template",
                ));
            }
            if calculates(inner, open) || inner.len() < outer.len() && calculates(outer, open) {
                return Some((strong, "an expression that a template engine evaluates"));
            }
        }
    }
    static DIRECTIVES: Set = Set::new(&[
        "#set(",
        "#set (",
        "#foreach(",
        "#evaluate(",
        "#include(",
        "#parse(",
        "<#assign",
        "<#list",
        "<#include",
        "<#import",
        "{php}",
        "{/php}",
        "{math equation",
        "{system(",
        "{exec(",
        "@{system",
        "@(system",
        "${t(",
        "__${",
        "{{#with",
    ]);
    DIRECTIVES
        .first(value)
        .filter(|found| *found != "#include(" || !has(&lower, "#include <"))
        .map(|_| (strong, "a directive of a template engine"))
}

/// Whether an expression calculates or calls: `7*7`, `'a'.join(x)`, `7*'7'`.
fn calculates(inner: &[u8], open: &str) -> bool {
    let text = inner.trim_ascii();
    let text = text.strip_prefix(b"=").or(text.strip_prefix(b"-")).unwrap_or(text).trim_ascii();
    if text.is_empty() || text.len() > 4096 {
        return false;
    }
    // Code in curly brackets is usual where they are only curly.
    let shell = open == "${"
        && text
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'-' | b'.' | b'/' | b'#'));
    if shell
        || (open == "[[" && !text.starts_with(b"$"))
        || (open == "@(" && !text.iter().any(u8::is_ascii_digit))
    {
        return false;
    }
    let arithmetic = text.windows(3).any(|three| {
        three[0].is_ascii_digit()
            && matches!(three[1], b'*' | b'+' | b'-' | b'/' | b'%')
            && (three[2].is_ascii_digit() || three[2] == b'\'' || three[2] == b'"')
    }) || spaced(text);
    let product = text.contains(&b'*')
        && text.iter().any(u8::is_ascii_digit)
        && text
            .iter()
            .all(|b| b.is_ascii_digit() || matches!(b, b'*' | b' ' | b'(' | b')' | b'\'' | b'"' | b'+'));
    let call = text.iter().position(|b| *b == b'(').is_some_and(|at| {
        at > 0 && (text[at - 1].is_ascii_alphanumeric() || text[at - 1] == b'_') && text[at..].contains(&b')')
    });
    let quoted_call = call
        && !text.contains(&b'\n')
        && !text.contains(&b';')
        && text.iter().any(|b| matches!(b, b'\'' | b'"' | b'.'));
    let dump = [
        &b"dump("[..],
        b"debug",
        b"self",
        b"config",
        b"this",
        b"range.constructor",
        b"_self",
        b"app",
        b"settings",
        b"request",
        b"env",
        b".",
        b"$",
        b"@",
    ]
    .contains(&text)
        && open == "{{"
        && !matches!(
            text,
            b"this" | b"." | b"app" | b"env" | b"request" | b"settings" | b"debug" | b"$" | b"@"
        );
    match open {
        "{{" | "${" | "#{" | "*{" | "[[" | "@(" | "{=" | "{{=" | "$!{" => {
            arithmetic || product || quoted_call || dump
        }
        "<%" => arithmetic || product || call,
        "{%" => {
            [&b"import"[..], b"include", b"extends", b"set", b"for", b"debug", b"load", b"print", b"call"]
                .iter()
                .any(|word| text.starts_with(word))
                && (call || quoted_call || text == b"debug" || text.contains(&b'\''))
        }
        "%{" | "@{" => arithmetic || quoted_call,
        _ => arithmetic,
    }
}

/// `7 * 7`.
fn spaced(text: &[u8]) -> bool {
    let squeezed: Vec<u8> = text.iter().copied().filter(|b| *b != b' ').collect();
    let words = text.iter().any(u8::is_ascii_alphabetic);
    !words
        && squeezed.windows(3).any(|three| {
            three[0].is_ascii_digit()
                && matches!(three[1], b'*' | b'+' | b'/' | b'%')
                && three[2].is_ascii_digit()
        })
}
