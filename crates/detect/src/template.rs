//! Server-side template injection: an expression that does more than name a value.

use crate::byte_mask::{ByteMask, any_of};
use crate::bytes::{Set, before, compact, cut, find, has, has_any, is_one_of, strip_any, tail};
use crate::candidate::{Candidate, Found};
use crate::confidence::Confidence;

/// Opening and closing delimiters of expressions.
const DELIMITERS: &[(&str, &str)] = &[
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

/// Objects and methods through which a template reaches the runtime.
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

/// Directives and scopes that no placeholder needs.
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

/// Inspects one variant.
pub(crate) fn detect(candidate: &Candidate<'_>) -> Found {
    const CURLY: ByteMask = any_of(b"{");
    const OTHERS: ByteMask = any_of(b"<#[@");
    const OTHER_OPENINGS: &[&str] =
        &["<%", "[[", "[(", "[#", "@(", "<#", "#set", "#foreach", "#evaluate", "#include", "#parse"];
    const EVALUATED: &str = "an expression that a template engine evaluates";
    let value = candidate.bytes;
    let opens = candidate.has_any(CURLY) || candidate.has_any(OTHERS) && has_any(value, OTHER_OPENINGS);
    if !opens {
        return None;
    }
    let is_prose = candidate.is_prose();
    let confidence = if is_prose { Confidence::Low } else { Confidence::High };
    let lower = value.to_ascii_lowercase();
    for (open, close) in DELIMITERS.iter().copied() {
        let mut rest = &lower[..];
        while let Some(at) = find(rest, open) {
            let inside = tail(rest, at + open.len());
            let Some(end) = find(inside, close) else { break };
            let (outer, after) = cut(inside, end);
            rest = tail(after, close.len());
            if OBJECTS.occurs(outer) || OBJECTS.occurs(&compact(outer)) {
                let confidence = if is_prose { Confidence::Medium } else { Confidence::High };
                return Some((confidence, "an expression that reaches the template's runtime"));
            }
            // Of several opened expressions, the last is closed first.
            let inner = memchr::memmem::rfind(outer, open.as_bytes())
                .map_or(outer, |at| tail(outer, at + open.len()));
            if calculates(inner, open) || inner.len() < outer.len() && calculates(outer, open) {
                return Some((confidence, EVALUATED));
            }
        }
    }
    if is_whole_expression(value) {
        return Some((confidence, EVALUATED));
    }
    // `#include (` of C's preprocessor is not Velocity's.
    DIRECTIVES
        .first(value)
        .filter(|found| *found != "#include(" || !has(&lower, "#include <"))
        .map(|_| (confidence, "a directive of a template engine"))
}

/// Whether an expression calculates or calls: `7*7`, `'a'.join(x)`, `7*'7'`.
fn calculates(inner: &[u8], open: &str) -> bool {
    /// Longer than any expression worth reading.
    const MAX_LENGTH: usize = 4096;
    // Marks that print the result, or trim whitespace.
    let text = strip_any(inner.trim_ascii(), &[b"=", b"-", b"~"]);
    let text = text.strip_suffix(b"-").or(text.strip_suffix(b"~")).unwrap_or(text).trim_ascii();
    if text.is_empty() || text.len() > MAX_LENGTH || is_other_syntax(text, open) {
        return false;
    }
    match open {
        "[(" => {
            is_product(text)
                || is_arithmetic(text)
                    && text.iter().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'*' | b'/' | b'%'))
        }
        "{{" if is_constant(text) || calls_known_function(text) || is_dump(text) => true,
        // FreeMarker: `7?c`.
        "${" if text.first().is_some_and(u8::is_ascii_digit) && text.contains(&b'?') => true,
        "{{" | "${" | "#{" | "*{" | "[[" | "@(" | "{=" | "{{=" | "$!{" => {
            is_arithmetic(text) || is_product(text) || is_call(text) && is_expression_call(text)
        }
        "<%" => is_arithmetic(text) || is_product(text) || is_call(text),
        "{%" => is_statement(text),
        "%{" | "@{" => is_arithmetic(text) || is_call(text) && is_expression_call(text),
        "~{" => is_arithmetic(text) || is_product(text),
        _ => is_arithmetic(text),
    }
}

/// Whether the delimiters are used by something that is no template: shell variables, wiki links, decorators.
fn is_other_syntax(text: &[u8], open: &str) -> bool {
    let is_variable =
        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'-' | b'.' | b'/' | b'#');
    match open {
        "${" => text.iter().all(is_variable),
        "[[" => !text.starts_with(b"$"),
        "@(" => !text.iter().any(u8::is_ascii_digit),
        _ => false,
    }
}

/// `7*7`, `7 * 7`, `7*'7'`.
fn is_arithmetic(text: &[u8]) -> bool {
    let adjacent = text.windows(3).any(|three| {
        matches!(three, [b'0'..=b'9', b'*' | b'+' | b'-' | b'/' | b'%', b'0'..=b'9' | b'\'' | b'"'])
    });
    adjacent || is_spaced_arithmetic(text)
}

/// `7 * 7`, without any letters.
fn is_spaced_arithmetic(text: &[u8]) -> bool {
    if text.iter().any(u8::is_ascii_alphabetic) {
        return false;
    }
    let compact: Vec<u8> = text.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    compact.windows(3).any(|three| matches!(three, [b'0'..=b'9', b'*' | b'+' | b'/' | b'%', b'0'..=b'9']))
}

fn is_product(text: &[u8]) -> bool {
    text.contains(&b'*')
        && text.iter().any(u8::is_ascii_digit)
        && text
            .iter()
            .all(|b| b.is_ascii_digit() || matches!(b, b'*' | b' ' | b'(' | b')' | b'\'' | b'"' | b'+'))
}

/// Whether a name stands before the first parenthesis.
fn is_call(text: &[u8]) -> bool {
    let Some(at) = text.iter().position(|b| *b == b'(') else { return false };
    before(text, at).is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_') && tail(text, at).contains(&b')')
}

/// Whether a call is one expression, of an object or with a text.
fn is_expression_call(text: &[u8]) -> bool {
    !text.iter().any(|b| matches!(b, b'\n' | b';')) && text.iter().any(|b| matches!(b, b'\'' | b'"' | b'.'))
}

/// Names that show a template's context and that no placeholder has.
fn is_dump(text: &[u8]) -> bool {
    matches!(text, b"dump(" | b"self" | b"config" | b"range.constructor" | b"_self")
}

/// `'a'|upper`, `''['x']`, `[1,2]|join`: nobody puts a constant into a placeholder.
fn is_constant(text: &[u8]) -> bool {
    match text {
        [quote @ (b'\'' | b'"'), rest @ ..] => memchr::memchr(*quote, rest).is_some_and(|end| {
            matches!(
                tail(rest, end + 1).trim_ascii_start(),
                [b'|' | b'~' | b'[' | b'.' | b'%' | b'+' | b'*', ..]
            )
        }),
        [b'[' | b'(' | b'0'..=b'9', rest @ ..] => rest.iter().any(|b| matches!(b, b'|' | b'~')),
        // Go: `.System "id"`, `printf "%s" .`.
        _ => text.contains(&b'"') && (text.starts_with(b".") || text.starts_with(b"printf ")),
    }
}

/// Functions of Jinja and Twig.
fn calls_known_function(text: &[u8]) -> bool {
    const FUNCTIONS: &[&str] = &[
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
    ];
    FUNCTIONS.iter().any(|name| {
        text.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.trim_ascii_start().starts_with(b"("))
    })
}

/// `{7*7}`, `<%! int i; %>`, `<%= @env %>`: a value that is one expression, in delimiters that also have other uses.
fn is_whole_expression(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let within = |open: &[u8], close: &[u8]| value.strip_prefix(open)?.strip_suffix(close);
    let is_calculation = |inner: &[u8]| {
        inner.iter().any(|b| matches!(b, b'*' | b'+'))
            && inner.first().is_some_and(u8::is_ascii_digit)
            && inner.last().is_some_and(u8::is_ascii_digit)
            && inner.iter().all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'+' | b' '))
    };
    within(b"<%", b"%>").is_some_and(|inner| inner.starts_with(b"!") || inner.starts_with(b"= @"))
        || within(b"[[", b"]]").is_some_and(is_calculation)
        || within(b"{", b"}").is_some_and(is_calculation)
}

/// `{% set x = 1 %}`, `{% if 1 %}`: a statement that loads, sets or prints, or tests a constant.
fn is_statement(text: &[u8]) -> bool {
    let (word, rest) = cut(text, text.iter().take_while(|b| b.is_ascii_alphabetic()).count());
    let rest = rest.trim_ascii_start();
    let is = |words: &[&str]| is_one_of(word, words);
    let constant = matches!(rest, [b'0'..=b'9' | b'(' | b'\'' | b'"' | b'[', ..]);
    let quoted = text.iter().any(|b| matches!(b, b'(' | b'\'' | b'"'));
    is(&["import", "print", "debug", "load", "macro"])
        || is(&["set"]) && rest.contains(&b'=')
        || is(&["if", "elif", "for", "while"]) && (constant || quoted)
        || is(&["include", "extends", "call", "from", "with"]) && quoted
}

#[cfg(test)]
mod tests {
    use crate::Class::Template;
    use crate::Confidence::*;
    use crate::testing::{finds, passes};

    #[test]
    fn attacks_are_found() {
        finds(
            Template,
            High,
            &[
                "{{7*7}}",
                "{{ 7 * '7' }}",
                "${7*7}",
                "#{7*7}",
                "<%= 7*7 %>",
                "<%= system('id') %>",
                "{{ 'a'.join(x) }}",
                "{{ 'a'|upper }}",
                "{{ x.__class__ }}",
                "${T(java.lang.Runtime)}",
                "{{ lipsum }}",
                "{% set x = 1 %}",
                "{% import 'os' %}",
                "{% if 1 %}x{% endif %}",
                "#set($x=1)",
                "<#assign x=1>",
                "{php}echo 1;{/php}",
                "${sessionScope}",
                "{{define \"x\"}}",
                "{7*7}",
                "[[5*5]]",
                "@(1+1)",
                "*{7*7}",
                "${7?c}",
                "{{ config }}",
                "{{ dump(x) }}",
                "%7B%7B7*7%7D%7D",
            ],
        );
        finds(
            Template,
            Medium,
            &["You can use the {{ x.__class__ }} to see what it is, and that is all there is."],
        );
        finds(Template, Low, &["You can use the {{ 7*7 }} to see what it is, and that is all there is."]);
    }

    #[test]
    fn honest_neighbours_pass() {
        passes(
            Template,
            &[
                "{{ name }}",
                "{{ user.first_name }}",
                "${amount}",
                "${X:-default}",
                "<%= name %>",
                "{% if user %}",
                "{ \"a\": 1 }",
                "a { color: red }",
                "[[Wiki link]]",
                "@(mail)",
                "#include <stdio.h>",
                "{{ request }}",
                "function() { return 1 }",
                "{1,2}",
            ],
        );
    }
}
