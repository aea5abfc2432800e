//! Line breaks that end a header or a command: of HTTP (RFC 9112), of mail (RFC 5322, RFC 5321) and of IMAP.

use crate::bytes::begins;
use crate::{Confidence, Found, Text};

/// Headers that change what an answer is.
const HTTP: &[&str] = &[
    "set-cookie:",
    "set-cookie2:",
    "location:",
    "content-length:",
    "content-type:",
    "transfer-encoding:",
    "refresh:",
    "http/1.",
    "http/2",
    "access-control-allow-",
    "x-xss-protection:",
    "content-security-policy:",
    "host:",
    "x-",
    "content-disposition:",
];
/// Headers that change whom a mail goes to, or what it is.
const MAIL: &[&str] = &[
    "bcc:",
    "cc:",
    "to:",
    "from:",
    "subject:",
    "reply-to:",
    "mime-version:",
    "content-transfer-encoding:",
    "x-mailer:",
    "return-path:",
    "sender:",
];
/// Commands of SMTP and IMAP.
const COMMANDS: &[&str] =
    &["mail from:", "rcpt to:", "data", "ehlo ", "helo ", "vrfy ", "expn ", "quit", "rset"];

/// Judges one reading.
pub(crate) fn detect(text: &Text<'_>) -> Found {
    let value = text.bytes;
    let mut at = 0;
    let mut commands = 0;
    let first = memchr::memchr2(b'\n', b'\r', value)?;
    // Parts of a form that was sent as it is have headers of their own.
    let is_form = value.starts_with(b"--");
    let of_form = |line: &[u8]| is_form && begins(line, "content-");
    // What stands in a value of one line, and in one that goes on with nothing but headers.
    let mut one_line = !value[..first].contains(&b' ');
    while let Some(offset) = memchr::memchr2(b'\n', b'\r', &value[at..]) {
        let break_at = at + offset;
        at = break_at + 1;
        let line = value[at..].strip_prefix(b"\n").unwrap_or(&value[at..]);
        let line = &line[line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count()..];
        let end = memchr::memchr2(b'\r', b'\n', line).unwrap_or(line.len());
        let line = &line[..end];
        // Few lines begin as any that matters.
        if !line.first().is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        if of_form(line) {
            continue;
        }
        if (one_line || break_at < 60) && HTTP.iter().any(|name| begins(line, name)) && !text.is_prose() {
            return Some((Confidence::High, "a line break, and a header behind it"));
        }
        let mailed =
            one_line && MAIL.iter().any(|name| begins(line, name) && line.get(name.len()) != Some(&b':'));
        if mailed && !text.is_prose() {
            return Some((Confidence::High, "a line break, and a header of a mail behind it"));
        }
        // Letters and reports have lines, too.
        one_line &= is_header(line);
        let word = line.trim_ascii();
        commands += usize::from(COMMANDS.iter().any(|command| match command.ends_with([':', ' ']) {
            true => begins(line, command),
            false => word.eq_ignore_ascii_case(command.as_bytes()),
        }));
        if commands > 1 || (commands > 0 && (begins(line, "rcpt to:<") || begins(line, "mail from:<"))) {
            return Some((Confidence::High, "commands of a mail server"));
        }
        let tagged = line.first().is_some_and(|b| matches!(b, b'v' | b'V' | b'a' | b'A'))
            && line.get(1).is_some_and(u8::is_ascii_digit);
        let imap = tagged
            && [
                " capability",
                " fetch ",
                " select ",
                " login ",
                " create ",
                " delete ",
                " list ",
                " store ",
                " logout",
            ]
            .iter()
            .any(|command| crate::bytes::has(&line[..line.len().min(40)].to_ascii_lowercase(), command));
        if imap {
            return Some((Confidence::High, "commands of a mail server"));
        }
    }
    None
}

/// Whether a line is `Name: value`.
fn is_header(line: &[u8]) -> bool {
    let name = line.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
    name > 0 && line.get(name) == Some(&b':')
}
