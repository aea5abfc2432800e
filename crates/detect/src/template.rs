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
    ("[(", ")]"),
    ("~{", "}"),
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
    "request.environ",
    "request[",
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
    "request.args",
    "request.form",
    "request.headers",
    "request.cookies",
    "app.debug",
    "signer.key",
    "::writefile(",
    "open3",
]);

/// Judges one reading.
pub(crate) fn detect(text: &Text<'_>) -> Found {
    let value = text.bytes;
    const CURLY: u64 = marks::of(b"{");
    const OTHERS: u64 = marks::of(b"<#[@");
    let other = || {
        ["<%", "[[", "[(", "[#", "@(", "<#", "#set", "#foreach", "#evaluate", "#include", "#parse"]
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
            let squeezed = crate::bytes::squeezed(outer);
            if OBJECTS.occurs(outer) || OBJECTS.occurs(&squeezed) {
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
    if is_whole(value) {
        return Some((strong, "an expression that a template engine evaluates"));
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
        "{$smarty.",
        "{fetch file",
        "{include file",
        "{include 'file:",
        "{include \"file:",
        "[#assign",
        "[#list",
        "[#include",
        "${.data_model",
        "${.vars",
        "${.main",
        "${.globals",
        "${.version",
        "${applicationscope",
        "${sessionscope",
        "${requestscope",
        "${pagescope",
        "${facescontext",
        "${initparam",
        "${param.",
        "{smarty",
        "{{define \"",
        "{{template \"",
        "{{html \"",
        "{{call .",
        "|safe}}",
        "{{_context",
        "<%@ page",
        "<%@ include",
        "$eval(",
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
    // Marks that take white space away, or print what is evaluated.
    let text = inner.trim_ascii();
    let text =
        text.strip_prefix(b"=").or(text.strip_prefix(b"-")).or(text.strip_prefix(b"~")).unwrap_or(text);
    let text = text.strip_suffix(b"-").or(text.strip_suffix(b"~")).unwrap_or(text).trim_ascii();
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
    // `'a'|upper`, `''['x']`, `[1,2]|join`: what is known is not put into a placeholder.
    let constant = open == "{{"
        && match text {
            [quote @ (b'\'' | b'"'), rest @ ..] => memchr::memchr(*quote, rest).is_some_and(|end| {
                matches!(
                    rest[end + 1..].trim_ascii_start().first(),
                    Some(b'|' | b'~' | b'[' | b'.' | b'%' | b'+' | b'*')
                )
            }),
            [b'[' | b'(' | b'0'..=b'9', rest @ ..] => rest.iter().any(|b| matches!(b, b'|' | b'~')),
            // Go: `.System "id"`, `printf "%s" .`.
            _ => text.contains(&b'"') && (text.starts_with(b".") || text.starts_with(b"printf ")),
        };
    // FreeMarker: `7?c`.
    let built_in = open == "${" && text.first().is_some_and(u8::is_ascii_digit) && text.contains(&b'?');
    let known_call = open == "{{"
        && [
            "dump",
            "debug",
            "range",
            "lipsum",
            "dict",
            "include",
            "source",
            "constant",
            "attribute",
            "url_for",
        ]
        .iter()
        .any(|name| {
            text.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.trim_ascii_start().starts_with(b"("))
        });
    match open {
        "[(" => {
            product
                || arithmetic
                    && text.iter().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'*' | b'/' | b'%'))
        }
        "{{" if constant || known_call => true,
        "${" if built_in => true,
        "~{" => arithmetic || product,
        "{{" | "${" | "#{" | "*{" | "[[" | "@(" | "{=" | "{{=" | "$!{" => {
            arithmetic || product || quoted_call || dump
        }
        "<%" => arithmetic || product || call,
        "{%" => is_statement(text),
        "%{" | "@{" => arithmetic || quoted_call,
        _ => arithmetic,
    }
}

/// `{7*7}`, `<%! int i; %>`, `<%= @env %>`: a value that is one expression between marks that nothing else is written between.
fn is_whole(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let within = |open: &[u8], close: &[u8]| value.strip_prefix(open)?.strip_suffix(close);
    let calculates = |inner: &[u8]| {
        inner.iter().any(|b| matches!(b, b'*' | b'+'))
            && inner.first().is_some_and(u8::is_ascii_digit)
            && inner.last().is_some_and(u8::is_ascii_digit)
            && inner.iter().all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'+' | b' '))
    };
    within(b"<%", b"%>").is_some_and(|inner| inner.starts_with(b"!") || inner.starts_with(b"= @"))
        || within(b"[[", b"]]").is_some_and(calculates)
        || within(b"{", b"}").is_some_and(calculates)
}

/// `7 * 7`.
fn spaced(text: &[u8]) -> bool {
    let squeezed: Vec<u8> = text.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    let words = text.iter().any(u8::is_ascii_alphabetic);
    !words
        && squeezed.windows(3).any(|three| {
            three[0].is_ascii_digit()
                && matches!(three[1], b'*' | b'+' | b'/' | b'%')
                && three[2].is_ascii_digit()
        })
}

/// `{% set x = 1 %}`, `{% if 1 %}`: a statement that loads, sets or prints, or asks about constants.
fn is_statement(text: &[u8]) -> bool {
    let length = text.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let (word, rest) = (&text[..length], text[length..].trim_ascii_start());
    let is = |words: &[&str]| words.iter().any(|known| known.as_bytes() == word);
    let constant =
        rest.first().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'(' | b'\'' | b'"' | b'['));
    let quoted = text.iter().any(|b| matches!(b, b'(' | b'\'' | b'"'));
    is(&["import", "print", "debug", "load", "macro"])
        || is(&["set"]) && memchr::memchr(b'=', rest).is_some()
        || is(&["if", "elif", "for", "while"]) && (constant || quoted)
        || is(&["include", "extends", "call", "from", "with"]) && quoted
}
