//! Whether a command stands somewhere: its name, without what the shell takes away, and its arguments.

use super::TrimStart;
use super::names::NAMES;
use crate::bytes::{Set, begins, has};

/// What a command stands behind.
#[derive(Clone, Copy, Default)]
pub(super) struct Behind {
    /// A line break alone, in a text of several lines.
    pub(super) line: bool,
    /// Nothing: the value begins with what parts commands, or the command is substituted.
    pub(super) nothing: bool,
    /// The value begins with what parts commands, and is no row of a table.
    pub(super) statement: bool,
    /// One word, and what shells part commands by: `x&&`, `x\n`.
    pub(super) word: bool,
    /// The same, and it parts nothing else.
    pub(super) sure: bool,
}

/// A command as it is written: what is left of its name, and its arguments.
struct Simple<'t> {
    name: Vec<u8>,
    arguments: &'t [u8],
    /// Written with what the shell takes away.
    is_spelled: bool,
    /// Given to another one, which only shells do: `sudo id`.
    is_given: bool,
    is_braced: bool,
}

/// Words before a command that are not the command.
const KEYWORDS: &[&str] = &["then", "do", "else", "if", "elif", "while", "until"];
/// Commands that are given others.
const GIVEN: &[&str] = &[
    "time", "env", "nohup", "sudo", "doas", "strace", "xargs", "exec", "eval", "timeout", "nice", "command",
    "builtin", "busybox", "setsid", "stdbuf",
];

/// Reads a command: behind brackets, redirections, assignments and keywords.
fn simple(text: &[u8], depth: usize) -> Option<Simple<'_>> {
    /// Nobody needs more.
    const DEEPEST: usize = 8;
    if depth > DEEPEST {
        return None;
    }
    let trimmed = text.trim_ascii_start();
    let rest = trimmed.trim_start_matches(b"({!").trim_ascii_start();
    let is_braced = rest.len() < trimmed.len();
    let inner = |rest| simple(rest, depth + 1);
    if let Some(behind) = redirection(rest).or(assignment(rest)) {
        return inner(behind);
    }
    let word = rest.iter().take_while(|b| b.is_ascii_lowercase()).count();
    let behind = &rest[word..];
    let is = |words: &[&str]| words.iter().any(|known| known.as_bytes() == &rest[..word]);
    if behind.first().is_some_and(u8::is_ascii_whitespace) && (is(KEYWORDS) || is(GIVEN)) {
        // `timeout 5 id`, `env -i id`.
        let mut behind = behind.trim_ascii_start();
        while behind.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-') {
            let length = behind.iter().take_while(|b| !b.is_ascii_whitespace()).count();
            behind = behind[length..].trim_ascii_start();
        }
        if let Some(given) = inner(behind).filter(|given| known(&given.name).is_some()) {
            return Some(Simple { is_given: given.is_given || is(GIVEN), ..given });
        }
    }
    let (name, arguments) = command(rest)?;
    let written = &rest[..rest.len() - arguments.len()];
    // Few letters are soon found in what means nothing.
    if is_short(&name, written) && !has_command_argument(arguments) {
        return None;
    }
    let is_spelled = is_spelled(written);
    Some(Simple { name, arguments, is_spelled, is_given: false, is_braced })
}

/// Whether a name is of few letters, and not written as such names are.
pub(super) fn is_short(name: &[u8], written: &[u8]) -> bool {
    const SHORT: usize = 3;
    name.len() <= SHORT && written.iter().any(u8::is_ascii_uppercase)
}

/// What is behind `<x `, `>/dev/null `, `2>&1 `.
fn redirection(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = text[digits..].strip_prefix(b"<").or(text[digits..].strip_prefix(b">"))?;
    let rest = rest.strip_prefix(b">").or(rest.strip_prefix(b"&")).unwrap_or(rest).trim_ascii_start();
    let length =
        rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_')).count();
    rest[length..].first().filter(|b| length > 0 && b.is_ascii_whitespace()).map(|_| &rest[length..])
}

/// What is behind `NAME=value `.
fn assignment(text: &[u8]) -> Option<&[u8]> {
    let name = crate::bytes::name(text).len();
    let rest = text[name..].strip_prefix(b"=").filter(|_| name > 0)?;
    let length =
        rest.iter().take_while(|b| !b.is_ascii_whitespace() && !matches!(b, b';' | b'|' | b'&')).count();
    rest[length..].first().filter(|b| b.is_ascii_whitespace()).map(|_| &rest[length..])
}

/// A command by a variable, or one that is read: `$SHELL -c x`, `$a$b`, `. /tmp/x`.
fn is_certain(text: &[u8]) -> bool {
    if let Some(file) = text.strip_prefix(b". ") {
        let file = file.trim_ascii_start();
        return file.starts_with(b"/") || file.starts_with(b"./");
    }
    let variable = |text: &[u8]| text.strip_prefix(b"$").map_or(0, |rest| crate::bytes::name(rest).len());
    let first = variable(text);
    if first == 0 {
        return false;
    }
    let rest = &text[first + 1..];
    let second = variable(rest);
    let behind = rest.get(second + 1..).unwrap_or(b"");
    second > 0 && behind.first().is_none_or(|b| b.is_ascii_whitespace())
        || rest.trim_ascii_start().starts_with(b"-c")
        || rest.starts_with(b"{,}-c")
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
    let is = |words: &[&str], word: &[u8]| words.iter().any(|known| known.as_bytes() == word);
    is(VERBS, &name[..at]) && is(NOUNS, &name[at + 1..])
}

/// Whether a command stands here.
pub(super) fn is_command(text: &[u8], behind: Behind) -> bool {
    /// What of a command is looked at.
    const LOOKED_AT: usize = 256;
    let whole = text.trim_ascii_start();
    let text = &whole[..whole.len().min(LOOKED_AT)];
    if is_certain(text) {
        return true;
    }
    let Some(Simple { name, arguments, is_spelled, is_given, is_braced }) = simple(text, 0) else {
        return false;
    };
    if arguments.starts_with(b",") && !is_braced || arguments.starts_with(b":") {
        return false;
    }
    let is_named = is_cmdlet(&name) || name.ends_with(b".exe") && name.len() > 6;
    let Some((sure, by_path)) = known(&name).or(is_named.then_some((true, false))) else { return false };
    let rest = arguments.trim_ascii();
    if rest.starts_with(b"=") && !rest.starts_with(b"==") {
        return false;
    }
    let nothing = rest.is_empty()
        || matches!(rest[0], b';' | b'|' | b'&' | b'`' | b')' | b'>' | b'#' | b'\'' | b'"' | b'}');
    let evidence = has_command_argument(arguments);
    // `id #`, `date 2>&1`, `{printf,x}`.
    let marked = arguments.starts_with(b" #") || rest.starts_with(b"2>") || arguments.starts_with(b",");
    match (sure, behind.line) {
        // A line that begins with a word is a line.
        (true, true) => evidence || (nothing && is_spelled) || is_given,
        (true, false) => {
            nothing
                || evidence
                || is_spelled
                || is_given
                || arguments.starts_with(b"\t")
                || arguments.starts_with(b"{,}")
                || single_argument(arguments)
                    && (!behind.word || behind.sure || arguments.iter().any(u8::is_ascii_punctuation))
        }
        (false, true) => evidence && sensitive(arguments) || is_spelled,
        (false, false) => {
            is_spelled
                || evidence
                || by_path
                || marked
                || is_given && name.len() > 1
                || counted(&name, rest)
                || behind.nothing && nothing
                || (behind.sure || behind.statement) && single_argument(arguments)
                || name == b"echo" && text.starts_with(b"echo ") && single_argument(arguments)
        }
    }
}

/// `sudo id`: a command that another one is given, as a whole.
pub(super) fn is_given(value: &[u8]) -> bool {
    let Some(found) = simple(&value[..value.len().min(256)], 0) else { return false };
    found.is_given
        && known(&found.name).is_some_and(|(sure, by_path)| {
            let arguments = found.arguments;
            sure && (arguments.trim_ascii().is_empty()
                || has_command_argument(arguments)
                || single_argument(arguments))
                || by_path
                || found.is_spelled
                || has_command_argument(arguments)
        })
}

/// `sleep 10`, `net user`: what tells a command of such a name.
pub(super) fn counted(name: &[u8], arguments: &[u8]) -> bool {
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

/// One argument, which has no sentence behind it.
pub(super) fn single_argument(arguments: &[u8]) -> bool {
    arguments.split(|b| b.is_ascii_whitespace()).filter(|word| !word.is_empty()).count() <= 3
}

/// The command's name, without what the shell takes away, and what follows it.
pub(super) fn command(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    const LONGEST: usize = 256;
    let mut name = Vec::new();
    let mut at = 0;
    while at < text.len().min(LONGEST) {
        match &text[at..] {
            [b'\\', b'\n', ..] => at += 2,
            [b'\'' | b'"' | b'\\' | b'^', ..] => at += 1,
            [b'$', b'\'' | b'"', ..] => at += 2,
            // `$@`, `$*`, `$1`, `${x}`, `$()`, and backticks with nothing in them are nothing.
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
    (!name.is_empty()).then(|| (name, &text[at..]))
}

/// Whether a name was spelled with what the shell takes away from it, in its middle.
pub(super) fn is_spelled(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let letter = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_' | b':');
    let (Some(first), Some(last)) = (text.iter().position(letter), text.iter().rposition(letter)) else {
        return false;
    };
    let inner = &text[first..=last];
    // Quotes come in pairs, or they are apostrophes.
    let quotes = text.iter().filter(|b| matches!(b, b'\'' | b'"')).count();
    let is_mark = |b: &u8| match b {
        b'\'' | b'"' => quotes > 1,
        b'\\' | b'$' | b'?' | b'*' | b'`' | b'@' | b'^' | b'[' | b'\n' => true,
        _ => false,
    };
    let marks = inner.iter().filter(|b| is_mark(b)).count();
    // `a|d\d`: a class of a regular expression.
    let is_class = marks == 1
        && inner.windows(2).any(|pair| {
            pair[0] == b'\\' && matches!(pair[1] | 0x20, b's' | b'd' | b'w' | b'b' | b'n' | b'r' | b't')
        });
    marks > 0 && !is_class && inner.iter().any(u8::is_ascii_alphabetic)
}

/// Whether a name is a program's: whether surely, and whether by its path.
pub(super) fn known(name: &[u8]) -> Option<(bool, bool)> {
    let base = name.rsplit(|b| *b == b'/').next().unwrap_or(name);
    let base = base.rsplit(|b| *b == b'\\').next().unwrap_or(base);
    let base = base.strip_suffix(b".exe").unwrap_or(base);
    // `python3.10`.
    let digits = base.iter().rev().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let base = if digits > 0 && digits + 1 < base.len() && !base.contains(&b'?') && !NAMES.contains_key(base)
    {
        &base[..base.len() - digits]
    } else {
        base
    };
    let by_path = base.len() < name.len()
        && [&b"/bin/"[..], b"/usr/", b"/sbin/", b"/???/", b"/b"].iter().any(|p| name.starts_with(p));
    // Wildcards find a program by its path.
    let is_wild = by_path && base.len() > 1 && base.iter().any(|b| matches!(b, b'?' | b'*' | b'['));
    match NAMES.get(base) {
        Some(sure) => Some((*sure || by_path, by_path)),
        None if is_wild && NAMES.keys().any(|known| fits(base, known)) => Some((true, by_path)),
        None => None,
    }
}

/// Whether a name with wildcards fits a program, which it names in part.
pub(super) fn fits(pattern: &[u8], name: &[u8]) -> bool {
    if !pattern.iter().any(u8::is_ascii_alphanumeric) {
        return false;
    }
    // Nobody needs so many; and each is tried at every place.
    if pattern.iter().filter(|b| **b == b'*').count() > 3 {
        return true;
    }
    match (pattern, name) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => {
            fits_rest(rest, name) || (!name.is_empty() && fits_any(pattern, &name[1..]))
        }
        ([b'?', rest @ ..], [_, name @ ..]) => fits_rest(rest, name),
        ([b'[', letter, b']', rest @ ..], [first, name @ ..]) if letter == first => fits_rest(rest, name),
        ([first, rest @ ..], [own, name @ ..]) if first == own => fits_rest(rest, name),
        _ => false,
    }
}

pub(super) fn fits_any(pattern: &[u8], name: &[u8]) -> bool {
    (0..=name.len()).any(|from| fits_rest(&pattern[1..], &name[from..]))
}

pub(super) fn fits_rest(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=name.len()).any(|from| fits_rest(rest, &name[from..])),
        ([b'?', rest @ ..], [_, name @ ..]) => fits_rest(rest, name),
        ([b'[', letter, b']', rest @ ..], [first, name @ ..]) if letter == first => fits_rest(rest, name),
        ([first, rest @ ..], [own, name @ ..]) if first == own => fits_rest(rest, name),
        _ => false,
    }
}

/// Whether arguments are a command's: options, paths, addresses, redirections, variables.
pub(super) fn has_command_argument(arguments: &[u8]) -> bool {
    let end =
        arguments.iter().position(|b| matches!(b, b';' | b'|' | b'&' | b'\n')).unwrap_or(arguments.len());
    let own = &arguments[..end];
    let gap =
        own.first().is_some_and(|b| b.is_ascii_whitespace() || matches!(b, b'<' | b'>' | b'$' | b'{' | b','));
    gap && (own.windows(3).any(|three| {
        let after = three[2].is_ascii_alphanumeric();
        matches!(three, [b' ' | b'\t', b'-', _] if after || three[2] == b'-')
            || matches!(three, [b' ' | b'\t', b'/' | b'$' | b'~' | b'%', _] if after || matches!(three[2], b'?' | b'{' | b'(' | b'/'))
            || matches!(three, [b'.', b'/', _] | [b'$', b'{', _] | [b'<', b'/' | b'(', _] | [b'>' | b'=', b'/', _] | [b'/', b'?', _])
    }) || has(own, "http")
        || has(own, "<<<")
        || has(own, "127.0.0.1")
        || has(own, "c:\\")
        || has(own, "C:\\")
        || has(own, ".txt")
        || has(own, ".sh")
        || has(own, "IFS"))
}

/// Whether arguments name what nobody writes about by chance.
pub(super) fn sensitive(arguments: &[u8]) -> bool {
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
