//! `multipart/form-data` (RFC 7578), with an eye for everything that two readers may read in two ways.

use super::split_at_byte;
use crate::slice::{cut, head, tail};

/// A multipart body, read.
#[derive(Debug, Default)]
pub struct Multipart {
    /// Its parts, in order.
    pub parts: Vec<Part>,
    /// What is unusual about it.
    pub flags: Flags,
    /// Why it is not one, or not whole.
    pub error: Option<&'static str>,
}

/// What is odd about it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Flags {
    /// The boundary is quoted.
    pub boundary_quoted: bool,
    /// There is white space around the boundary's `=`.
    pub boundary_whitespace: bool,
    /// Data before the first boundary.
    pub data_before: bool,
    /// Data after the last boundary.
    pub data_after: bool,
    /// A header goes on in a second line.
    pub header_folding: bool,
    /// It does so after an unusual blank.
    pub invalid_header_folding: bool,
    /// A line ends with a bare LF.
    pub lf_line: bool,
    /// Some lines end with CRLF and some with LF.
    pub crlf_lf_lines: bool,
    /// No semicolon before the boundary.
    pub missing_semicolon: bool,
    /// A parameter is quoted in an unusual way.
    pub invalid_quoting: bool,
    /// A part has no valid headers.
    pub invalid_part: bool,
    /// More files than the limit.
    pub file_limit: bool,
    /// A line begins like a boundary and is another.
    pub unmatched_boundary: bool,
}

impl Flags {
    /// `MULTIPART_STRICT_ERROR`: any of those that no honest client makes.
    pub fn strict(&self) -> bool {
        self.boundary_quoted
            || self.boundary_whitespace
            || self.data_before
            || self.data_after
            || self.header_folding
            || self.lf_line
            || self.missing_semicolon
            || self.invalid_quoting
            || self.invalid_part
            || self.invalid_header_folding
            || self.file_limit
    }
}

/// One part.
#[derive(Debug, Default)]
pub struct Part {
    /// Its field name.
    pub name: Vec<u8>,
    /// Its file name.
    pub file_name: Option<Vec<u8>>,
    /// Its header lines, as written.
    pub headers: Vec<Vec<u8>>,
    /// Its content.
    pub content: Vec<u8>,
}

/// Parts of one body, and files among them.
const MAX_PARTS: usize = 10_000;
const MAX_FILES: usize = 100;

/// Reads a body. What can be read of a broken one is read all the same.
pub fn read(content_type: &[u8], body: &[u8]) -> Multipart {
    let mut out = Multipart::default();
    let Some(boundary) = boundary(content_type, &mut out.flags) else {
        out.error = Some("Multipart: Boundary not found in C-T.");
        return out;
    };
    let mut current: Option<Open> = None;
    let mut is_complete = false;
    let (mut crlf, mut lf) = (false, false);
    for line in body.split_inclusive(|b| *b == b'\n') {
        if line.ends_with(b"\r\n") {
            crlf = true;
        } else if line.ends_with(b"\n") {
            lf = true;
        }
        match delimiter(line, &boundary) {
            Some(last) if !is_complete => {
                if let Some(open) = current.take() {
                    open.close(&mut out);
                }
                is_complete = last;
                if !last {
                    current = Some(Open::default());
                }
                continue;
            }
            _ => {}
        }
        match &mut current {
            Some(open) => open.line(line, &mut out),
            None if is_complete => out.flags.data_after |= !line.trim_ascii().is_empty(),
            None => out.flags.data_before |= !line.trim_ascii().is_empty(),
        }
        if out.parts.len() > MAX_PARTS {
            out.error = Some("Multipart: Too many parts.");
            return out;
        }
    }
    if let Some(open) = current.take() {
        open.close(&mut out);
    }
    out.flags.lf_line = lf;
    out.flags.crlf_lf_lines = crlf && lf;
    if out.parts.iter().filter(|part| part.file_name.is_some()).count() > MAX_FILES {
        out.flags.file_limit = true;
    }
    if !is_complete && out.error.is_none() {
        out.error = Some("Multipart: Final boundary missing.");
    }
    out
}

/// The boundary that a `Content-Type` names.
fn boundary(content_type: &[u8], flags: &mut Flags) -> Option<Vec<u8>> {
    let lower = content_type.to_ascii_lowercase();
    let at = memchr::memmem::find(&lower, b"boundary")?;
    let (before, rest) = cut(content_type, at);
    let before = before.trim_ascii_end();
    if !before.ends_with(b";") && !before.ends_with(b",") {
        flags.missing_semicolon = true;
    }
    let rest = tail(rest, b"boundary".len());
    let equals = memchr::memchr(b'=', rest)?;
    flags.boundary_whitespace |= equals > 0;
    let value = tail(rest, equals + 1);
    flags.boundary_whitespace |= value.first().is_some_and(u8::is_ascii_whitespace);
    let value = value.trim_ascii();
    let boundary = match value.strip_prefix(b"\"") {
        Some(quoted) => {
            flags.boundary_quoted = true;
            split_at_byte(quoted, b'"').0
        }
        None => {
            let end =
                value.iter().position(|b| matches!(b, b';' | b',' | b' ' | b'\t')).unwrap_or(value.len());
            head(value, end)
        }
    };
    (!boundary.is_empty()).then(|| boundary.to_vec())
}

/// Whether a line is a delimiter, and the last one.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    let (last, rest) = rest.strip_prefix(b"--").map_or((false, rest), |rest| (true, rest));
    rest.trim_ascii().is_empty().then_some(last)
}

/// A part that is being read.
#[derive(Debug, Default)]
struct Open {
    part: Part,
    in_content: bool,
    /// The end of the last line, which belongs to the delimiter when one follows.
    pending: Vec<u8>,
}

impl Open {
    fn line(&mut self, line: &[u8], out: &mut Multipart) {
        if self.in_content {
            let text = line.strip_suffix(b"\r\n").or_else(|| line.strip_suffix(b"\n")).unwrap_or(line);
            self.part.content.append(&mut self.pending);
            self.part.content.extend_from_slice(text);
            self.pending.extend_from_slice(tail(line, text.len()));
            // A line that begins like a delimiter and is none.
            out.flags.unmatched_boundary |= line.starts_with(b"--") && line.len() > 4;
            return;
        }
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let Some(first) = text.first() else {
            self.in_content = true;
            return self.disposition(out);
        };
        if first.is_ascii_whitespace() {
            // A header that goes on (RFC 5322 §2.2.3), which RFC 7230 has done away with.
            out.flags.header_folding = true;
            out.flags.invalid_header_folding |= !matches!(first, b' ' | b'\t');
            match self.part.headers.last_mut() {
                Some(last) => {
                    last.push(b' ');
                    last.extend_from_slice(text.trim_ascii());
                }
                None => out.flags.invalid_part = true,
            }
        } else {
            out.flags.invalid_part |= !text.contains(&b':');
            self.part.headers.push(text.to_vec());
        }
    }

    fn disposition(&mut self, out: &mut Multipart) {
        let is_disposition = |header: &&Vec<u8>| {
            split_at_byte(header, b':').0.trim_ascii().eq_ignore_ascii_case(b"content-disposition")
        };
        let Some(header) = self.part.headers.iter().find(is_disposition) else {
            out.flags.invalid_part = true;
            return;
        };
        let (_, value) = split_at_byte(header, b':');
        let (_, mut rest) = split_at_byte(value, b';');
        while !rest.trim_ascii().is_empty() {
            let Some((name, value, after)) = parameter(rest, &mut out.flags) else { break };
            match name.to_ascii_lowercase().as_slice() {
                b"name" => self.part.name = value,
                b"filename" | b"filename*" => self.part.file_name = Some(value),
                _ => {}
            }
            rest = after;
        }
    }

    fn close(mut self, out: &mut Multipart) {
        if !self.in_content {
            self.disposition(out);
            out.flags.invalid_part = true;
        }
        out.parts.push(self.part);
    }
}

/// `name=value` or `name="va\"lue"`, and what follows the semicolon after it.
fn parameter<'t>(text: &'t [u8], flags: &mut Flags) -> Option<(&'t [u8], Vec<u8>, &'t [u8])> {
    let text = text.trim_ascii_start();
    let (name, value) = cut(text, memchr::memchr(b'=', text)?);
    let (name, value) = (name.trim_ascii(), tail(value, 1).trim_ascii_start());
    let (value, rest) = match value.split_first() {
        Some((quote @ (b'"' | b'\''), quoted)) => {
            // A single quote is none in this header.
            flags.invalid_quoting |= *quote == b'\'';
            let mut out = Vec::new();
            let mut at = 0;
            while let Some(byte) = quoted.get(at).filter(|byte| *byte != quote) {
                // Browsers write backslashes of paths as they are; only a quote is escaped.
                let is_escape = *byte == b'\\' && quoted.get(at + 1) == Some(quote);
                out.push(if is_escape { *quote } else { *byte });
                at += 1 + usize::from(is_escape);
            }
            flags.invalid_quoting |= at >= quoted.len();
            (out, tail(quoted, at + 1))
        }
        _ => {
            let (value, rest) = cut(value, memchr::memchr(b';', value).unwrap_or(value.len()));
            (value.trim_ascii_end().to_vec(), rest)
        }
    };
    let rest = rest.trim_ascii_start();
    flags.invalid_quoting |= rest.first().is_some_and(|first| *first != b';');
    Some((name, value, split_at_byte(rest, b';').1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &[u8] = b"multipart/form-data; boundary=B";

    #[test]
    fn parts_have_names_files_and_contents() {
        let body = b"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\ny\r\n--B\r\nContent-Disposition: form-data; name=f; filename=\"p\\\"q.php\"\r\nContent-Type: text/plain\r\n\r\nbytes\r\n--B--\r\n";
        let read = read(TYPE, body);
        assert_eq!(read.parts.len(), 2);
        assert_eq!((&read.parts[0].name[..], &read.parts[0].content[..]), (&b"a"[..], &b"x\r\ny"[..]));
        assert_eq!(read.parts[1].file_name.as_deref(), Some(&b"p\"q.php"[..]));
        assert_eq!(read.parts[1].headers[1], b"Content-Type: text/plain");
        assert!(read.error.is_none() && !read.flags.strict(), "{:?}", read.flags);
    }

    #[test]
    fn what_is_odd_is_flagged() {
        let flags = |kind: &[u8], body: &[u8]| read(kind, body).flags;
        let part = |text: &str| format!("--B\r\n{text}\r\n\r\nx\r\n--B--\r\n").into_bytes();
        let fine = part("Content-Disposition: form-data; name=\"a\"");
        assert!(flags(b"multipart/form-data; boundary=\"B\"", &fine).boundary_quoted);
        assert!(flags(b"multipart/form-data; boundary = B", &fine).boundary_whitespace);
        assert!(flags(b"multipart/form-data boundary=B", &fine).missing_semicolon);
        assert!(flags(TYPE, &[b"junk\r\n", &fine[..]].concat()).data_before);
        assert!(flags(TYPE, &[&fine[..], b"junk"].concat()).data_after);
        assert!(flags(TYPE, &part("Content-Disposition: form-data;\r\n name=a")).header_folding);
        assert!(flags(TYPE, &part("Content-Disposition: form-data; name='a'")).invalid_quoting);
        assert!(flags(TYPE, &part("No colon")).invalid_part);
        assert!(flags(TYPE, b"--B\nContent-Disposition: form-data; name=a\n\nx\n--B--\n").lf_line);
        assert!(read(TYPE, b"--B\r\n").error.is_some() && read(b"multipart/form-data", b"").error.is_some());
    }
}
