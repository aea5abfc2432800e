//! Path traversal: a value that climbs out of its directory, or names a sensitive file.

use crate::byte_mask::{ByteMask, any_of};
use crate::bytes::{Set, begins, cut, find, has, has_any, is_one_of, tail};
use crate::candidate::{Candidate, Found};
use crate::confidence::Confidence;
use crate::prose::is_spoken;

/// Sensitive files and directories of operating systems and frameworks.
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

/// PHP stream wrappers.
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
/// Every sensitive file contains one of these, and so does a `file:` URL.
static KEYWORDS: Set = Set::new(&[
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

/// Inspects one variant.
pub(crate) fn detect(candidate: &Candidate<'_>) -> Found {
    let value = candidate.bytes;
    const SLASHES: ByteMask = any_of(b"/\\");
    if !candidate.has_any(SLASHES) && !has_any(value, &["..", "0x2"]) && !begins(value, "data:") {
        return None;
    }
    let unhexed = has_any(value, &["0x2", "0x5"]).then(|| unhex(value));
    let value = unhexed.as_deref().unwrap_or(value);
    // Most values have nothing of the kind.
    let unusual = has(value, "..") || value.contains(&b'\\') || value.ends_with(b"?");
    if !unusual && !KEYWORDS.occurs(value) && !WRAPPERS.occurs(value) {
        return None;
    }
    if long_climbs(value) && !candidate.is_prose() {
        return Some((Confidence::High, "climbs out of its directory"));
    }
    if let Some(reason) = climbs(value, candidate.is_prose()) {
        return Some((Confidence::High, reason));
    }
    let slashed: Vec<u8> =
        value.iter().map(|b| if *b == b'\\' { b'/' } else { b.to_ascii_lowercase() }).collect();
    if is_stream(&slashed) && !candidate.is_prose() {
        return Some((Confidence::High, "a stream wrapper that runs or rewrites what it reads"));
    }
    if has(&slashed, "file:///") || begins(&slashed, "file:/") {
        return (!candidate.is_prose()).then_some((Confidence::High, "a file: URL"));
    }
    let found = sensitive_file(value, &slashed, candidate);
    if found.is_some() {
        return found;
    }
    if includes_remote(&slashed) {
        return Some((Confidence::High, "code of another server, to be included"));
    }
    // One climb: relative links within a site have that too.
    if !value.iter().any(u8::is_ascii_whitespace) && climb(value).is_some() {
        return Some((Confidence::Medium, "climbs out of its directory"));
    }
    let share = matches!(value, [b'\\', b'\\', host, rest @ ..]
        if host.is_ascii_alphanumeric() && rest.contains(&b'\\'));
    let drive = matches!(value, [_, b':', ..]) && begins(tail(&slashed, 2), "/windows");
    (share || drive).then_some((Confidence::High, "a path of a network share or of the system"))
}

/// Whether a PHP stream is opened: at the beginning, or one that runs or filters what it reads.
fn is_stream(slashed: &[u8]) -> bool {
    WRAPPERS.occurs(slashed)
        && (has_any(slashed, &["php://filter", "php://input"])
            || WRAPPERS.find_all(slashed).any(|(at, _)| at == 0))
}

/// A sensitive file: of high confidence where the value is a path, or begins or ends with one. Texts mention such
/// files in the middle.
fn sensitive_file(value: &[u8], slashed: &[u8], candidate: &Candidate<'_>) -> Found {
    const REASON: &str = "the path of a sensitive file";
    if is_template(value) {
        return None;
    }
    // The names begin with a slash; a value that is a path may leave it out.
    let mut path = if value.iter().any(u8::is_ascii_whitespace) { Vec::new() } else { vec![b'/'] };
    path.append(&mut collapse(slashed));
    // Any file in `/etc/`.
    let is_in_etc = find(&path, "/etc/")
        .is_some_and(|at| at < 2 && path.get(at + 5).is_some_and(u8::is_ascii_alphabetic));
    if is_in_etc && !candidate.is_prose() && !is_spoken(value) {
        return Some((Confidence::High, REASON));
    }
    let name = FILES.first(&path)?;
    let at = find(&path, name).unwrap_or(0);
    let whole_path = !path.iter().any(u8::is_ascii_whitespace);
    let whole = whole_path || path.ends_with(name.as_bytes());
    // What follows a sentence is named by it; no file has such a name.
    let is_named = || !whole_path && is_spoken(value);
    if (whole || at < 2) && !candidate.is_prose() && !is_named() {
        return Some((Confidence::High, REASON));
    }
    Some((Confidence::Low, "mentions a sensitive file"))
}

/// `web/wp-config.php.dist`: what a repository holds in the place of a file, without its secrets.
fn is_template(path: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 6] = [b".dist", b".example", b".sample", b".template", b".tmpl", b".tpl"];
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_' | b'@');
    ENDINGS.iter().any(|ending| path.ends_with(ending)) && path.iter().all(is_plain)
}

/// `0x2e0x2e0x2f` becomes `../`.
fn unhex(value: &[u8]) -> Vec<u8> {
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
        rest = tail(rest, length);
    }
    out
}

/// `http://evil.test/x.txt?`: remote code; the question mark turns whatever is appended into a query.
fn includes_remote(url: &[u8]) -> bool {
    let Some(file) = url.strip_suffix(b"?") else { return false };
    let code = [".txt", ".php", ".asp", ".aspx", ".jsp", ".dat", ".inc", ".gif", ".jpg"];
    ["http://", "https://", "ftp://"].iter().any(|scheme| begins(url, scheme))
        && code.iter().any(|ending| file.ends_with(ending.as_bytes()))
}

/// `a/./b` and `a//b` become `a/b`.
fn collapse(path: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(path.len());
    let mut rest = path;
    while let [byte, after @ ..] = rest {
        let is_behind_slash = out.last() == Some(&b'/');
        rest = match rest {
            [b'/', after @ ..] | [b'.', b'/', after @ ..] if is_behind_slash => after,
            _ => {
                out.push(*byte);
                after
            }
        };
    }
    out
}

/// A climb spelled to get past a filter: `..;/`, `....//`.
fn is_evasive(climb: &[u8]) -> bool {
    climb.starts_with(b"....") || climb.iter().any(|b| !matches!(b, b'.' | b'/' | b'\\'))
}

/// `.../.../.../`, `..../..../..../`: some servers climb several directories by these.
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

/// Several climbs in a row, or one into a system directory.
fn climbs(value: &[u8], is_prose: bool) -> Option<&'static str> {
    const SYSTEM: &[&str] =
        &["etc", "proc", "windows", "winnt", "root", "boot.ini", "web-inf", "passwd", ".env", ".git"];
    let is_text = value.iter().any(u8::is_ascii_whitespace) && climb(value).is_none();
    // Prose has relative links.
    let max_row = if is_prose {
        3
    } else if is_text {
        2
    } else {
        1
    };
    let mut row = 0;
    let mut rest = value;
    while let [_, next @ ..] = rest {
        let Some(length) = climb(rest) else {
            row = 0;
            rest = next;
            continue;
        };
        row += 1;
        let (climbed, mut target) = cut(rest, length);
        // `.././../`: the current directory in between changes nothing.
        while let [b'.', b'/' | b'\\', after @ ..] = target {
            target = after;
        }
        rest = target;
        if row > max_row || is_evasive(climbed) && !is_prose && !is_text {
            return Some("climbs out of its directory");
        }
        let name = target.split(|b| is_slash(*b)).next().unwrap_or_default();
        if !is_prose && is_one_of(name, SYSTEM) {
            return Some("climbs into a system directory");
        }
    }
    let parent = value.strip_suffix(b"..").filter(|parent| parent.last().is_some_and(|b| is_slash(*b)));
    let ends = parent.is_some_and(|parent| parent.iter().filter(|b| is_slash(**b)).count() > 1);
    (ends && !is_prose && value.len() > 4 && row == 0).then_some("climbs out of its directory")
}

/// The length of `../`, `..\`, `..;/`, `....//`, `..%00/` at the beginning.
fn climb(rest: &[u8]) -> Option<usize> {
    // Five dots or more are an ellipsis, as three are.
    let dots = rest.iter().take(5).take_while(|b| **b == b'.').count();
    if dots < 2 {
        return None;
    }
    let behind = tail(rest, dots);
    let skipped = behind.iter().take_while(|b| matches!(b, 0 | 9..=13 | b';' | b'%')).count();
    let slashes = tail(behind, skipped).iter().take_while(|b| is_slash(**b)).count();
    match (dots, slashes) {
        (2, 1..) | (4, 2..) => Some(dots + skipped + slashes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::Class::Path;
    use crate::Confidence::*;
    use crate::testing::{finds, passes};

    #[test]
    fn attacks_are_found() {
        finds(
            Path,
            High,
            &[
                "../../x",
                "..\\..\\x",
                "../etc/passwd",
                "..;/x",
                "....//x",
                "..%00/x",
                "0x2e0x2e0x2f0x2e0x2e0x2fetc/x",
                ".../.../.../x",
                "/etc/passwd",
                "x/../../../y",
                "C:/boot.ini",
                "/proc/self/environ",
                "php://filter/x",
                "phar://x.phar",
                "file:///x",
                "\\\\host\\share",
                "c:\\windows\\system32",
                "http://evil.test/x.txt?",
                "%2e%2e%2f%2e%2e%2fx",
                "/a/b/c/..",
            ],
        );
        // Neighbours of names in sentences.
        finds(
            Path,
            High,
            &[
                "x /etc/passwd",
                "/etc/passwd x",
                "/etc/passwd",
                "a b\0/etc/passwd",
                "etc/passwd\0.tmpl",
                "etc/passwd",
                "../etc/passwd.tmpl",
                "x y z /etc/passwd",
            ],
        );
        finds(Path, Medium, &["../x"]);
        finds(Path, Low, &["the file /etc/passwd has users"]);
    }

    #[test]
    fn honest_neighbours_pass() {
        passes(
            Path,
            &[
                "a/b/c.txt",
                "wait... what",
                "1..10",
                "/home/me/notes.txt",
                "C:\\Users\\me",
                ".env",
                "and/or",
                "see ../a and ../b here",
                "https://example.com/a/../b",
                "etc.",
                "I like /etc/ files",
                "add it to /etc/hosts",
                "etc/passwd.tmpl",
                "web/wp-config.php.dist",
                "config/.env.sample",
                "it is in /var/log/syslog",
                "/etc/hosts is not used",
            ],
        );
    }

    #[test]
    fn climbs_are_measured() {
        for (text, length) in [
            ("../x", Some(3)),
            ("..\\\\x", Some(4)),
            ("..;/x", Some(4)),
            ("..\0/x", Some(4)),
            ("....//x", Some(6)),
            ("..../x", None),
            (".../x", None),
            ("./x", None),
            ("..x/", None),
            ("", None),
        ] {
            assert_eq!(super::climb(text.as_bytes()), length, "{text:?}");
        }
    }
}
