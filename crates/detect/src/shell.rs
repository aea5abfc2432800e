//! Commands: a value that ends the one in which it stands and begins another, for sh, cmd and PowerShell.
//!
//! What follows `;`, `|`, `&`, a line break, or stands within `$(...)` or backticks has to be a command: a program that
//! there is, spelled with any quotes, backslashes, variables and wildcards that the shell takes away. Programs whose
//! names are words need something that only a command has: an option, a path, nothing else at all.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::bytes::{Set, begins, has};
use crate::{Confidence, Text, marks};

type Found = Option<(Confidence, &'static str)>;

/// Programs with names that are no words of a language.
const PROGRAMS: &[&str] = &[
    "wget",
    "curl",
    "nc",
    "ncat",
    "netcat",
    "bash",
    "sh",
    "zsh",
    "ksh",
    "csh",
    "tcsh",
    "busybox",
    "whoami",
    "uname",
    "ifconfig",
    "ipconfig",
    "netstat",
    "nslookup",
    "traceroute",
    "tracert",
    "python2",
    "python3",
    "awk",
    "gawk",
    "sed",
    "grep",
    "egrep",
    "chmod",
    "chown",
    "chgrp",
    "rm",
    "rmdir",
    "mkdir",
    "mv",
    "cp",
    "ls",
    "ll",
    "lsof",
    "pwd",
    "ps",
    "killall",
    "pkill",
    "sudo",
    "id",
    "printenv",
    "crontab",
    "passwd",
    "useradd",
    "usermod",
    "adduser",
    "ssh",
    "scp",
    "sftp",
    "ftp",
    "tftp",
    "telnet",
    "rsync",
    "tcpdump",
    "nmap",
    "hping3",
    "base64",
    "xxd",
    "od",
    "hexdump",
    "openssl",
    "gcc",
    "tar",
    "gzip",
    "gunzip",
    "unzip",
    "dd",
    "df",
    "du",
    "umount",
    "lsblk",
    "fdisk",
    "iptables",
    "systemctl",
    "apt",
    "apt-get",
    "yum",
    "dpkg",
    "rpm",
    "kubectl",
    "nohup",
    "xargs",
    "tac",
    "ping",
    "ping6",
    "dig",
    "phpinfo",
    "powershell",
    "pwsh",
    "cmd",
    "cmd.exe",
    "certutil",
    "bitsadmin",
    "mshta",
    "regsvr32",
    "rundll32",
    "wmic",
    "systeminfo",
    "tasklist",
    "taskkill",
    "mknod",
    "mkfifo",
    "socat",
    "vi",
    "vim",
    "htop",
    "strace",
    "ltrace",
    "gdb",
    "irb",
    "ansible",
    "c99",
    "c89",
    "jq",
    "screen",
    "tmux",
    "tclsh",
    "gem",
    "npm",
    "npx",
    "yarn",
    "javac",
    "nikto",
    "sqlmap",
    "mysqldump",
    "psql",
    "sqlite3",
    "redis-cli",
    "mongosh",
    "gcloud",
    "lwp-download",
    "aria2c",
    "lynx",
    "w3m",
    "elinks",
    "bzip2",
    "xz",
    "base32",
    "md5sum",
    "sha1sum",
    "sha256sum",
    "uuencode",
    "iconv",
    "wscript",
    "cscript",
    "msiexec",
    "schtasks",
    "netsh",
    "attrib",
    "icacls",
    "vssadmin",
    "findstr",
    "forfiles",
    "pg_dump",
    "dmesg",
    "lscpu",
    "lspci",
    "getent",
    "groupadd",
    "visudo",
    "chroot",
    "setfacl",
    "getfacl",
    "ssh-keygen",
    "httpie",
    "nft",
    "ufw",
    "journalctl",
    "unxz",
    "zcat",
    "bzcat",
    "xzcat",
    "zless",
    "zmore",
    "timeout",
    "stdbuf",
    "setsid",
    "doas",
    "pkexec",
    "gpg",
    "scrot",
    "ffmpeg",
    "nslookup.exe",
    "curl.exe",
    "powershell.exe",
    "iwr",
    "iex",
];

/// Programs whose names are words, too.
const WORDS: &[&str] = &[
    "cat", "at", "who", "w", "find", "sort", "cut", "head", "tail", "more", "less", "time", "date", "test",
    "host", "split", "join", "look", "last", "man", "top", "watch", "wait", "type", "set", "echo", "printf",
    "sleep", "read", "export", "touch", "file", "link", "stat", "diff", "comm", "paste", "fold", "history",
    "alias", "source", "which", "whereis", "locate", "groups", "hostname", "uptime", "free", "reboot",
    "shutdown", "halt", "init", "mail", "write", "wall", "dir", "del", "copy", "move", "net", "start", "ver",
    "route", "arp", "dash", "fish", "python", "perl", "ruby", "php", "node", "lua", "kill", "su", "env",
    "cc", "make", "zip", "mount", "service", "docker", "tee", "rev", "nl", "strings", "eval", "exec",
];

/// Names of programs, and whether they are no words.
static NAMES: LazyLock<HashMap<&[u8], bool>> = LazyLock::new(|| {
    let words = WORDS.iter().map(|name| (name.as_bytes(), false));
    words.chain(PROGRAMS.iter().map(|name| (name.as_bytes(), true))).collect()
});

/// Judges one reading.
pub(crate) fn detect(text: &Text<'_>) -> Found {
    let value = text.bytes;
    const PARTS: u64 = marks::of(b";|&");
    const SUBSTITUTES: u64 = marks::of(b"$`<>");
    const ARGUMENTS: u64 = marks::of(b" $<{'\"\\/*?");
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
    for (at, byte) in value.iter().enumerate() {
        let behind = &value[at + 1..];
        let follows = match byte {
            b';' | b'|' | b'&' => behind.trim_start_matches(b";|&"),
            b'\n' | b'\r' => behind,
            _ => continue,
        };
        // `&amp;` and `&name=` are of HTML and of queries.
        let of_query = *byte == b'&'
            && value.get(at + 1) != Some(&b'&')
            && !behind.first().is_some_and(|b| b.is_ascii_whitespace())
            && {
                let length = crate::bytes::name(behind).len();
                matches!(behind.get(length), Some(b'=' | b';'))
            };
        let of_entity = *byte == b';' && is_entity(&value[..at]);
        // A reference of C or Rust.
        let of_reference =
            *byte == b'&' && at > 0 && matches!(value[at - 1], b'(' | b',' | b'<' | b':' | b'=');
        if of_query || of_entity || of_reference {
            continue;
        }
        let line = (*byte == b'\n' || *byte == b'\r') && at > 0;
        // Lines of a text that says what to run.
        let told = line && words(&value[at.saturating_sub(200)..at]) > 2;
        if is_command(follows, line, at == 0) && (!told || sensitive(&follows[..follows.len().min(256)])) {
            return Some((Confidence::High, "ends a command, and begins another"));
        }
    }
    None
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
    for (at, pair) in value.windows(2).enumerate() {
        let inner = match pair {
            b"$(" | b"<(" | b">(" => &value[at + 2..],
            [b'`', _] => &value[at + 1..],
            _ => continue,
        };
        let inner = &inner[..inner.len().min(256)];
        let Some(end) = memchr::memchr2(b')', b'`', inner) else { continue };
        // `$((1+1))` is arithmetic, and `$(...)` is jQuery.
        if inner.starts_with(b"(")
            || matches!(inner.first(), Some(b'"' | b'\'' | b'#' | b'.')) && pair == b"$("
        {
            continue;
        }
        let quoted = pair[0] == b'`';

        // A piece of code in a text, as Markdown writes it.
        let span = quoted
            && words(&value[at.saturating_sub(200)..at]) + words(inner.get(end + 1..).unwrap_or(b"")) > 2;
        if span && !sensitive(inner) {
            continue;
        }
        let given = pair != b"$(" && !quoted || pair == b"$(" && single_argument(&inner[..end]);
        let is_word = || {
            command(inner.trim_ascii_start()).is_some_and(|(name, rest)| {
                known(&name).is_some()
                    && rest.first().is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b')' | b'`'))
            })
        };
        let whole = quoted && at == 0 && end + 2 == value.len() && is_word();
        if whole {
            return Some((Confidence::High, "a command whose output stands for it"));
        }
        if (is_command(&inner[..end], false, true) || given && is_word())
            && (!quoted || !is_code_word(&inner[..end]))
        {
            return Some((Confidence::High, "a command whose output stands for it"));
        }
    }
    None
}

/// How many words of letters a text has.
fn words(text: &[u8]) -> usize {
    let is_word = |word: &&[u8]| word.len() > 1 && word.iter().all(u8::is_ascii_alphabetic);
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
    // `time id`, `sudo id`: a command that another is given to.
    const GIVEN: &[&str] = &[
        "time", "env", "nohup", "sudo", "doas", "strace", "xargs", "exec", "eval", "timeout", "nice",
        "command", "builtin", "busybox",
    ];
    if GIVEN.iter().any(|known| known.as_bytes() == name)
        && arguments.starts_with(b" ")
        && is_command(arguments, false, false)
    {
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
    let spelled = is_spelled(&value[..value.len() - arguments.len()]);
    ((evidence && (sure || sensitive(arguments)))
        || (is_path && (evidence || arguments.trim_ascii().is_empty()))
        || spelled)
        .then_some((Confidence::High, "a command"))
}

/// What only shells understand, wherever it stands.
fn telling(value: &[u8]) -> Found {
    let lower = value.to_ascii_lowercase();
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
    let loop_of_cmd = has(&lower, "for %") && has(&lower, " in (") && has(&lower, ") do");
    // `/etc/pas[s]wd`: wildcards in a path of the system.
    let place = memchr::memmem::find(&lower, b"/etc/").or(memchr::memmem::find(&lower, b"/bin/"));
    let wild = place
        .filter(|at| *at == 0 || !(lower[*at - 1].is_ascii_alphanumeric() || lower[*at - 1] == b'.'))
        .is_some_and(|at| {
            let word = lower[at + 5..].split(|b| b.is_ascii_whitespace()).next().unwrap_or(b"");
            word.iter().any(|b| matches!(b, b'?' | b'*' | b'[')) && word.iter().any(u8::is_ascii_alphabetic)
        });
    (loop_of_cmd || wild || TELLING.occurs(value))
        .then_some((Confidence::High, "words that only a shell understands"))
}

/// Whether a command stands here.
fn is_command(text: &[u8], behind_line: bool, begins: bool) -> bool {
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
fn counted(name: &[u8], arguments: &[u8]) -> bool {
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
fn single_argument(arguments: &[u8]) -> bool {
    arguments.split(|b| b.is_ascii_whitespace()).filter(|word| !word.is_empty()).count() <= 3
}

/// The command's name, without what the shell takes away, and what follows it.
fn command(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    const LONGEST: usize = 80;
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
fn is_spelled(text: &[u8]) -> bool {
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
fn known(name: &[u8]) -> Option<(bool, bool)> {
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
fn fits(pattern: &[u8], name: &[u8]) -> bool {
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

fn fits_any(pattern: &[u8], name: &[u8]) -> bool {
    (0..=name.len()).any(|from| fits_rest(&pattern[1..], &name[from..]))
}

fn fits_rest(pattern: &[u8], name: &[u8]) -> bool {
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
fn has_command_argument(arguments: &[u8]) -> bool {
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
fn sensitive(arguments: &[u8]) -> bool {
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
