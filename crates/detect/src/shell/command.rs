//! Whether a command stands somewhere: its name, without what the shell takes away, and its arguments.

use super::TrimStart;
use super::names::{NAMES, PROGRAMS, WORDS};
use crate::bytes::{Set, begins, has};

/// Whether a command stands here.
pub(super) fn is_command(text: &[u8], behind_line: bool, begins: bool) -> bool {
    /// What of a command is looked at.
    const LOOKED_AT: usize = 256;
    let text = &text[..text.len().min(LOOKED_AT)];
    let text = text.trim_ascii_start();
    let given = text;
    let text = text.trim_start_matches(b"({!");
    let text = text.trim_ascii_start();
    let braced = text.len() < given.len();
    let Some((name, arguments)) = command(text) else { return false };
    if arguments.starts_with(b",") && !braced {
        return false;
    }
    let Some((sure, word)) = known(&name) else { return false };
    let spelled = is_spelled(&text[..text.len() - arguments.len()]);
    let rest = arguments.trim_ascii();
    let is_assignment =
        arguments.trim_ascii_start().starts_with(b"=") && !arguments.trim_ascii_start().starts_with(b"==");
    if is_assignment || arguments.starts_with(b":") {
        return false;
    }
    let nothing = rest.is_empty()
        || matches!(rest[0], b';' | b'|' | b'&' | b'`' | b')' | b'>' | b'#' | b'\'' | b'"' | b'}');
    let evidence = has_command_argument(arguments);
    match (sure, behind_line) {
        // A line that begins with a word is a line.
        (true, true) => evidence || (nothing && spelled),
        (true, false) => {
            nothing || evidence || spelled || arguments.starts_with(b"\t") || single_argument(arguments)
        }
        (false, true) => evidence && sensitive(arguments) || spelled,
        (false, false) => spelled || evidence || word || counted(&name, rest) || begins && nothing,
    }
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
            [b'\'' | b'"' | b'\\' | b'^', ..] => at += 1,
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

/// Whether a name was spelled with what the shell takes away from it.
pub(super) fn is_spelled(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or(b"");
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_' | b':');
    let marks = inner
        .iter()
        .filter(|b| matches!(b, b'\'' | b'"' | b'\\' | b'$' | b'?' | b'*' | b'`' | b'@' | b'^'))
        .count();
    marks >= 2 && !inner.iter().all(plain) && inner.iter().any(u8::is_ascii_alphabetic)
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
    let is_in = |names: &[&str]| names.iter().any(|known| fits(base, known.as_bytes()));
    match NAMES.get(base) {
        Some(sure) => Some((*sure || by_path, by_path)),
        None if is_wild && (is_in(PROGRAMS) || is_in(WORDS)) => Some((true, by_path)),
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
            || matches!(three, [b'.', b'/', _] | [b'$', b'{', _] | [b'<', b'/' | b'(', _] | [b'/', b'?', _])
    }) || has(own, "http")
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
