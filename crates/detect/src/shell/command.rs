//! Whether a command stands at a position: its name, without what the shell removes, and its arguments.

use super::names::NAMES;
use crate::bytes::{Set, begins, cut, has_any, head, name as variable_name, tail};

/// What stands before a command.
#[derive(Clone, Copy, Default)]
pub(super) struct Context {
    /// Only a line break, in a text of several lines.
    pub(super) after_line_break: bool,
    /// Nothing: the value begins with a separator, or the command is substituted.
    pub(super) at_start: bool,
    /// The value begins with a separator, and is not a table row.
    pub(super) after_separator: bool,
    /// One word, and a separator that texts seldom have: `x&&`, `x\n`.
    pub(super) after_word: bool,
    /// One word, and a separator that only shells have.
    pub(super) after_word_certain: bool,
}

/// A simple command, as the shell's grammar calls it.
struct Simple<'t> {
    name: Vec<u8>,
    arguments: &'t [u8],
    /// Spelled with characters that the shell removes.
    is_obfuscated: bool,
    /// Run by another command: `sudo id`.
    is_wrapped: bool,
    is_braced: bool,
}

/// What is known about a program's name.
#[derive(Clone, Copy)]
pub(super) struct Program {
    /// The name is no word of a language, or comes with its path.
    pub(super) is_certain: bool,
    pub(super) has_path: bool,
}

/// How much of a command is inspected, in bytes.
pub(super) const INSPECTED: usize = 256;

/// Reserved words before a command.
const KEYWORDS: &[&str] = &["then", "do", "else", "if", "elif", "while", "until"];
/// Commands that run others.
const WRAPPERS: &[&str] = &[
    "time", "env", "nohup", "sudo", "doas", "strace", "xargs", "exec", "eval", "timeout", "nice", "command",
    "builtin", "busybox", "setsid", "stdbuf",
];

/// Reads a command, after brackets, redirections, assignments, reserved words and wrappers.
fn simple(text: &[u8], depth: usize) -> Option<Simple<'_>> {
    /// Nested prefixes beyond this are no command's.
    const MAX_DEPTH: usize = 8;
    if depth > MAX_DEPTH {
        return None;
    }
    let trimmed = text.trim_ascii_start();
    let (brackets, rest) = cut(trimmed, trimmed.iter().take_while(|b| b"({!".contains(b)).count());
    let rest = rest.trim_ascii_start();
    let is_braced = !brackets.is_empty();
    if let Some(command) = after_redirection(rest).or(after_assignment(rest)) {
        return simple(command, depth + 1);
    }
    let (word, behind) = cut(rest, rest.iter().take_while(|b| b.is_ascii_lowercase()).count());
    let is = |words: &[&str]| words.iter().any(|known| known.as_bytes() == word);
    if behind.first().is_some_and(u8::is_ascii_whitespace) && (is(KEYWORDS) || is(WRAPPERS)) {
        // `timeout 5 id`, `env -i id`.
        let mut command = behind.trim_ascii_start();
        while command.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-') {
            let length = command.iter().take_while(|b| !b.is_ascii_whitespace()).count();
            command = tail(command, length).trim_ascii_start();
        }
        if let Some(inner) = simple(command, depth + 1).filter(|inner| program(&inner.name).is_some()) {
            return Some(Simple { is_wrapped: inner.is_wrapped || is(WRAPPERS), ..inner });
        }
    }
    let (name, arguments) = command(rest)?;
    let written = head(rest, rest.len() - arguments.len());
    // A few letters occur by chance in random text.
    if is_short_mixed_case(&name, written) && !has_command_argument(arguments) {
        return None;
    }
    let is_obfuscated = is_obfuscated(written);
    Some(Simple { name, arguments, is_obfuscated, is_wrapped: false, is_braced })
}

/// Whether a name has few letters, and capitals among them, which commands have not.
pub(super) fn is_short_mixed_case(name: &[u8], written: &[u8]) -> bool {
    const SHORT: usize = 3;
    name.len() <= SHORT && written.iter().any(u8::is_ascii_uppercase)
}

/// The rest after `<x `, `>/dev/null `, `2>&1 `.
fn after_redirection(text: &[u8]) -> Option<&[u8]> {
    let rest = tail(text, text.iter().take_while(|b| b.is_ascii_digit()).count());
    let rest = rest.strip_prefix(b"<").or(rest.strip_prefix(b">"))?;
    let rest = rest.strip_prefix(b">").or(rest.strip_prefix(b"&")).unwrap_or(rest).trim_ascii_start();
    after_word(rest, |b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_'))
        .filter(|behind| behind.len() < rest.len())
}

/// The rest after `NAME=value `.
fn after_assignment(text: &[u8]) -> Option<&[u8]> {
    let name = variable_name(text);
    let rest = tail(text, name.len()).strip_prefix(b"=").filter(|_| !name.is_empty())?;
    after_word(rest, |b| !b.is_ascii_whitespace() && !matches!(b, b';' | b'|' | b'&'))
}

/// The rest after a word, if whitespace ends it.
fn after_word(text: &[u8], is_word: impl Fn(u8) -> bool) -> Option<&[u8]> {
    let rest = tail(text, text.iter().take_while(|b| is_word(**b)).count());
    rest.first().is_some_and(u8::is_ascii_whitespace).then_some(rest)
}

/// A command in a variable, or a sourced file: `$SHELL -c x`, `$a$b`, `. /tmp/x`.
fn is_indirect(text: &[u8]) -> bool {
    if let Some(file) = text.strip_prefix(b". ") {
        let file = file.trim_ascii_start();
        return file.starts_with(b"/") || file.starts_with(b"./");
    }
    let after_variable = |text: &'_ [u8]| -> Option<usize> {
        let length = variable_name(text.strip_prefix(b"$")?).len();
        (length > 0).then_some(length + 1)
    };
    let Some(first) = after_variable(text) else { return false };
    let rest = tail(text, first);
    let is_second = after_variable(rest)
        .is_some_and(|second| tail(rest, second).first().is_none_or(u8::is_ascii_whitespace));
    is_second || rest.trim_ascii_start().starts_with(b"-c") || rest.starts_with(b"{,}-c")
}

/// `Get-Process`: a verb and a noun of PowerShell.
fn is_cmdlet(name: &[u8]) -> bool {
    const VERBS: &[&str] = &[
        "get", "set", "new", "invoke", "start", "stop", "remove", "out", "import", "export", "copy", "move",
        "write", "add", "clear",
    ];
    const NOUNS: &[&str] = &[
        "process",
        "service",
        "content",
        "item",
        "childitem",
        "location",
        "command",
        "webrequest",
        "expression",
        "restmethod",
        "object",
        "variable",
        "wmiobject",
        "ciminstance",
        "eventlog",
        "acl",
        "itemproperty",
        "psdrive",
        "executionpolicy",
        "localuser",
        "netipaddress",
        "computerinfo",
        "history",
    ];
    let Some(at) = name.iter().position(|b| *b == b'-') else { return false };
    let (verb, noun) = cut(name, at);
    let is = |words: &[&str], word: &[u8]| words.iter().any(|known| known.as_bytes() == word);
    is(VERBS, verb) && is(NOUNS, tail(noun, 1))
}

/// Whether a command stands here.
pub(super) fn is_command(text: &[u8], context: Context) -> bool {
    let text = head(text.trim_ascii_start(), INSPECTED);
    if is_indirect(text) {
        return true;
    }
    let Some(Simple { name, arguments, is_obfuscated, is_wrapped, is_braced }) = simple(text, 0) else {
        return false;
    };
    if arguments.starts_with(b",") && !is_braced || arguments.starts_with(b":") {
        return false;
    }
    let is_named = is_cmdlet(&name) || name.ends_with(b".exe") && name.len() > 6;
    let known = program(&name).or(is_named.then_some(Program { is_certain: true, has_path: false }));
    let Some(Program { is_certain, has_path }) = known else { return false };
    let rest = arguments.trim_ascii();
    if rest.starts_with(b"=") && !rest.starts_with(b"==") {
        return false;
    }
    let is_bare =
        matches!(rest, [] | [b';' | b'|' | b'&' | b'`' | b')' | b'>' | b'#' | b'\'' | b'"' | b'}', ..]);
    let has_evidence = has_command_argument(arguments);
    // A line that begins with a word is often just a line.
    match (is_certain, context.after_line_break) {
        (true, true) => has_evidence || (is_bare && is_obfuscated) || is_wrapped,
        (true, false) => {
            is_bare
                || has_evidence
                || is_obfuscated
                || is_wrapped
                || arguments.starts_with(b"\t")
                || arguments.starts_with(b"{,}")
                || has_few_arguments(arguments)
                    && (!context.after_word
                        || context.after_word_certain
                        || arguments.iter().any(u8::is_ascii_punctuation))
        }
        (false, true) => has_evidence && is_sensitive(arguments) || is_obfuscated,
        (false, false) => {
            is_obfuscated
                || has_evidence
                || has_path
                // `id #`, `date 2>&1`, `{printf,x}`.
                || arguments.starts_with(b" #")
                || rest.starts_with(b"2>")
                || arguments.starts_with(b",")
                || is_wrapped && name.len() > 1
                || has_own_arguments(&name, rest)
                || context.at_start && is_bare
                || (context.after_word_certain || context.after_separator) && has_few_arguments(arguments)
                || name == b"echo" && text.starts_with(b"echo ") && has_few_arguments(arguments)
        }
    }
}

/// `sudo id`: a value that is a command run by another.
pub(super) fn is_wrapped(value: &[u8]) -> bool {
    let Some(found) = simple(head(value, INSPECTED), 0).filter(|found| found.is_wrapped) else {
        return false;
    };
    let arguments = found.arguments;
    program(&found.name).is_some_and(|program| {
        program.has_path
            || found.is_obfuscated
            || has_command_argument(arguments)
            || program.is_certain && (arguments.trim_ascii().is_empty() || has_few_arguments(arguments))
    })
}

/// `sleep 10`, `net user`: arguments that belong to a command whose name is a word.
fn has_own_arguments(name: &[u8], arguments: &[u8]) -> bool {
    match name {
        b"sleep" | b"kill" | b"shutdown" => {
            arguments.first().is_some_and(u8::is_ascii_digit)
                && arguments
                    .iter()
                    .take_while(|b| !matches!(b, b';' | b'|' | b'&'))
                    .all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'.' | b's' | b')' | b'`' | b'#'))
        }
        b"net" => [&b"user"[..], b"view", b"localgroup", b"start", b"share", b"group"]
            .iter()
            .any(|word| arguments.starts_with(word)),
        _ => false,
    }
}

/// Whether there are at most three words: no sentence.
pub(super) fn has_few_arguments(arguments: &[u8]) -> bool {
    arguments.split(|b| b.is_ascii_whitespace()).filter(|word| !word.is_empty()).count() <= 3
}

/// A command's name, without what the shell removes from it, and the rest.
pub(super) fn command(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut name = Vec::new();
    let mut at = 0;
    while at < text.len().min(INSPECTED) {
        match tail(text, at) {
            [b'\\', b'\n', ..] => at += 2,
            [b'\'' | b'"' | b'\\' | b'^', ..] => at += 1,
            [b'$', b'\'' | b'"', ..] => at += 2,
            // `$@`, `$*`, `$1`, `${x}`, `$()` and empty backticks expand to nothing.
            [b'$', b'@' | b'*' | b'!' | b'0'..=b'9', ..] => at += 2,
            [b'`', b'`', ..] => at += 2,
            [b'$', b'(', b')', ..] => at += 3,
            [b'$', b'{', rest @ ..] if name.is_empty() || !begins(rest, "ifs") => {
                at += 3 + rest.iter().position(|b| *b == b'}')?;
            }
            [b'$', letter, ..] if letter.is_ascii_lowercase() && !name.is_empty() => at += 2,
            [b, ..]
                if b.is_ascii_alphanumeric()
                    || matches!(b, b'/' | b'.' | b'-' | b'_' | b'?' | b'*' | b'[' | b']' | b':') =>
            {
                name.push(b.to_ascii_lowercase());
                at += 1;
            }
            _ => break,
        }
    }
    (!name.is_empty()).then(|| (name, tail(text, at)))
}

/// Whether a name is spelled with characters in its middle that the shell removes or expands: `c''at`, `/b?n/cat`.
pub(super) fn is_obfuscated(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let is_letter = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_' | b':');
    let (Some(first), Some(last)) = (text.iter().position(is_letter), text.iter().rposition(is_letter))
    else {
        return false;
    };
    let inner = text.get(first..=last).unwrap_or_default();
    // A single quote is an apostrophe.
    let quotes = text.iter().filter(|b| matches!(b, b'\'' | b'"')).count();
    let is_mark = |b: &u8| match b {
        b'\'' | b'"' => quotes > 1,
        b'\\' | b'$' | b'?' | b'*' | b'`' | b'@' | b'^' | b'[' | b'\n' => true,
        _ => false,
    };
    let marks = inner.iter().filter(|b| is_mark(b)).count();
    // `a|d\d`: a class of a regular expression.
    let is_regex_class = |pair: &[u8]| matches!(pair, [b'\\', class] if matches!(class | 0x20, b's' | b'd' | b'w' | b'b' | b'n' | b'r' | b't'));
    marks > 0
        && !(marks == 1 && inner.windows(2).any(is_regex_class))
        && inner.iter().any(u8::is_ascii_alphabetic)
}

/// Looks up a program by its name, with or without path, `.exe`, version and wildcards.
pub(super) fn program(name: &[u8]) -> Option<Program> {
    let base = name.rsplit(|b| matches!(b, b'/' | b'\\')).next().unwrap_or(name);
    let base = base.strip_suffix(b".exe").unwrap_or(base);
    let base = without_version(base);
    let has_path = base.len() < name.len()
        && [&b"/bin/"[..], b"/usr/", b"/sbin/", b"/???/", b"/b"].iter().any(|p| name.starts_with(p));
    if let Some(is_certain) = NAMES.get(base) {
        return Some(Program { is_certain: *is_certain || has_path, has_path });
    }
    // Wildcards find a program by its path.
    let is_wild = has_path && base.len() > 1 && base.iter().any(|b| matches!(b, b'?' | b'*' | b'['));
    (is_wild && is_program_pattern(base)).then_some(Program { is_certain: true, has_path })
}

/// `python3.10` becomes `python`.
fn without_version(base: &[u8]) -> &[u8] {
    let digits = base.iter().rev().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let is_version = digits > 0 && digits + 1 < base.len() && !base.contains(&b'?');
    if is_version && !NAMES.contains_key(base) { head(base, base.len() - digits) } else { base }
}

/// Whether a pattern with wildcards matches the name of a program.
fn is_program_pattern(pattern: &[u8]) -> bool {
    /// Every asterisk is tried at every place.
    const MAX_ASTERISKS: usize = 3;
    if !pattern.iter().any(u8::is_ascii_alphanumeric) {
        return false;
    }
    pattern.iter().filter(|b| **b == b'*').count() > MAX_ASTERISKS
        || NAMES.keys().any(|name| matches_glob(pattern, name))
}

fn matches_glob(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=name.len()).any(|from| matches_glob(rest, tail(name, from))),
        ([b'?', rest @ ..], [_, name @ ..]) => matches_glob(rest, name),
        ([b'[', letter, b']', rest @ ..], [first, name @ ..]) if letter == first => matches_glob(rest, name),
        ([first, rest @ ..], [own, name @ ..]) if first == own => matches_glob(rest, name),
        _ => false,
    }
}

/// Whether arguments look like a command's: options, paths, addresses, redirections, variables.
pub(super) fn has_command_argument(arguments: &[u8]) -> bool {
    const TELLING: &[&str] = &["http", "<<<", "127.0.0.1", "c:\\", "C:\\", ".txt", ".sh", "IFS"];
    let is_end = |b: &u8| matches!(b, b';' | b'|' | b'&' | b'\n');
    let own = head(arguments, arguments.iter().position(is_end).unwrap_or(arguments.len()));
    let begins = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'<' | b'>' | b'$' | b'{' | b',');
    own.first().is_some_and(begins) && (own.windows(3).any(is_argument) || has_any(own, TELLING))
}

fn is_argument(three: &[u8]) -> bool {
    match three {
        [b' ' | b'\t', b'-', b] => b.is_ascii_alphanumeric() || *b == b'-',
        [b' ' | b'\t', b'/' | b'$' | b'~' | b'%', b]
            if b.is_ascii_alphanumeric() || matches!(b, b'?' | b'{' | b'(' | b'/') =>
        {
            true
        }
        [b'.', b'/', _] | [b'$', b'{', _] | [b'<', b'/' | b'(', _] | [b'>' | b'=', b'/', _] => true,
        [b'/', b'?', _] => true,
        _ => false,
    }
}

/// Whether arguments name a directory or variable of the system.
pub(super) fn is_sensitive(arguments: &[u8]) -> bool {
    static PLACES: Set = Set::new(&[
        "/etc/",
        "/proc/",
        "/dev/",
        "/bin/",
        "/tmp/",
        "/var/",
        "/root",
        "/home/",
        "c:\\",
        "%systemroot%",
        "/???/",
        "ifs",
    ]);
    PLACES.occurs(arguments)
}
