//! Paths: a value that climbs out of the directory it is meant for, or names a file that is nobody's to read.

use crate::bytes::{Set, begins, has};
use crate::{Confidence, Found, Text, marks};

/// Files and directories of systems and of frameworks.
static FILES: Set = Set::new(&[
    "/etc/passwd",
    "/etc/shadow",
    "/etc/hosts",
    "/etc/group",
    "/etc/issue",
    "/etc/sudoers",
    "/etc/crontab",
    "/etc/fstab",
    "/etc/ssh/",
    "/etc/mysql/",
    "/etc/nginx/",
    "/etc/apache2/",
    "/etc/httpd/",
    "/etc/resolv.conf",
    "/proc/self/",
    "/proc/version",
    "/proc/cmdline",
    "/proc/1/",
    "/var/log/",
    "/var/run/secrets",
    "/root/.",
    "/.ssh/",
    "id_rsa",
    "/.aws/",
    "/.bash_history",
    "/windows/win.ini",
    "/winnt/",
    "/windows/system32",
    "/boot.ini",
    "win.ini",
    "/web-inf/",
    "/meta-inf/",
    "/.git/",
    "/.svn/",
    "/.hg/",
    "/.htaccess",
    "/.htpasswd",
    "/.env",
    "/wp-config",
    "/web.config",
    "/sam.log",
    "/inetpub/",
    "/usr/local/apache",
    "/proc/net/",
    "/proc/sched_debug",
    "/proc/mounts",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/modules",
    "/proc/partitions",
    "/var/mail/",
    "/var/spool/",
    "/var/www/",
    "/var/lib/php",
    "/var/lib/mlocate",
    "/var/run/docker.sock",
    "/run/secrets/",
    "/run/docker.sock",
    "/boot/grub",
    "/dev/random",
    "/dev/urandom",
    "/usr/local/etc/php",
    "/lampp/etc/",
    "/tmp/sess_",
    "/ntuser.dat",
]);

/// Streams of PHP.
static WRAPPERS: Set = Set::new(&[
    "php://",
    "phar://",
    "zip://",
    "expect://",
    "glob://",
    "zlib://",
    "compress.zlib://",
    "compress.bzip2://",
    "ogg://",
    "ssh2.",
    "rar://",
    "data://text",
    "data:text/plain;base64,",
]);
/// Words of which one is in every file that is told, and what files of the server are named by.
static NAMED: Set = Set::new(&[
    "etc",
    "passwd",
    "shadow",
    "proc",
    "var",
    "root",
    "ssh",
    "id_rsa",
    ".aws",
    "bash_history",
    "win",
    "boot",
    "web-inf",
    "meta-inf",
    ".git",
    ".svn",
    ".hg",
    "htaccess",
    "htpasswd",
    ".env",
    "wp-config",
    "web.config",
    "sam.log",
    "inetpub",
    "usr",
    "run/",
    "dev/",
    "lampp",
    "sess_",
    "ntuser",
    "file:/",
]);

/// Judges one reading.
pub(crate) fn detect(text: &Text<'_>) -> Found {
    let value = text.bytes;
    const SLASHES: u64 = marks::of(b"/\\");
    if !text.any(SLASHES) && !has(value, "..") && !has(value, "0x2") && !begins(value, "data:") {
        return None;
    }
    // Slashes as numbers, for those that read them.
    let spelled = (has(value, "0x2") || has(value, "0x5")).then(|| spell(value));
    let value = spelled.as_deref().unwrap_or(value);
    // Most values have nothing of the kind.
    let odd = has(value, "..") || value.contains(&b'\\') || value.ends_with(b"?");
    if !odd && !NAMED.occurs(value) && !WRAPPERS.occurs(value) {
        return None;
    }
    if long_climbs(value) && !text.is_prose() {
        return Some((Confidence::High, "climbs out of its directory"));
    }
    if let Some(reason) = climbs(value, text.is_prose()) {
        return Some((Confidence::High, reason));
    }
    let slashed: Vec<u8> =
        value.iter().map(|b| if *b == b'\\' { b'/' } else { b.to_ascii_lowercase() }).collect();
    // What is a path as a whole begins with a slash for those that look for one.
    let mut joined = if value.iter().any(u8::is_ascii_whitespace) { Vec::new() } else { vec![b'/'] };
    joined.append(&mut collapse(&slashed));
    if let Some(found) = WRAPPERS.first(&slashed)
        && !text.is_prose()
        && (has(&slashed, "php://filter")
            || WRAPPERS.each(&slashed).any(|(at, _)| at == 0)
            || has(&slashed, found) && found == "php://filter"
            || has(&slashed, "php://input"))
    {
        return Some((Confidence::High, "a stream that runs or rewrites what it reads"));
    }
    if has(&slashed, "file:///") || begins(&slashed, "file:/") {
        return (!text.is_prose()).then_some((Confidence::High, "a file of the server, by its URL"));
    }
    // `/etc/` and a name, as a whole.
    let own = memchr::memmem::find(&joined, b"/etc/")
        .filter(|at| *at < 2 && joined.get(at + 5).is_some_and(u8::is_ascii_alphabetic));
    if own.is_some() && !text.is_prose() {
        return Some((Confidence::High, "a file that is nobody's to read"));
    }
    if let Some(name) = FILES.first(&joined) {
        // A value that is a path, or begins or ends with one: texts have them in the middle.
        let at = memchr::memmem::find(&joined, name.as_bytes()).unwrap_or(0);
        let whole = !joined.iter().any(u8::is_ascii_whitespace) || joined.ends_with(name.as_bytes());
        if (whole || at < 2) && !text.is_prose() {
            return Some((Confidence::High, "a file that is nobody's to read"));
        }
        return Some((Confidence::Low, "names a file that is nobody's to read"));
    }
    if includes(&slashed) {
        return Some((Confidence::High, "a file of another server, to be run by this one"));
    }
    // One climb by itself: links within a site have them, too.
    if !value.iter().any(u8::is_ascii_whitespace) && climb(value).is_some() {
        return Some((Confidence::Medium, "climbs out of its directory"));
    }
    let share = value.starts_with(b"\\\\")
        && value.get(2).is_some_and(u8::is_ascii_alphanumeric)
        && value[2..].contains(&b'\\');
    let drive = value.get(1) == Some(&b':') && begins(&slashed[2..], "/windows");
    (share || drive).then_some((Confidence::High, "a path of another machine or of the system"))
}

/// `0x2e0x2e0x2f` is `../`.
fn spell(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(byte) = rest.first() {
        let (byte, length) = match rest {
            [b'0', b'x' | b'X', b'2', b'e' | b'E', ..] => (b'.', 4),
            [b'0', b'x' | b'X', b'2', b'f' | b'F', ..] => (b'/', 4),
            [b'0', b'x' | b'X', b'5', b'c' | b'C', ..] => (b'\\', 4),
            _ => (*byte, 1),
        };
        out.push(byte);
        rest = &rest[length..];
    }
    out
}

/// `http://evil.test/x.txt?`: code elsewhere, and what is appended to it out of the way.
fn includes(url: &[u8]) -> bool {
    let Some(file) = url.strip_suffix(b"?") else { return false };
    let code = [".txt", ".php", ".asp", ".aspx", ".jsp", ".dat", ".inc", ".gif", ".jpg"];
    ["http://", "https://", "ftp://"].iter().any(|scheme| begins(url, scheme))
        && code.iter().any(|ending| file.ends_with(ending.as_bytes()))
}

/// `a/./b` and `a//b` are `a/b`.
fn collapse(path: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some(byte) = rest.first() {
        if *byte == b'/' && out.last() == Some(&b'/') {
            rest = &rest[1..];
        } else if out.last() == Some(&b'/') && rest.starts_with(b"./") {
            rest = &rest[2..];
        } else {
            out.push(*byte);
            rest = &rest[1..];
        }
    }
    out
}

/// A climb that only those write who want to get past something: `..;/`, `....//`.
fn odd_climb(climb: &[u8]) -> bool {
    climb.starts_with(b"....") || climb.iter().any(|b| !matches!(b, b'.' | b'/' | b'\\'))
}

/// `.../.../.../`, `..../..../..../`: some servers climb further by these.
fn long_climbs(value: &[u8]) -> bool {
    let mut parts = value
        .split(|b| is_slash(*b))
        .filter(|part| *part != b".")
        .map(|part| matches!(part, b"..." | b"...."));
    let mut row = 0;
    parts.any(|long| {
        row = if long { row + 1 } else { 0 };
        row > 2
    })
}

fn is_slash(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\')
}

/// Two or more climbs in a row, or one that goes on to a directory of the system.
fn climbs(value: &[u8], is_prose: bool) -> Option<&'static str> {
    // Where lines and words are, links are, too.
    let is_text = value.iter().any(u8::is_ascii_whitespace) && climb(value).is_none();
    let mut at = 0;
    let mut row = 0;
    while at < value.len() {
        match climb(&value[at..]) {
            Some(length) => {
                row += 1;
                let odd = odd_climb(&value[at..at + length]);
                at += length;
                // `.././../`: where one is goes on being the same.
                while value[at..].starts_with(b"./") || value[at..].starts_with(b".\\") {
                    at += 2;
                }
                // What shows where a file is relative to another is no climb out of anything, in a text.
                let wanted = if is_prose {
                    4
                } else if is_text {
                    3
                } else {
                    2
                };
                if row >= wanted || odd && !is_prose && !is_text {
                    return Some("climbs out of its directory");
                }
                let target = value[at..].split(|b| is_slash(*b)).next().unwrap_or(&[]);
                let system = [
                    "etc", "proc", "windows", "winnt", "root", "boot.ini", "web-inf", "passwd", ".env",
                    ".git",
                ];
                if !is_prose && system.iter().any(|name| target.eq_ignore_ascii_case(name.as_bytes())) {
                    return Some("climbs into a system directory");
                }
            }
            None => {
                row = 0;
                at += 1;
            }
        }
    }
    let ends = value.ends_with(b"/..") || value == b".." || value.ends_with(b"\\..");
    (ends
        && !is_prose
        && value.len() > 4
        && row == 0
        && value[..value.len() - 2].iter().filter(|b| is_slash(**b)).count() > 1)
        .then_some("climbs out of its directory")
}

/// The length of `../`, `..\`, `..;/`, `....//`, `..%00/` at the beginning.
fn climb(rest: &[u8]) -> Option<usize> {
    // Of more than four, none is a climb.
    let dots = rest.iter().take(5).take_while(|b| **b == b'.').count();
    if dots < 2 {
        return None;
    }
    let behind = &rest[dots..];
    let skipped = behind.iter().take_while(|b| matches!(b, 0 | 9..=13 | b';' | b'%')).count();
    let slashes = behind[skipped..].iter().take_while(|b| is_slash(**b)).count();
    match (dots, slashes) {
        (_, 0) => None,
        (2, _) => Some(dots + skipped + slashes),
        (4, 2..) => Some(dots + skipped + slashes),
        // An ellipsis.
        _ => None,
    }
}
