//! Command injection: a value that ends the command it stands in and begins another, for sh, cmd and PowerShell.
//!
//! A command has to stand after `;`, `|`, `&` or a line break, or in `$(...)` or backticks: a known program, spelled with
//! any quotes, backslashes, variables and wildcards that the shell removes. A program whose name is a word needs
//! evidence that only a command has: an option, a path, or nothing after it.

mod command;
mod names;

use self::command::{
    Context, INSPECTED, command, has_command_argument, has_few_arguments, is_command, is_obfuscated,
    is_sensitive, is_short_mixed_case, is_wrapped, program,
};
use crate::byte_mask::{ByteMask, any_of};
use crate::bytes::{Set, before, begins, cut, find, has, head, name, strip_any, tail};
use crate::candidate::{Candidate, Found};
use crate::confidence::Confidence;

/// Options of git, ssh, tar, rsync and others that name a command to run.
const OPTIONS: &[&str] = &[
    "-oproxycommand=",
    "-o proxycommand=",
    "--upload-pack=",
    "--receive-pack=",
    "--use-compress-program=",
    "--checkpoint-action=",
    "--to-command=",
    "--rsync-path=",
    "--open-files-in-pager=",
    "--ext-diff=",
    "--use-askpass=",
];

/// Words that only a shell understands.
static SHELL_WORDS: Set = Set::new(&[
    "${ifs}",
    "$ifs$",
    "$ifs'",
    "$ifs/",
    "/dev/tcp/",
    "/dev/udp/",
    "/bin/sh",
    "/bin/bash",
    "cmd.exe",
    "cmd /c",
    "%comspec%",
    "powershell -",
    "powershell.exe",
    "2>&1",
    ">/dev/null",
    "|base64 -d",
    "| base64 -d",
    "-e /bin/",
    "$0<<<",
    "sh<<<",
    "<<<$(",
    "<<<$'",
    "/etc/passwd;",
    "${path:",
    "invoke-expression",
    "invoke-webrequest",
    "invoke-command",
    "iex(",
    "iex (",
    "net.webclient",
    ".downloadstring(",
    "-encodedcommand",
    "-executionpolicy",
    "for /f ",
    "%systemroot%",
    "%systemdrive%",
    "${home:",
]);

/// Inspects one variant.
pub(crate) fn detect(candidate: &Candidate<'_>) -> Found {
    let value = candidate.bytes;
    if has(value, "() {") && has(value, "}") && value.trim_ascii_start().starts_with(b"()") {
        return Some((Confidence::High, "a shell function that runs what follows it (Shellshock)"));
    }
    if value.starts_with(b"-") && OPTIONS.iter().any(|option| begins(value, option)) {
        return Some((Confidence::High, "an option that runs a program"));
    }
    let reason = found(candidate)?;
    // A command that a text quotes is none of its own, unless it names a place of the system.
    let is_quoted =
        || candidate.said(is_sensitive).is_some_and(|said| found(&Candidate::new(&said)).is_none());
    let is_mentioned = candidate.is_prose() || is_quoted();
    Some((if is_mentioned { Confidence::Low } else { Confidence::High }, reason))
}

/// What of a command there is in a value.
fn found(candidate: &Candidate<'_>) -> Option<&'static str> {
    const SEPARATORS: ByteMask = any_of(b";|&");
    const SUBSTITUTIONS: ByteMask = any_of(b"$`<>");
    const ARGUMENTS: ByteMask = any_of(b" $<{'\"\\/*?^`");
    const SHELL_ONLY: ByteMask = any_of(b"$/%><-(");
    let instruction = image_instruction(candidate.bytes);
    let value = instruction.unwrap_or(candidate.bytes);
    let check = |mask: ByteMask, check: fn(&[u8]) -> bool| candidate.has_any(mask) && check(value);
    if check(SEPARATORS, is_separated) {
        Some("ends a command and begins another")
    } else if check(SUBSTITUTIONS, is_substituted) {
        Some("a substituted command")
    } else if instruction.is_some() {
        None
    } else if check(ARGUMENTS, is_whole_command) {
        Some("a command")
    } else if check(SHELL_ONLY, is_shell_only) {
        Some("words that only a shell understands")
    } else {
        None
    }
}

/// An instruction in the history of a container image, behind a comment that keeps a shell from running it:
/// `/bin/sh -c #(nop) CMD ["app"]`.
fn image_instruction(value: &[u8]) -> Option<&[u8]> {
    let rest = value.strip_prefix(b"/bin/sh -c #(nop) ")?.trim_ascii_start();
    rest.first().is_some_and(u8::is_ascii_uppercase).then_some(rest)
}

fn is_separator(byte: &u8) -> bool {
    matches!(byte, b';' | b'|' | b'&' | b'\n' | b'\r')
}

/// Whether a command stands after a separator.
fn is_separated(value: &[u8]) -> bool {
    let mut at = 0;
    while let Some(offset) = tail(value, at).iter().position(is_separator) {
        let (outer, rest) = cut(value, at + offset);
        // Several separators, with whitespace between them, separate once.
        let length = rest.iter().take_while(|b| is_separator(b) || b.is_ascii_whitespace()).count();
        let (run, behind) = cut(rest, length);
        at += offset + length;
        if begins_command(value, outer, run, behind) && !is_list(value) {
            return true;
        }
    }
    false
}

/// Whether a command stands behind a run of separators.
fn begins_command(value: &[u8], outer: &[u8], run: &[u8], behind: &[u8]) -> bool {
    /// How much of the text before is counted for words, in bytes.
    const NEAR: usize = 200;
    // The semicolon of `&lt;`.
    let run = run.strip_prefix(b";").filter(|_| is_entity(outer)).unwrap_or(run);
    if !run.iter().any(is_separator) || is_of_query(run, behind) || is_reference(outer, run) {
        return false;
    }
    let at_start = outer.is_empty();
    let is_line_break = run.iter().all(|b| !matches!(b, b';' | b'|' | b'&'));
    // One word before it, and one line after.
    let is_word = outer.len() < 64 && !outer.trim_ascii().iter().any(u8::is_ascii_whitespace);
    let is_last_line = !head(behind, INSPECTED).trim_ascii_end().contains(&b'\n');
    let is_double = run.starts_with(b"&&") || run.starts_with(b"||") || run.starts_with(b"|&");
    let closes = matches!(outer.last(), Some(b'\'' | b'"' | b')'));
    let context = Context {
        after_line_break: is_line_break && !at_start && !(is_word && is_last_line),
        at_start,
        after_separator: at_start && !is_table_row(value),
        after_word: is_word && (is_line_break || is_double || closes),
        after_word_certain: is_word && (is_double || closes && !is_line_break),
    };
    // Instructions that tell what to run.
    let is_instruction =
        || is_line_break && !at_start && words(tail(outer, outer.len().saturating_sub(NEAR))) > 2;
    is_command(behind, context) && (is_sensitive(head(behind, INSPECTED)) || !is_instruction())
}

/// `| Name | Date |`: a row of a table.
fn is_table_row(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let row = value.split(|b| *b == b'\n').next().unwrap_or(value).trim_ascii_end();
    row.starts_with(b"|")
        && !row.starts_with(b"||")
        && row.ends_with(b"|")
        && row.len() > 1
        && row.contains(&b' ')
}

/// `git; bash; curl`: a list of single words, such as tags.
fn is_list(value: &[u8]) -> bool {
    const MAX_LENGTH: usize = 512;
    let is_word = |item: &[u8]| {
        let is_plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+' | b'#');
        (1..24).contains(&item.len()) && item.iter().all(is_plain)
    };
    let items = || value.split(|b| matches!(b, b';' | b'|' | b'&' | b',' | b'\n')).map(<[u8]>::trim_ascii);
    value.len() < MAX_LENGTH && items().count() > 2 && items().all(is_word)
}

/// `&name=` belongs to a query, and `&name;` to HTML.
fn is_of_query(run: &[u8], behind: &[u8]) -> bool {
    run == b"&" && matches!(behind.get(name(head(behind, 64)).len()), Some(b'=' | b';'))
}

/// `(&x`: a reference in C or Rust.
fn is_reference(outer: &[u8], run: &[u8]) -> bool {
    run.trim_ascii_end() == b"&" && matches!(outer.last(), Some(b'(' | b',' | b'<' | b':' | b'='))
}

fn is_entity(outer: &[u8]) -> bool {
    let length = outer.iter().rev().take(8).take_while(|b| b.is_ascii_alphanumeric() || **b == b'#').count();
    length > 0 && before(outer, outer.len() - length) == Some(b'&')
}

/// Whether a command stands in `$(...)`, `` `...` `` or `<(...)`.
fn is_substituted(value: &[u8]) -> bool {
    let mut backticks = 0;
    value.windows(2).enumerate().any(|(at, pair)| {
        backticks += usize::from(pair.starts_with(b"`"));
        let inner = match pair {
            b"$(" | b"<(" | b">(" => tail(value, at + 2),
            [b'`', _] => tail(value, at + 1),
            _ => return false,
        };
        let command = substitution(inner);
        // `$((1+1))` is arithmetic, and `$("...")` jQuery.
        if command.is_empty() || inner.starts_with(b"(") {
            return false;
        }
        match pair {
            [b'`', _] => is_quoted_command(value, at, command, backticks % 2 == 0),
            b"$(" => {
                !is_selector(head(inner, INSPECTED))
                    && (begins_substitution(command) || has_few_arguments(command) && is_program(inner))
            }
            _ => begins_substitution(command) || is_program(inner),
        }
    })
}

/// The text up to where a substitution ends; empty if it does not.
fn substitution(inner: &[u8]) -> &[u8] {
    let is_cut = inner.len() > INSPECTED;
    let inner = head(inner, INSPECTED);
    let end = memchr::memchr2(b')', b'`', inner).or(is_cut.then_some(inner.len()));
    head(inner, end.unwrap_or(0))
}

fn begins_substitution(command: &[u8]) -> bool {
    is_command(command, Context { at_start: true, ..Context::default() })
}

/// Whether the first word is a program.
fn is_program(inner: &[u8]) -> bool {
    command(head(inner, INSPECTED).trim_ascii_start()).is_some_and(|(name, rest)| {
        program(&name).is_some()
            && rest.first().is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b')' | b'`'))
    })
}

/// Whether a command stands in backticks, and not a piece of code that a text mentions, as Markdown writes it.
fn is_quoted_command(value: &[u8], at: usize, command: &[u8], is_between: bool) -> bool {
    /// How much of the text around is counted for words, in bytes.
    const NEAR: usize = 200;
    let inner = head(tail(value, at + 1), INSPECTED);
    if at == 0 && command.len() + 2 == value.len() && is_program(inner) {
        return true;
    }
    if !begins_substitution(command) || is_code_word(command) {
        return false;
    }
    let around =
        words(tail(head(value, at), at.saturating_sub(NEAR))) + words(tail(inner, command.len() + 1));
    // The text between two code spans.
    let within = if is_between { words(command) } else { 0 };
    around + within <= 2 || is_sensitive(inner)
}

/// `$("#id")`, `$('body')`, `$(.class)`: a selector of jQuery.
fn is_selector(inner: &[u8]) -> bool {
    match inner {
        [b'#' | b'.', ..] => true,
        [quote @ (b'"' | b'\''), rest @ ..] => {
            let end = memchr::memchr(*quote, rest).unwrap_or(rest.len());
            // A word that is quoted in part, or has arguments, is a command's.
            matches!(tail(rest, end + 1).trim_ascii_start(), [] | [b')' | b',' | b'+', ..])
        }
        _ => false,
    }
}

/// Counts the words of two letters or more.
fn words(text: &[u8]) -> usize {
    let is_word = |word: &&[u8]| {
        let word = word.strip_suffix(b".").or(word.strip_suffix(b",")).unwrap_or(word);
        word.len() > 1 && word.iter().all(u8::is_ascii_alphabetic)
    };
    text.split(|b| b.is_ascii_whitespace()).filter(is_word).count()
}

/// A single word in backticks is code in a text, unless it is the first command of every attacker.
fn is_code_word(inner: &[u8]) -> bool {
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    inner.iter().all(is_word)
        && !["id", "whoami", "uname", "ls", "pwd", "ps", "reboot"]
            .iter()
            .any(|known| known.as_bytes() == inner)
}

/// Whether the value is a command.
fn is_whole_command(value: &[u8]) -> bool {
    let value = strip_any(value.trim_ascii(), &[b"'", b"\""]);
    let Some((name, arguments)) = command(value) else { return false };
    // `time id`, `sudo id`.
    if is_wrapped(value) {
        return true;
    }
    let Some(program) = program(&name) else { return false };
    // Only the first word behind the name: later ones may be a sentence's.
    let second = arguments.iter().enumerate().filter(|(at, b)| b.is_ascii_whitespace() && *at > 0).nth(1);
    let first = head(arguments, second.map_or(arguments.len(), |(at, _)| at));
    let has_evidence = has_command_argument(first);
    let is_path = ["/bin/", "/usr/", "/sbin/"].iter().any(|directory| begins(value, directory));
    let written = head(value, value.len() - arguments.len());
    has_evidence && (program.is_certain || is_sensitive(arguments))
        || is_path && (has_evidence || arguments.trim_ascii().is_empty())
        || is_obfuscated(written) && name.len() > 1 && !is_short_mixed_case(&name, written)
}

/// Whether there is something that only a shell understands.
fn is_shell_only(value: &[u8]) -> bool {
    static NEAR: Set = Set::new(&["for %", "/etc/", "/bin/"]);
    if SHELL_WORDS.occurs(value) {
        return true;
    }
    if !NEAR.occurs(value) {
        return false;
    }
    let lower = value.to_ascii_lowercase();
    // A loop of cmd.
    if has(&lower, "for %") && has(&lower, " in (") && has(&lower, ") do") {
        return true;
    }
    // `/etc/pas[s]wd`: wildcards in a path of the system.
    let Some(at) = find(&lower, "/etc/").or(find(&lower, "/bin/")) else { return false };
    if before(&lower, at).is_some_and(|b| b.is_ascii_alphanumeric() || b == b'.') {
        return false;
    }
    let name = tail(&lower, at + 5).split(|b| b.is_ascii_whitespace()).next().unwrap_or_default();
    name.iter().any(|b| matches!(b, b'?' | b'*' | b'[')) && name.iter().any(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use crate::Class::Shell;
    use crate::Confidence::*;
    use crate::testing::{finds, passes};

    #[test]
    fn attacks_are_found() {
        finds(
            Shell,
            High,
            &[
                "x; cat /etc/passwd",
                "x|id",
                "x && whoami",
                "x\nid",
                "$(id)",
                "`id`",
                "x; c''at /etc/passwd",
                "x; /b?n/c[a]t x",
                "x;{cat,/etc/passwd}",
                "x;cat${IFS}/etc/passwd",
                "x; $a$b",
                "x; $SHELL -c id",
                "x; . /tmp/x",
                "; date",
                "x; sudo id",
                "x; while true; do id; done",
                "x; sleep 10",
                "x| net user",
                "sudo id",
                "/bin/ls -la",
                "cat /etc/passwd",
                "() { :;}; id",
                "--upload-pack=id",
                "-oProxyCommand=id",
                "x; Get-Process",
                "bash<<<id",
                "x 2>&1",
                "/dev/tcp/10.0.0.1/80",
                "%COMSPEC%",
                "/etc/pas[s]wd",
                "<(id)",
                "x%3Bcat%20/etc/passwd",
                "x; python3.10 -c 1",
                "x;ls -la",
                "a;time id",
            ],
        );
        // Neighbours of code that a text quotes.
        finds(
            Shell,
            High,
            &[
                "x `id`",
                "x`id`",
                "a.txt;`id`",
                "`ls -la | grep x`",
                "look at x`id`",
                "look at it; `id`; ls -la",
                "look at `cat /etc/passwd`",
                "look at `ls`\ncat /etc/passwd",
                "look at\n```\nls\n```\n; ls -la",
                "<https://x.example|id> `id`",
                "/bin/sh -c #(nop) CMD [\"a\"]; ls -la",
                "/bin/sh -c #(nop) CMD $(id)",
                "/bin/sh -c #(nop) x\nls -la",
                "/bin/sh -c id",
            ],
        );
        finds(
            Shell,
            Low,
            &["You can use the shell; cat /etc/passwd is what shows the users of a system to you."],
        );
    }

    #[test]
    fn honest_neighbours_pass() {
        passes(
            Shell,
            &[
                "cats & dogs; more",
                "git; bash; curl",
                "| Name | Date |",
                "use `ls` and `cat` to see",
                "$(\"#id\").hide()",
                "$((1+1))",
                "a=b&id=1",
                "&lt;id&gt;",
                "f(&date, 1)",
                "x; date",
                "x|ID",
                "one\ntwo\nfind it",
                "Tom & Jerry; cat and mouse",
                "(a|x\\d)",
                "R&D",
                "find me at home",
                "look at `ls -la`",
                "Run `ls -la | grep x` then",
                "Run `a` then\r\n\r\n    sudo apt-get update && sudo apt-get install x\r\n    cat /etc/x/x.conf",
                "deploy done :tada: <https://x.example|link> `kubectl get pods | grep api` &amp; <@U123>",
                "Steps are:\n```\n$ curl -s localhost | sh\n```\nSee it",
                "/bin/sh -c #(nop) ADD file:abc in / ",
                "/bin/sh -c #(nop)  CMD [\"/bin/sh\" \"-c\" \"app\"]",
            ],
        );
    }
}
