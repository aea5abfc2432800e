//! Commands: a value that ends the one in which it stands and begins another, for sh, cmd and PowerShell.
//!
//! What follows `;`, `|`, `&`, a line break, or stands within `$(...)` or backticks has to be a command: a program that
//! there is, spelled with any quotes, backslashes, variables and wildcards that the shell takes away. Programs whose
//! names are words need something that only a command has: an option, a path, nothing else at all.

mod command;
mod names;

use self::command::{
    Behind, command, has_command_argument, is_command, is_given, is_short, is_spelled, known, sensitive,
    single_argument,
};
use crate::bytes::{Set, begins, has};
use crate::{Confidence, Found, Text, marks};

/// Judges one reading.
pub(crate) fn detect(text: &Text<'_>) -> Found {
    let value = text.bytes;
    const PARTS: u64 = marks::of(b";|&");
    const SUBSTITUTES: u64 = marks::of(b"$`<>");
    const ARGUMENTS: u64 = marks::of(b" $<{'\"\\/*?^`");
    const TELLS: u64 = marks::of(b"$/%><-(");
    let weaken = |found: Found| {
        found.map(|(confidence, reason)| match text.is_prose() {
            true => (Confidence::Low, reason),
            false => (confidence, reason),
        })
    };
    if has(value, "() {") && has(value, "}") && (value.trim_ascii_start().starts_with(b"()")) {
        return Some((Confidence::High, "a function for the shell that runs what is behind it"));
    }
    if is_option(value) {
        return Some((Confidence::High, "an option by which a program runs another"));
    }
    let asked = |marks: u64, ask: fn(&[u8]) -> Found| text.any(marks).then(|| ask(value)).flatten();
    weaken(
        asked(PARTS, separated)
            .or_else(|| asked(SUBSTITUTES, substituted))
            .or_else(|| asked(ARGUMENTS, alone))
            .or_else(|| asked(TELLS, telling)),
    )
}

/// Behind what parts commands.
fn separated(value: &[u8]) -> Found {
    let parts = |b: &u8| matches!(b, b';' | b'|' | b'&' | b'\n' | b'\r');
    let mut at = 0;
    while let Some(offset) = value[at..].iter().position(parts) {
        let start = at + offset;
        // A run of them, and of white space, parts once.
        let length = value[start..].iter().take_while(|b| parts(b) || b.is_ascii_whitespace()).count();
        let (run, follows) = value[start..].split_at(length);
        at = start + length;
        // `&lt;` ends with none.
        let run = if run[0] == b';' && is_entity(&value[..start]) { &run[1..] } else { run };
        if !run.iter().any(parts) || is_of_query(run, follows) || is_reference(&value[..start], run) {
            continue;
        }
        let broken = run.iter().all(|b| !matches!(b, b';' | b'|' | b'&'));
        let before = &value[..start];
        // Lines of a text that says what to run.
        let told = broken && start > 0 && words(&value[start.saturating_sub(200)..start]) > 2;
        // One word, and one line behind it.
        let is_word = start < 64 && !before.trim_ascii().iter().any(u8::is_ascii_whitespace);
        let last = !follows[..follows.len().min(256)].trim_ascii_end().contains(&b'\n');
        let doubled = run.starts_with(b"&&") || run.starts_with(b"||") || run.starts_with(b"|&");
        let closes = matches!(before.last(), Some(b'\'' | b'"' | b')'));
        let behind = Behind {
            line: broken && start > 0 && !(is_word && last),
            nothing: start == 0,
            statement: start == 0 && !is_row(value),
            word: is_word && (broken || doubled || closes),
            sure: is_word && (doubled || closes && !broken),
        };
        if is_command(follows, behind)
            && (!told || sensitive(&follows[..follows.len().min(256)]))
            && !is_list(value)
        {
            return Some((Confidence::High, "ends a command, and begins another"));
        }
    }
    None
}

/// `| Name | Date |`: a row of a table.
fn is_row(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let row = value.split(|b| *b == b'\n').next().unwrap_or(value).trim_ascii_end();
    row.starts_with(b"|")
        && !row.starts_with(b"||")
        && row.ends_with(b"|")
        && row.len() > 1
        && row.contains(&b' ')
}

/// `git; bash; curl`: words in a row, as tags are.
fn is_list(value: &[u8]) -> bool {
    const LONGEST: usize = 512;
    let is_word = |item: &[u8]| {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+' | b'#');
        (1..24).contains(&item.len()) && item.iter().all(plain)
    };
    let items = || value.split(|b| matches!(b, b';' | b'|' | b'&' | b',' | b'\n')).map(<[u8]>::trim_ascii);
    value.len() < LONGEST && items().count() > 2 && items().all(is_word)
}

/// `&name=` is of a query, and `&name;` of HTML.
fn is_of_query(run: &[u8], follows: &[u8]) -> bool {
    let length = crate::bytes::name(&follows[..follows.len().min(64)]).len();
    run == b"&" && matches!(follows.get(length), Some(b'=' | b';'))
}

/// A reference of C or Rust: `(&x`.
fn is_reference(before: &[u8], run: &[u8]) -> bool {
    run.trim_ascii_end() == b"&" && matches!(before.last(), Some(b'(' | b',' | b'<' | b':' | b'='))
}

trait TrimStart {
    fn trim_start_matches(&self, bytes: &[u8]) -> &[u8];
}

impl TrimStart for [u8] {
    fn trim_start_matches(&self, bytes: &[u8]) -> &[u8] {
        let length = self.iter().take_while(|b| bytes.contains(b)).count();
        &self[length..]
    }
}

fn is_entity(before: &[u8]) -> bool {
    let length = before.iter().rev().take(8).take_while(|b| b.is_ascii_alphanumeric() || **b == b'#').count();
    length > 0 && before.len() > length && before[before.len() - length - 1] == b'&'
}

/// `$(...)`, `` `...` ``, `<(...)`.
fn substituted(value: &[u8]) -> Found {
    let mut quotes = 0;
    for (at, pair) in value.windows(2).enumerate() {
        quotes += usize::from(pair[0] == b'`');
        let inner = match pair {
            b"$(" | b"<(" | b">(" => &value[at + 2..],
            [b'`', _] => &value[at + 1..],
            _ => continue,
        };
        let is_cut = inner.len() > 256;
        let inner = &inner[..inner.len().min(256)];
        let end = memchr::memchr2(b')', b'`', inner).or(is_cut.then_some(inner.len()));
        let Some(end) = end.filter(|end| *end > 0) else { continue };
        // `$((1+1))` is arithmetic, and `$(...)` is jQuery.
        if inner.starts_with(b"(") || pair == b"$(" && is_selector(inner) {
            continue;
        }
        let quoted = pair[0] == b'`';
        let given = pair != b"$(" && !quoted || pair == b"$(" && single_argument(&inner[..end]);
        let is_word = || {
            command(inner.trim_ascii_start()).is_some_and(|(name, rest)| {
                known(&name).is_some()
                    && rest.first().is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b')' | b'`'))
            })
        };
        let whole = quoted && at == 0 && end + 2 == value.len() && is_word();
        let runs = || {
            (is_command(&inner[..end], Behind { nothing: true, ..Behind::default() }) || given && is_word())
                && (!quoted || !is_code_word(&inner[..end]))
        };
        // A piece of code in a text, as Markdown writes it; or the text between two.
        let span = || {
            let around =
                words(&value[at.saturating_sub(200)..at]) + words(inner.get(end + 1..).unwrap_or(b""));
            let within = if quotes % 2 == 0 { words(&inner[..end]) } else { 0 };
            quoted && around + within > 2 && !sensitive(inner)
        };
        if whole || runs() && !span() {
            return Some((Confidence::High, "a command whose output stands for it"));
        }
    }
    None
}

/// `$("#id")`, `$('body')`, `$(this)` of jQuery.
fn is_selector(inner: &[u8]) -> bool {
    match inner {
        [b'#' | b'.', ..] => true,
        [quote @ (b'"' | b'\''), rest @ ..] => {
            let end = memchr::memchr(*quote, rest).unwrap_or(rest.len());
            let behind = rest.get(end + 1..).unwrap_or(b"").trim_ascii_start();
            // A word that is quoted in part, or has arguments, is a command's.
            behind.first().is_none_or(|b| matches!(b, b')' | b',' | b'+'))
        }
        _ => false,
    }
}

/// How many words of letters a text has.
fn words(text: &[u8]) -> usize {
    let is_word = |word: &&[u8]| {
        let word = word.strip_suffix(b".").or(word.strip_suffix(b",")).unwrap_or(word);
        word.len() > 1 && word.iter().all(u8::is_ascii_alphabetic)
    };
    text.split(|b| b.is_ascii_whitespace()).filter(is_word).count()
}

/// A word between backticks is code in a text, as long as it is one word.
fn is_code_word(inner: &[u8]) -> bool {
    let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    inner.iter().all(word)
        && !["id", "whoami", "uname", "ls", "pwd", "ps", "reboot"]
            .iter()
            .any(|known| known.as_bytes() == inner)
}

/// A command that the value is as a whole.
fn alone(value: &[u8]) -> Found {
    let value = value.trim_ascii();
    let value = value.strip_prefix(b"'").or(value.strip_prefix(b"\"")).unwrap_or(value);
    let (name, arguments) = command(value)?;
    // `time id`, `sudo id`.
    if is_given(value) {
        return Some((Confidence::High, "a command"));
    }
    let path = value.starts_with(b"/") || value.contains(&b'\\');
    let (sure, _) = known(&name)?;
    // The first words decide: what comes later may be a sentence's.
    let first = arguments.iter().enumerate().filter(|(at, b)| b.is_ascii_whitespace() && *at > 0).nth(1);
    let evidence = has_command_argument(&arguments[..first.map_or(arguments.len(), |(at, _)| at)]);
    let is_path = path
        && (begins(value, "/bin/")
            || begins(value, "/usr/bin/")
            || begins(value, "/sbin/")
            || begins(value, "/usr/"));
    let written = &value[..value.len() - arguments.len()];
    let spelled = is_spelled(written) && name.len() > 1 && !is_short(&name, written);
    ((evidence && (sure || sensitive(arguments)))
        || (is_path && (evidence || arguments.trim_ascii().is_empty()))
        || spelled)
        .then_some((Confidence::High, "a command"))
}

/// Options of git, ssh, tar, rsync and their like that name a command.
fn is_option(value: &[u8]) -> bool {
    const RUN: &[&str] = &[
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
    value.starts_with(b"-") && RUN.iter().any(|option| begins(value, option))
}

/// What only shells understand, wherever it stands.
fn telling(value: &[u8]) -> Found {
    static TELLING: Set = Set::new(&[
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
    if TELLING.occurs(value) {
        return Some((Confidence::High, "words that only a shell understands"));
    }
    static NEAR: Set = Set::new(&["for %", "/etc/", "/bin/"]);
    if !NEAR.occurs(value) {
        return None;
    }
    let lower = value.to_ascii_lowercase();
    let loop_of_cmd = has(&lower, "for %") && has(&lower, " in (") && has(&lower, ") do");
    // `/etc/pas[s]wd`: wildcards in a path of the system.
    let place = memchr::memmem::find(&lower, b"/etc/").or(memchr::memmem::find(&lower, b"/bin/"));
    let wild = place
        .filter(|at| *at == 0 || !(lower[*at - 1].is_ascii_alphanumeric() || lower[*at - 1] == b'.'))
        .is_some_and(|at| {
            let word = lower[at + 5..].split(|b| b.is_ascii_whitespace()).next().unwrap_or(b"");
            word.iter().any(|b| matches!(b, b'?' | b'*' | b'[')) && word.iter().any(u8::is_ascii_alphabetic)
        });
    (loop_of_cmd || wild).then_some((Confidence::High, "words that only a shell understands"))
}
