//! Multipart bodies (RFC 2046 §5.1), forms above all (RFC 7578), read strictly.
//!
//! Servers disagree about nearly every liberty that the grammar leaves: a parameter twice, a file name inside a quoted
//! string, an empty file name, a second boundary, text behind the last delimiter. What one server takes for a file,
//! whose bytes nobody judges, another takes for a field. So this reader accepts what every server reads alike, which
//! is what browsers and HTTP clients write, and names the first thing that is not.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::Value;

use super::content_type::{ContentType, ContentTypeError};
use super::disposition::{Purpose, read_disposition};
use super::media_type::{is_json, media_type};
use super::multipart_error::MultipartError;
use super::parameters::{Parameters, is_token};

/// A part of a multipart body.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Its field name; empty where it has none, which only a form's parts need.
    pub name: String,
    /// Its file name.
    pub file_name: Option<String>,
    /// Its content.
    pub content: Bytes,
    /// Whether it is a file, whose bytes are not an input to judge.
    pub is_file: bool,
    /// Its media type without parameters; `text/plain` when it names none (RFC 7578 §4.4).
    pub media_type: String,
    /// What it says, when its media type is JSON.
    pub json: Option<Value>,
    /// Its header fields: names and values as written.
    pub headers: Vec<(String, Bytes)>,
    /// Whether it is a file of a form that came without a media type: one is among `headers`, to be forwarded with it.
    pub is_untyped: bool,
}

/// The longest head of a part.
pub(super) const LONGEST_HEAD: usize = 16 << 10;

/// The line that is written into the head of a file without a media type: some servers take such a file for a field
/// (formidable), with it everybody takes it for a file.
pub(super) const TYPE_OF_FILE: &[u8] = b"Content-Type: application/octet-stream\r\n";

impl Part {
    /// Whether it is a field. Scripts also send one as a file called `blob`; and where a file came without a media type, a
    /// short line of text counts as one.
    pub fn is_field(&self) -> bool {
        const SHORT: usize = 8 << 10;
        let is_line = || {
            self.is_untyped
                && self.content.len() <= SHORT
                && !self.content.contains(&b'\n')
                && std::str::from_utf8(&self.content).is_ok()
        };
        self.file_name.as_deref().is_none_or(|name| name == "blob") || is_line()
    }

    /// Whether it holds JSON.
    pub fn is_json(&self) -> bool {
        is_json(&self.media_type)
    }

    /// Makes the content what it stands for. A form has no transfer encoding but the ones that change nothing; messages
    /// may be in Base64.
    fn undo_transfer_encoding(&mut self, purpose: Purpose) -> Result<(), MultipartError> {
        let Some(encoding) = self.header("content-transfer-encoding") else { return Ok(()) };
        let is = |known: &[u8]| encoding.eq_ignore_ascii_case(known);
        if is(b"7bit") || is(b"8bit") || is(b"binary") {
            return Ok(());
        }
        if !is(b"base64") || purpose == Purpose::Form {
            return Err(MultipartError::TransferEncoding);
        }
        // Lines of one length, as encoders write them: what has blanks is text to servers that decode nothing.
        let lines: Vec<&[u8]> =
            self.content.trim_ascii().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).collect();
        let length = lines.first().map_or(0, |line| line.len());
        let is_even = lines.split_last().is_some_and(|(last, before)| {
            last.len() <= length && before.iter().all(|line| line.len() == length && length.is_multiple_of(4))
        });
        if !is_even {
            return Err(MultipartError::TransferEncoding);
        }
        let content = BASE64_STANDARD.decode(lines.concat()).map_err(|_| MultipartError::TransferEncoding)?;
        self.content = content.into();
        Ok(())
    }

    /// The value of a header field; names are compared without case.
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Reads a body of at most `max_parts` parts.
///
/// # Errors
/// When it is not a body that every server reads alike.
pub(super) fn read(
    content_type: &[u8],
    body: &Bytes,
    max_parts: usize,
    purpose: Purpose,
) -> Result<Vec<Part>, MultipartError> {
    let boundary = boundary(content_type)?;
    let delimiter = [b"\r\n--", boundary.as_slice()].concat();
    let bare = delimiter.get(2..).unwrap_or_default();
    if has_near_delimiter(body, bare) {
        return Err(MultipartError::NearBoundary);
    }
    // One line break in front is what some clients write.
    let start = if body.starts_with(b"\r\n") { 2 } else { 0 };
    let mut at = match body.get(start..) {
        Some(rest) if rest.starts_with(bare) => start + bare.len(),
        _ => return Err(MultipartError::Preamble),
    };
    let mut parts = Vec::new();
    loop {
        let rest = body.get(at..).unwrap_or_default();
        if let Some(end) = rest.strip_prefix(b"--") {
            // Nothing can be read into line breaks.
            let is_end = end.chunks(2).all(|pair| pair == b"\r\n");
            return if is_end { Ok(parts) } else { Err(MultipartError::Epilogue) };
        }
        let Some(part) = rest.strip_prefix(b"\r\n") else { return Err(MultipartError::NearBoundary) };
        if parts.len() >= max_parts {
            return Err(MultipartError::TooMany);
        }
        let from = at + 2;
        let length = memchr::memmem::find(part, &delimiter).ok_or(MultipartError::NoEnd)?;
        parts.push(read_part(body.slice(from..from + length), purpose)?);
        at = from + length + delimiter.len();
    }
}

/// Writes parts with the boundary that a `Content-Type` names; `None` when it names none.
pub fn write_multipart(content_type: &[u8], parts: impl Iterator<Item = Part>) -> Option<Bytes> {
    let boundary = boundary(content_type).ok()?;
    let mut body = Vec::new();
    for part in parts {
        for piece in [b"--", boundary.as_slice(), b"\r\n"] {
            body.extend_from_slice(piece);
        }
        for (name, value) in &part.headers {
            if !name.eq_ignore_ascii_case("content-length") {
                for piece in [name.as_bytes(), b": ", value, b"\r\n"] {
                    body.extend_from_slice(piece);
                }
            }
        }
        for piece in [b"\r\n", &part.content[..], b"\r\n"] {
            body.extend_from_slice(piece);
        }
    }
    for piece in [b"--", boundary.as_slice(), b"--\r\n"] {
        body.extend_from_slice(piece);
    }
    Some(Bytes::from(body))
}

/// Writes a form anew where a file came without a media type, with one. Its parts then stand in what is returned.
pub fn with_types(content_type: &[u8], parts: &mut [Part]) -> Option<Bytes> {
    if !parts.iter().any(|part| part.is_untyped) {
        return None;
    }
    let body = write_multipart(content_type, parts.iter().cloned())?;
    let read = read(content_type, &body, parts.len(), Purpose::Form).ok()?;
    for (part, read) in parts.iter_mut().zip(read) {
        (part.content, part.headers) = (read.content, read.headers);
    }
    Some(body)
}

/// The boundary of a `Content-Type` (RFC 2046 §5.1.1).
pub(super) fn boundary(content_type: &[u8]) -> Result<Vec<u8>, MultipartError> {
    const LONGEST: usize = 70;
    let start = memchr::memchr(b';', content_type).ok_or(MultipartError::Boundary)?;
    let parameters = content_type.get(start..).unwrap_or_default();
    let mut found = None;
    for parameter in Parameters(parameters) {
        let parameter = parameter.ok_or(MultipartError::Boundary)?;
        if parameter.name.eq_ignore_ascii_case(b"boundary") {
            if found.replace(parameter.value).is_some() {
                return Err(MultipartError::SecondBoundary);
            }
        } else if has_word(parameter.name, b"boundary") || has_word(&parameter.value, b"boundary") {
            // Servers that search for the word would find this one.
            return Err(MultipartError::SecondBoundary);
        }
    }
    let boundary = found.ok_or(MultipartError::Boundary)?;
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? !#$&^%*".contains(byte);
    let fits = (1..=LONGEST).contains(&boundary.len())
        && boundary.iter().all(is_allowed)
        && boundary.last().is_some_and(|byte| *byte != b' ');
    if fits { Ok(boundary) } else { Err(MultipartError::Boundary) }
}

/// Whether the delimiter stands elsewhere than behind CR LF: some servers break lines at a lone CR or LF, and Django takes
/// it for one within a line. RFC 2046 §5.1 lets no boundary stand in a part.
fn has_near_delimiter(body: &[u8], bare: &[u8]) -> bool {
    let mut found = memchr::memmem::find_iter(body, bare).filter(|at| *at > 0);
    found.any(|at| body.get(at.saturating_sub(2)..at) != Some(b"\r\n"))
}

pub(super) fn read_part(part: Bytes, purpose: Purpose) -> Result<Part, MultipartError> {
    // A part without headers begins with the empty line.
    let end = memchr::memmem::find(&part, b"\r\n\r\n").ok_or(MultipartError::Header)?;
    if end > LONGEST_HEAD {
        return Err(MultipartError::Header);
    }
    let headers = read_headers(&part, end)?;
    let content = part.slice(end + 4..);
    let mut dispositions =
        headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-disposition"));
    let (name, file_name) = match (dispositions.next(), dispositions.next()) {
        (Some((_, disposition)), None) => read_disposition(disposition, purpose)?,
        (None, _) if purpose == Purpose::Other => (String::new(), None),
        _ => return Err(MultipartError::Disposition),
    };
    // Browsers send an empty file name, and nothing else, for a file that nobody chose. With content, servers
    // disagree on whether it is a field.
    if file_name.as_deref().is_some_and(|name| name.trim().is_empty()) && !content.is_empty() {
        return Err(MultipartError::FileName);
    }
    if name == "_charset_" && !content.eq_ignore_ascii_case(b"utf-8") {
        return Err(MultipartError::Charset);
    }
    let mut part = Part {
        name,
        is_file: file_name.is_some(),
        file_name,
        content,
        media_type: String::new(),
        json: None,
        is_untyped: false,
        headers,
    };
    part.undo_transfer_encoding(purpose)?;
    // To some servers a file with an empty type is one without, and a field (formidable).
    if part.is_file && part.header("content-type").is_some_and(|written| written.trim_ascii().is_empty()) {
        return Err(MultipartError::Header);
    }
    part.is_untyped = part.is_file && purpose == Purpose::Form && part.header("content-type").is_none();
    let written = part.header("content-type").map_or(&b""[..], |value| value);
    part.media_type = match ContentType::parse(written, &part.content) {
        Ok(kind) if kind.essence().is_empty() => "text/plain".to_owned(),
        Ok(kind) => kind.essence().to_owned(),
        // A file is stored, whatever its charset.
        Err(ContentTypeError::Charset) if !part.is_field() && purpose == Purpose::Form => media_type(written),
        Err(error) => return Err(error.into()),
    };
    if part.is_untyped {
        part.headers.push(("Content-Type".to_owned(), Bytes::from_static(b"application/octet-stream")));
    }
    // Some servers read the fields of `multipart/mixed` in a form; a page with its images is a file.
    let is_nested = part.media_type == "multipart/mixed"
        || (part.is_field() && part.media_type.starts_with("multipart/"));
    if is_nested && purpose == Purpose::Form { Err(MultipartError::Nested) } else { Ok(part) }
}

/// The header fields before `end`, each once.
fn read_headers(part: &Bytes, end: usize) -> Result<Vec<(String, Bytes)>, MultipartError> {
    const MAX_HEADERS: usize = 32;
    let mut headers: Vec<(String, Bytes)> = Vec::new();
    let mut rest = part.slice(..end);
    while !rest.is_empty() {
        let length = memchr::memmem::find(&rest, b"\r\n").unwrap_or(rest.len());
        let line = rest.split_to(length);
        let _ = rest.split_to(rest.len().min(2));
        let colon = memchr::memchr(b':', &line).ok_or(MultipartError::Header)?;
        let (name, value) = (line.slice(..colon), line.slice(colon + 1..));
        // A line that begins with a blank goes on from the one before it (RFC 5322 §2.2.3): not every server agrees.
        if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) || value.iter().any(is_control) {
            return Err(MultipartError::Header);
        }
        let name = String::from_utf8_lossy(&name).into_owned();
        if hides_header(&name, &value) {
            return Err(MultipartError::Disposition);
        }
        let is_repeated = headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name));
        if is_repeated && name.eq_ignore_ascii_case("content-disposition") {
            return Err(MultipartError::Disposition);
        }
        if is_repeated || headers.len() >= MAX_HEADERS {
            return Err(MultipartError::Header);
        }
        headers.push((name, value.slice_ref(value.trim_ascii())));
    }
    Ok(headers)
}

/// Whether a header holds what a server finds that searches the head of a part for its disposition or its type, wherever
/// that stands (Rack).
fn hides_header(name: &str, value: &[u8]) -> bool {
    const SEARCHED: [&str; 2] = ["content-disposition", "content-type"];
    let name = name.to_ascii_lowercase();
    let value = value.to_ascii_lowercase();
    SEARCHED.iter().any(|searched| {
        (name.ends_with(searched) && name != *searched)
            || memchr::memmem::find(&value, &[searched.as_bytes(), b":"].concat()).is_some()
    })
}

fn has_word(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

fn is_control(byte: &u8) -> bool {
    byte.is_ascii_control() && *byte != b'\t'
}

#[cfg(test)]
mod tests {
    use super::MultipartError as E;
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=B";

    fn read_all(content_type: &str, body: &str) -> Result<Vec<(String, Option<String>, String)>, E> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let parts = read(content_type.as_bytes(), &body, 5, Purpose::Form)?;
        let text = |content: &[u8]| String::from_utf8_lossy(content).into_owned();
        Ok(parts.into_iter().map(|part| (part.name, part.file_name, text(&part.content))).collect())
    }

    fn with_disposition(disposition: &str) -> Result<Vec<(String, Option<String>, String)>, E> {
        read_all(TYPE, &format!("--B\r\nContent-Disposition: {disposition}\r\n\r\nx\r\n--B--\r\n"))
    }

    fn field(name: &str, file_name: Option<&str>) -> Result<Vec<(String, Option<String>, String)>, E> {
        Ok(vec![(name.into(), file_name.map(str::to_owned), "x".into())])
    }

    #[test]
    fn what_clients_write_is_read() {
        for (disposition, name, file_name) in [
            ("form-data; name=\"a\"", "a", None),
            ("form-data; name=a", "a", None),
            ("Form-Data;name=\"a\"; filename=\"n.txt\"", "a", Some("n.txt")),
            (
                "form-data; name=\"a[0][b]\"; filename=\"d\u{e9}j\u{e0} vu (1).pdf\"",
                "a[0][b]",
                Some("déjà vu (1).pdf"),
            ),
            ("form-data; name=\"a\"; filename=\"C:\\dir\\n.txt\"", "a", Some("C:\\dir\\n.txt")),
            ("form-data; name=\"a\"; filename=\"say \\\"hi\\\".txt\"", "a", Some("say \"hi\".txt")),
            ("form-data; name=\"a\"; filename=\"name=x; y.txt\"", "a", Some("name=x; y.txt")),
            ("form-data; name=\"a\"; filename=\"x\"; size=12;", "a", Some("x")),
        ] {
            assert_eq!(with_disposition(disposition), field(name, file_name), "{disposition}");
        }
        let nothing_chosen = "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--B--\r\n";
        assert_eq!(
            read_all(TYPE, nothing_chosen),
            Ok(vec![("f".into(), Some(String::new()), String::new())])
        );
        let lines = "\r\n--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\r\n-B\r\n--B\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n\r\n--B--\r\n\r\n";
        assert_eq!(
            read_all("Multipart/Form-Data; charset=utf-8; boundary=\"B\"", lines),
            Ok(vec![("a".into(), None, "1\r\n\r\n-B".into()), ("b".into(), None, String::new())])
        );
        assert_eq!(read_all(TYPE, "--B--\r\n"), Ok(vec![]));
    }

    #[test]
    fn dispositions_that_servers_read_differently_are_refused() {
        for (disposition, error) in [
            ("form-data; name=\"a\"; filename=\"\"", E::FileName),
            ("form-data; name=\"a\"; filename*=utf-8''n.txt", E::FileName),
            ("form-data; name=\"a\"; filename*=''", E::FileName),
            ("form-data; filename*=''; filename=\"n.txt\"; name=\"a\"", E::FileName),
            ("form-data; filename*=iso-8859-1''n.txt; filename=\"n.txt\"; name=\"a\"", E::FileName),
            ("form-data; name=\"a\"; filename=", E::Parameter),
            ("form-data; name=\"a\"; filename", E::Parameter),
            ("form-data; name=\"a\"; filename=\"a\"; filename=\"b\"", E::Parameter),
            ("form-data; name=\"a\"; name=\"b\"", E::Parameter),
            ("form-data; NAME=\"a\"", E::Parameter),
            ("form-data; name=\"a\"; Name=\"b\"", E::Parameter),
            ("form-data; name*=utf-8''a; name=\"b\"", E::Parameter),
            ("form-data; name='a'", E::Parameter),
            ("form-data; name=\"a", E::Parameter),
            ("form-data; name = \"a\"", E::Parameter),
            ("form-data; name=\"a\"x; filename=\"b\"", E::Parameter),
            ("form-data; name=\"a\" filename=\"b\"", E::Parameter),
            ("form-data; name=\"id\"; x=\" ;filename=a \"", E::Parameter),
            ("form-data; name=\"q; filename=a\"", E::Parameter),
            ("form-data; name=\"q\\\"; filename=\\\"a\"", E::Parameter),
            ("form-data; name=\"q\\\"; x\"", E::Parameter),
            ("form-data; x=\"; name=template\"; name=\"id\"", E::Parameter),
            ("form-data", E::NoName),
            ("form-data; filename=\"a\"", E::NoName),
            ("attachment; name=\"a\"", E::Disposition),
            ("form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"", E::Disposition),
            ("form-data; name=\"a\"\r\nContent-Type: text/plain\r\ncontent-type: text/html", E::Header),
            ("form-data; name=\"a\"; filename=\"b\"\r\nContent-Type: ", E::Header),
            ("form-data; name=\"a\"\r\nxContent-Disposition: form-data; name=\"b\"", E::Disposition),
            ("form-data; name=\"a\"\r\nX: Content-Disposition: form-data; name=\"b\"", E::Disposition),
            ("form-data; name=\"a\"\r\nX-Content-Type: text/html", E::Disposition),
            ("form-data;\r\n name=\"a\"", E::Header),
            ("form-data; name=\"a\"\r\nX", E::Header),
            ("form-data; name=\"a\"\r\nX : y", E::Header),
            ("form-data; name=\"a\"\nX: y", E::Header),
        ] {
            assert_eq!(with_disposition(disposition), Err(error), "{disposition}");
        }
        assert_eq!(read_all(TYPE, "--B\r\n\r\nx\r\n--B--\r\n"), Err(E::Header));
        assert_eq!(read_all(TYPE, "--B\r\nX: y\r\n\r\nx\r\n--B--\r\n"), Err(E::Disposition));
    }

    #[test]
    fn boundaries_that_servers_read_differently_are_refused() {
        let part = "Content-Disposition: form-data; name=\"a\"\r\n\r\nx";
        for (content_type, body, error) in [
            ("multipart/form-data", format!("--B\r\n{part}\r\n--B--\r\n"), E::Boundary),
            ("multipart/form-data; boundary=", format!("--\r\n{part}\r\n----\r\n"), E::Boundary),
            ("multipart/form-data; boundary=\"B \"", String::new(), E::Boundary),
            ("multipart/form-data; boundary=B, boundary=C", String::new(), E::Boundary),
            ("multipart/form-data; boundary=B; boundary=C", String::new(), E::SecondBoundary),
            ("multipart/form-data; boundary=B; Boundary=B", String::new(), E::SecondBoundary),
            ("multipart/form-data; xboundary=C; boundary=B", String::new(), E::SecondBoundary),
            ("multipart/form-data; boundary*0=C; boundary=B", String::new(), E::SecondBoundary),
            ("multipart/form-data; x=\"; boundary=C\"; boundary=B", String::new(), E::SecondBoundary),
            (TYPE, format!("before\r\n--B\r\n{part}\r\n--B--\r\n"), E::Preamble),
            (TYPE, format!("--B\r\n{part}\r\n--B--\r\nbehind"), E::Epilogue),
            (TYPE, format!("--B\r\n{part}\r\n--B--\r\n--B\r\n{part}\r\n--B--\r\n"), E::Epilogue),
            (TYPE, format!("--B\r\n{part}\r\n--B-- \r\n"), E::Epilogue),
            (TYPE, format!("--B\r\n{part}\r\n"), E::NoEnd),
            (TYPE, format!("--B\r\n{part}"), E::NoEnd),
            (TYPE, format!("--B \r\n{part}\r\n--B--\r\n"), E::NearBoundary),
            (TYPE, format!("--B\r\n{part}\r\n--Bx\r\n--B--\r\n"), E::NearBoundary),
            (TYPE, format!("--B\r\n{part}\n--B\r\n{part}\r\n--B--\r\n"), E::NearBoundary),
            (TYPE, format!("--B\r\n{part}\r--B\r\n{part}\r\n--B--\r\n"), E::NearBoundary),
            (TYPE, format!("--B\n{part}\r\n--B--\r\n"), E::NearBoundary),
            (TYPE, format!("--B\r\n{part}\r\n---B\r\n{part}\r\n--B--\r\n"), E::NearBoundary),
            (TYPE, format!("--B\r\n{part} --B\r\n{part}\r\n--B--\r\n"), E::NearBoundary),
            (TYPE, format!("--B\r\n{part}\r\n").repeat(6) + "--B--", E::TooMany),
            (TYPE, "rubbish".into(), E::Preamble),
        ] {
            assert_eq!(read_all(content_type, &body), Err(error), "{content_type}: {body:?}");
        }
    }

    /// The head of a part costs what it is long: a parameter in a parameter in a parameter is looked for once.
    #[test]
    fn long_heads_are_refused() {
        let value = "; a".repeat(60_000);
        let long = format!("form-data; name=\"a\"; filename=\"{value}\"");
        assert_eq!(with_disposition(&long), Err(E::Header));
        let many: String = (0..20).map(|nth| format!("; p{nth}=b")).collect();
        assert_eq!(with_disposition(&format!("form-data; name=\"a\"{many}")), Err(E::Parameter));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let body = Bytes::from_static(b"--B\r\nContent-Disposition: form-data; name=\"a\"; filename=\"f\"\r\nContent-Type: image/png\r\n\r\n\x00\xff\r\n--B\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\nx\r\n--B--\r\n");
        let parts = read(TYPE.as_bytes(), &body, 5, Purpose::Form).unwrap();
        assert_eq!(write_multipart(TYPE.as_bytes(), parts.into_iter()), Some(body));
    }
}
