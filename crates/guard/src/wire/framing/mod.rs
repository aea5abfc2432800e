//! HTTP/1.1 framing, judged before any parser that has to be lenient sees it.
//!
//! [`Sentinel`] reads the bytes of a connection as they come and says how many may be passed on. It accepts a strict
//! subset of RFC 9112: everything it lets through is read in the same way by every server. What it refuses is what
//! request smuggling is made of: two lengths, a length and a coding, obscure codings, bare LF, folded lines, space
//! before a colon, control bytes, odd chunk sizes.

use http::StatusCode;
use inputs::slice::{cut, head, tail};

/// What is wrong with the framing of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// A TLS handshake where none is spoken.
    #[error(
        "a TLS handshake on a listener without TLS: the client asks for https://; name a certificate in [gateway.tls], or let it ask for http://"
    )]
    Tls,
    /// A line ends in LF alone, or has a CR inside.
    #[error("a bare CR or LF")]
    BareLineBreak,
    /// A control byte or a space where none may be.
    #[error("a control byte")]
    Control,
    /// Not `METHOD SP target SP HTTP/1.x`.
    #[error("malformed request line")]
    RequestLine,
    /// A version that is not 1.0 or 1.1.
    #[error("an HTTP version that is not spoken here")]
    Version,
    /// A header line without a colon, with space before it, or folded.
    #[error("malformed header line")]
    HeaderLine,
    /// `Content-Length` that is not one plain number.
    #[error("a Content-Length that is not one plain number")]
    ContentLength,
    /// `Transfer-Encoding` that is not `chunked`.
    #[error("a Transfer-Encoding that is not `chunked`")]
    TransferEncoding,
    /// Both of them.
    #[error("Content-Length and Transfer-Encoding together")]
    TwoLengths,
    /// No `Host` in HTTP/1.1, or more than one.
    #[error("not exactly one Host")]
    Host,
    /// A chunk size that is not plain hexadecimal, or a chunk without its end.
    #[error("an odd chunk")]
    Chunk,
    /// A head over the limit of bytes or fields.
    #[error("a head over the limit")]
    TooLarge,
}

impl FramingError {
    /// The status for the client.
    pub const fn status(self) -> StatusCode {
        match self {
            FramingError::TooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            FramingError::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            FramingError::TransferEncoding => StatusCode::NOT_IMPLEMENTED,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The name of the rule in events.
    pub const fn rule(self) -> &'static str {
        match self {
            FramingError::Tls => "framing-tls",
            FramingError::BareLineBreak => "framing-bare-line-break",
            FramingError::Control => "framing-control-byte",
            FramingError::RequestLine => "framing-request-line",
            FramingError::Version => "framing-version",
            FramingError::HeaderLine => "framing-header-line",
            FramingError::ContentLength => "framing-content-length",
            FramingError::TransferEncoding => "framing-transfer-encoding",
            FramingError::TwoLengths => "framing-two-lengths",
            FramingError::Host => "framing-host",
            FramingError::Chunk => "framing-chunk",
            FramingError::TooLarge => "framing-head-too-large",
        }
    }
}

/// Limits of a head.
#[derive(Debug, Clone, Copy)]
pub struct HeadLimits {
    /// Bytes of request line and headers.
    pub bytes: usize,
    /// Header fields.
    pub fields: usize,
}

/// What is to be done with the bytes that were shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// The first so many are fine: pass them on and show the rest again.
    Pass(usize),
    /// The first so many are to be left out (an empty line before a request).
    Skip(usize),
    /// More bytes are needed.
    More,
    /// The head at the front breaks a rule.
    Refuse(FramingError),
}

/// Follows the framing of one connection.
#[derive(Debug)]
pub struct Sentinel {
    state: State,
    limits: HeadLimits,
    heads: u64,
    skipped_lines: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head {
        searched: usize,
    },
    Length(u64),
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailers {
        searched: usize,
    },
    /// An upgrade was asked for; what follows is a request only if it is not granted.
    Undecided,
    Tunnel,
}

enum BodyLength {
    None,
    Length(u64),
    Chunked,
}

impl Sentinel {
    /// A sentinel for a new connection.
    pub fn new(limits: HeadLimits) -> Self {
        Sentinel { state: State::Head { searched: 0 }, limits, heads: 0, skipped_lines: 0 }
    }

    /// How many request heads were passed on.
    pub fn heads(&self) -> u64 {
        self.heads
    }

    /// Whether a request head is next: what is wrong now is wrong with a head, not with a body.
    pub fn is_at_head(&self) -> bool {
        matches!(self.state, State::Head { .. })
    }

    /// Whether a request's body has begun and not ended.
    pub fn is_in_body(&self) -> bool {
        !matches!(self.state, State::Head { .. } | State::Undecided | State::Tunnel)
    }

    /// What is left of a body of known length.
    pub fn rest_of_length(&self) -> Option<u64> {
        match self.state {
            State::Length(left) => Some(left),
            _ => None,
        }
    }

    /// Whether the next bytes wait for the answer to an upgrade.
    pub fn is_undecided(&self) -> bool {
        self.state == State::Undecided
    }

    /// The upgrade was granted: the rest of the connection is not HTTP.
    pub fn tunnel(&mut self) {
        self.state = State::Tunnel;
    }

    /// The upgrade was not granted: the next bytes are a request.
    pub fn resume(&mut self) {
        if self.state == State::Undecided {
            self.state = State::Head { searched: 0 };
        }
    }

    /// So many bytes may go past without being shown: the rest of a body of known length.
    pub fn unchecked(&self) -> u64 {
        match self.state {
            State::Length(left) | State::ChunkData(left) => left,
            State::Tunnel => u64::MAX,
            _ => 0,
        }
    }

    /// Bytes that went past without being shown; at most [`Sentinel::unchecked`].
    pub fn passed(&mut self, count: u64) {
        self.state = match self.state {
            State::Length(left) if left <= count => State::Head { searched: 0 },
            State::Length(left) => State::Length(left - count),
            State::ChunkData(left) if left <= count => State::ChunkEnd,
            State::ChunkData(left) => State::ChunkData(left - count),
            other => other,
        };
    }

    /// Judges the bytes at the front of the connection.
    pub fn scan(&mut self, bytes: &[u8]) -> Scan {
        if bytes.is_empty() {
            return Scan::More;
        }
        match self.state {
            State::Head { searched } => self.head(bytes, searched),
            State::Length(_) | State::ChunkData(_) | State::Tunnel => {
                let count = usize::try_from(self.unchecked()).unwrap_or(usize::MAX).min(bytes.len());
                self.passed(count as u64);
                Scan::Pass(count)
            }
            State::ChunkSize => self.chunk_size(bytes),
            State::ChunkEnd if bytes.len() < 2 && bytes == b"\r" => Scan::More,
            State::ChunkEnd if bytes.starts_with(b"\r\n") => {
                self.state = State::ChunkSize;
                Scan::Pass(2)
            }
            State::ChunkEnd => Scan::Refuse(FramingError::Chunk),
            State::Trailers { searched } => self.trailers(bytes, searched),
            State::Undecided => Scan::More,
        }
    }

    fn head(&mut self, bytes: &[u8], searched: usize) -> Scan {
        // RFC 8446 §5.1: a record of a handshake. No method begins like this.
        if let (0, [0x16, rest @ ..]) = (self.heads, bytes) {
            return match rest.first() {
                None => Scan::More,
                Some(0x03) => Scan::Refuse(FramingError::Tls),
                Some(_) => Scan::Refuse(FramingError::RequestLine),
            };
        }
        // RFC 9112 §2.2: an empty line before a request is left out; a stream of them is an attack.
        if let (0, [b'\r', rest @ ..]) = (searched, bytes) {
            return match rest.first() {
                None => Scan::More,
                Some(b'\n') if self.skipped_lines < 2 => {
                    self.skipped_lines += 1;
                    Scan::Skip(2)
                }
                Some(_) => Scan::Refuse(FramingError::BareLineBreak),
            };
        }
        let Some(length) = end_of_head(bytes, searched) else {
            if bytes.len() >= self.limits.bytes {
                return Scan::Refuse(FramingError::TooLarge);
            }
            // What is wrong in the part that is here is refused now: a bare LF must not wait for more.
            if has_bare_break(tail(bytes, searched.saturating_sub(1))) {
                return Scan::Refuse(FramingError::BareLineBreak);
            }
            self.state = State::Head { searched: bytes.len() };
            return Scan::More;
        };
        if length > self.limits.bytes {
            return Scan::Refuse(FramingError::TooLarge);
        }
        match self.judge_head(head(bytes, length)) {
            Ok(state) => {
                self.state = state;
                self.heads += 1;
                self.skipped_lines = 0;
                Scan::Pass(length)
            }
            Err(error) => Scan::Refuse(error),
        }
    }

    fn judge_head(&self, head: &[u8]) -> Result<State, FramingError> {
        let mut lines = lines(head);
        let http11 = request_line(lines.next().unwrap_or(Err(FramingError::RequestLine))?)?;
        let mut body = BodyLength::None;
        let (mut hosts, mut fields, mut upgrade) = (0, 0, false);
        for line in lines {
            let line = line?;
            if line.is_empty() {
                break;
            }
            fields += 1;
            if fields > self.limits.fields {
                return Err(FramingError::TooLarge);
            }
            let (name, value) = header_line(line)?;
            match name.len() {
                4 if name.eq_ignore_ascii_case(b"host") => hosts += 1,
                7 if name.eq_ignore_ascii_case(b"upgrade") => upgrade = true,
                14 if name.eq_ignore_ascii_case(b"content-length") => {
                    body = match body {
                        BodyLength::None => BodyLength::Length(content_length(value)?),
                        BodyLength::Length(_) => return Err(FramingError::ContentLength),
                        BodyLength::Chunked => return Err(FramingError::TwoLengths),
                    };
                }
                17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                    body = match body {
                        BodyLength::None if http11 && value.eq_ignore_ascii_case(b"chunked") => {
                            BodyLength::Chunked
                        }
                        BodyLength::Length(_) => return Err(FramingError::TwoLengths),
                        _ => return Err(FramingError::TransferEncoding),
                    };
                }
                _ => {}
            }
        }
        if hosts > 1 || (http11 && hosts == 0) {
            return Err(FramingError::Host);
        }
        Ok(match body {
            BodyLength::Length(0) | BodyLength::None if upgrade => State::Undecided,
            BodyLength::None | BodyLength::Length(0) => State::Head { searched: 0 },
            BodyLength::Length(length) => State::Length(length),
            BodyLength::Chunked => State::ChunkSize,
        })
    }

    /// Plain hexadecimal and CRLF: no extensions, no space, no sign.
    fn chunk_size(&mut self, bytes: &[u8]) -> Scan {
        const LONGEST: usize = 15;
        let digits = bytes.iter().take(LONGEST + 1).take_while(|b| b.is_ascii_hexdigit()).count();
        if digits > LONGEST || (digits == 0 && !bytes.is_empty()) {
            return Scan::Refuse(FramingError::Chunk);
        }
        let (digits, rest) = cut(bytes, digits);
        match rest {
            b"" | b"\r" => Scan::More,
            [b'\r', b'\n', ..] => {
                let size = digits
                    .iter()
                    .fold(0u64, |size, b| size << 4 | u64::from(char::from(*b).to_digit(16).unwrap_or(0)));
                self.state = if size == 0 { State::Trailers { searched: 0 } } else { State::ChunkData(size) };
                Scan::Pass(digits.len() + 2)
            }
            _ => Scan::Refuse(FramingError::Chunk),
        }
    }

    fn trailers(&mut self, bytes: &[u8], searched: usize) -> Scan {
        let length = if bytes.starts_with(b"\r\n") { Some(2) } else { end_of_head(bytes, searched) };
        let Some(length) = length else {
            if bytes.len() >= self.limits.bytes {
                return Scan::Refuse(FramingError::TooLarge);
            }
            self.state = State::Trailers { searched: bytes.len() };
            return Scan::More;
        };
        for line in lines(head(bytes, length)) {
            match line {
                Ok(b"") => break,
                Ok(line) => {
                    if let Err(error) = header_line(line) {
                        return Scan::Refuse(error);
                    }
                }
                Err(error) => return Scan::Refuse(error),
            }
        }
        self.state = State::Head { searched: 0 };
        Scan::Pass(length)
    }
}

/// The length of a head with its empty line, when that is there.
fn end_of_head(bytes: &[u8], searched: usize) -> Option<usize> {
    let from = searched.saturating_sub(3);
    let mut at = from;
    while let Some(offset) = memchr::memchr(b'\n', tail(bytes, at)) {
        at += offset + 1;
        if head(bytes, at).ends_with(b"\r\n\r\n") {
            return Some(at);
        }
    }
    None
}

fn has_bare_break(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| matches!(pair, [before, b'\n'] if *before != b'\r'))
}

/// The lines of a head, without their CRLF; an error where a line break is not CRLF.
struct Lines<'h> {
    rest: &'h [u8],
}

fn lines(head: &[u8]) -> Lines<'_> {
    Lines { rest: head }
}

impl<'h> Iterator for Lines<'h> {
    type Item = Result<&'h [u8], FramingError>;

    fn next(&mut self) -> Option<Self::Item> {
        let end = memchr::memchr(b'\n', self.rest)?;
        let (line, rest) = cut(self.rest, end);
        self.rest = tail(rest, 1);
        Some(line.strip_suffix(b"\r").ok_or(FramingError::BareLineBreak))
    }
}

/// Checks a request line. Whether it is HTTP/1.1.
fn request_line(line: &[u8]) -> Result<bool, FramingError> {
    let mut words = line.split(|b| *b == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(FramingError::RequestLine);
    };
    if method.is_empty() || !method.iter().all(|b| b.is_ascii_uppercase() || *b == b'-') {
        return Err(FramingError::RequestLine);
    }
    // No URI has these (RFC 3986 §2); the parser behind would refuse them without a word.
    let odd = |b: &u8| *b <= 0x20 || matches!(*b, 0x7f | b'#' | b'<' | b'>' | b'`');
    let query = target.iter().position(|b| *b == b'?').unwrap_or(target.len());
    if target.is_empty() || target.iter().any(odd) || tail(target, query).contains(&b'"') {
        return Err(FramingError::RequestLine);
    }
    match version {
        b"HTTP/1.1" => Ok(true),
        b"HTTP/1.0" => Ok(false),
        _ => Err(FramingError::Version),
    }
}

/// Checks a header line. Its name, and its value without surrounding white space.
fn header_line(line: &[u8]) -> Result<(&[u8], &[u8]), FramingError> {
    let (name, rest) = cut(line, line.iter().take_while(|b| is_token(**b)).count());
    let [b':', value @ ..] = rest else { return Err(FramingError::HeaderLine) };
    if name.is_empty() {
        return Err(FramingError::HeaderLine);
    }
    if value.iter().fold(false, |odd, b| odd | (*b < 0x20 && *b != b'\t') | (*b == 0x7f)) {
        return Err(if value.contains(&b'\r') { FramingError::BareLineBreak } else { FramingError::Control });
    }
    Ok((name, trim(value)))
}

fn content_length(value: &[u8]) -> Result<u64, FramingError> {
    const LONGEST: usize = 18;
    let plain = !value.is_empty() && value.len() <= LONGEST && value.iter().all(u8::is_ascii_digit);
    if !plain {
        return Err(FramingError::ContentLength);
    }
    Ok(value.iter().fold(0, |number, b| number * 10 + u64::from(b - b'0')))
}

fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// RFC 9110 §5.6.2.
#[allow(clippy::indexing_slicing, reason = "a table of 256 entries, indexed by a byte")]
fn is_token(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

#[allow(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "the compiler evaluates it")]
static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let marks = b"!#$%&'*+-.^_`|~";
    let mut at = 0;
    while at < marks.len() {
        table[marks[at] as usize] = true;
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests;
