//! Header injection: a line break, and after it an HTTP header (RFC 9112), a mail header (RFC 5322) or a mail server
//! command (SMTP, RFC 5321; IMAP, RFC 3501).

use crate::bytes::{begins, cut, has, head, tail};
use crate::candidate::{Candidate, Found};
use crate::confidence::Confidence;

/// Headers that change a response.
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
/// Headers that change the recipients or the format of a mail.
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
/// SMTP commands.
const SMTP: &[&str] = &["mail from:", "rcpt to:", "data", "ehlo ", "helo ", "vrfy ", "expn ", "quit", "rset"];

/// IMAP commands, as they stand after their tag.
const IMAP: &[&str] = &[
    " capability",
    " fetch ",
    " select ",
    " login ",
    " create ",
    " delete ",
    " list ",
    " store ",
    " logout",
];

/// Inspects one variant.
pub(crate) fn detect(candidate: &Candidate<'_>) -> Found {
    let value = candidate.bytes;
    let mut at = 0;
    let mut commands = 0;
    let first = memchr::memchr2(b'\n', b'\r', value)?;
    // A multipart body sent as a value: its parts have headers of their own.
    let is_form = value.starts_with(b"--");
    // The value was one line so far, followed by nothing but headers.
    let mut one_line = !head(value, first).contains(&b' ');
    while let Some(offset) = memchr::memchr2(b'\n', b'\r', tail(value, at)) {
        let break_at = at + offset;
        at = break_at + 1;
        let line = line_at(value, at);
        // Every header and command begins with a letter; few lines of other texts do.
        if !line.first().is_some_and(u8::is_ascii_alphabetic) || is_form && begins(line, "content-") {
            continue;
        }
        let http =
            (one_line || break_at < 60) && HTTP.iter().any(|name| begins(line, name)) && !is_place(line);
        if http && !candidate.is_prose() {
            return Some((Confidence::High, "an HTTP header after a line break"));
        }
        let mail =
            one_line && MAIL.iter().any(|name| begins(line, name) && line.get(name.len()) != Some(&b':'));
        if mail && !candidate.is_prose() {
            return Some((Confidence::High, "a mail header after a line break"));
        }
        // Letters and reports have lines that look like headers too.
        one_line &= is_header(line);
        commands += usize::from(is_smtp(line));
        let addressed = begins(line, "rcpt to:<") || begins(line, "mail from:<");
        if commands > 1 || commands > 0 && addressed || is_imap(line) {
            return Some((Confidence::High, "mail server commands after a line break"));
        }
    }
    None
}

/// The line from a position on, without the other half of CR LF and without indentation.
fn line_at(value: &[u8], at: usize) -> &[u8] {
    let rest = tail(value, at);
    let rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    let line = tail(rest, rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count());
    head(line, memchr::memchr2(b'\r', b'\n', line).unwrap_or(line.len()))
}

/// `Location: Main hall`: where something takes place. A response's location is an address (RFC 9110 §10.2.2).
fn is_place(line: &[u8]) -> bool {
    const NAME: &str = "location:";
    let is_address = |b: &u8| matches!(b, b'/' | b':' | b'\\' | b'%');
    let target = tail(line, NAME.len()).trim_ascii();
    let first = target.split(|b| b.is_ascii_whitespace()).next().unwrap_or_default();
    begins(line, NAME)
        && !first.is_empty()
        && !first.iter().any(is_address)
        && !head(first, first.len().saturating_sub(1)).contains(&b'.')
}

fn is_smtp(line: &[u8]) -> bool {
    let word = line.trim_ascii();
    SMTP.iter().any(|command| match command.ends_with([':', ' ']) {
        true => begins(line, command),
        false => word.eq_ignore_ascii_case(command.as_bytes()),
    })
}

/// `a1 LOGIN x y`: a tag, and a command of IMAP.
fn is_imap(line: &[u8]) -> bool {
    let [b'v' | b'V' | b'a' | b'A', b'0'..=b'9', ..] = line else { return false };
    let lower = head(line, 40).to_ascii_lowercase();
    IMAP.iter().any(|command| has(&lower, command))
}

/// Whether a line is `Name: value`.
fn is_header(line: &[u8]) -> bool {
    let (name, rest) =
        cut(line, line.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count());
    !name.is_empty() && rest.starts_with(b":")
}

#[cfg(test)]
mod tests {
    use crate::Class::Headers;
    use crate::Confidence::*;
    use crate::testing::{finds, passes};

    #[test]
    fn attacks_are_found() {
        finds(
            Headers,
            High,
            &[
                "x\r\nSet-Cookie: a=b",
                "x\nLocation: https://evil.test",
                "x\nLocation: //evil.test a",
                "x\nLocation: evil.test a",
                "x\nLocation: home.html",
                "Lunch\nLocation: Main hall\nSet-Cookie: a=b",
                "x\r\n\tX-Forwarded-Host: evil.test",
                "x\r\nOther: 1\r\nContent-Length: 0",
                "me@example.com\nBcc: all@example.com",
                "x\r\nRCPT TO:<a@example.com>",
                "x\nquit\nrset",
                "x\nA1 LOGIN a b",
                "x%0d%0aSet-Cookie: a=b",
                "x\u{560d}\u{560a}Set-Cookie: a=b",
            ],
        );
    }

    #[test]
    fn honest_neighbours_pass() {
        passes(
            Headers,
            &[
                "one line\nanother line",
                "12 Main Street\nSpringfield\nTo: nobody in particular",
                "see:\n- a\n- b",
                "std::vector\nto::string",
                "--b\r\nContent-Type: text/plain\r\n\r\nx",
                "x\ndata",
                "Lunch\nLocation: Main hall",
                "Lunch\nLOCATION:St. Gallen",
                "Lunch\nLocation: Kitchen",
                "no line break; Set-Cookie: a=b",
            ],
        );
    }
}
