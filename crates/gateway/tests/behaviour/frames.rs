//! An HTTP/2 client that speaks in frames, so that it can do what no library does.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame: its type, its flags, its stream, its payload.
pub(crate) type Frame = (u8, u8, u32, Vec<u8>);

/// A connection.
pub(crate) struct Http2 {
    stream: TcpStream,
    next: u32,
}

impl Http2 {
    /// Connects by prior knowledge. The window of each stream is so large at first.
    pub(crate) fn connect(address: SocketAddr, window: u32) -> Http2 {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let mut this = Http2 { stream, next: 1 };
        this.stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        let settings = [&[0, 4][..], &window.to_be_bytes()].concat();
        this.send(SETTINGS, 0, 0, &settings);
        this
    }

    fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        // The gateway may close at any time; what it says then counts.
        let _ = self.stream.write_all(&[&head, payload].concat());
    }

    /// Begins a request. Returns its stream.
    pub(crate) fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) -> u32 {
        let stream = self.next;
        self.next += 2;
        let own = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "api.example")];
        let mut block = Vec::new();
        for (name, value) in own.iter().chain(&[("user-agent", "test")]).chain(headers) {
            // A literal without indexing (RFC 7541 §6.2.2).
            block.push(0);
            for text in [name, value] {
                block.push(u8::try_from(text.len()).unwrap());
                block.extend_from_slice(text.as_bytes());
            }
        }
        let flags = END_HEADERS | if method == "GET" { END_STREAM } else { 0 };
        self.send(HEADERS, flags, stream, &block);
        stream
    }

    /// Sends a piece of a request's body.
    pub(crate) fn data(&mut self, stream: u32, piece: &[u8], is_last: bool) {
        self.send(DATA, if is_last { END_STREAM } else { 0 }, stream, piece);
    }

    /// Gives up a stream (CANCEL).
    pub(crate) fn reset(&mut self, stream: u32) {
        self.send(RST_STREAM, 0, stream, &8u32.to_be_bytes());
    }

    /// Opens the window of a stream by so many bytes.
    pub(crate) fn open_window(&mut self, stream: u32, bytes: u32) {
        self.send(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes());
    }

    /// Sends any frame.
    pub(crate) fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.send(kind, flags, stream, payload);
    }

    /// Whether the gateway has not closed; reads what has come meanwhile.
    pub(crate) fn is_open(&mut self) -> bool {
        let mut sent = [0; 64 * 1024];
        match self.stream.read(&mut sent) {
            Ok(count) => count > 0,
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }

    pub(crate) fn ping(&mut self) {
        self.send(PING, 0, 0, &[7; 8]);
    }

    /// Reads frames, and answers pings, until one is looked for. `None` when the gateway has closed.
    pub(crate) fn read_until(&mut self, is_it: impl Fn(&Frame) -> bool) -> Option<Frame> {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < Duration::from_secs(30), "not in time");
            match self.read() {
                Read2::Frame(frame) if is_it(&frame) => return Some(frame),
                Read2::Frame(_) | Read2::Nothing => {}
                Read2::Closed => return None,
            }
        }
    }

    /// The status of a request, and its body or why there is none.
    pub(crate) fn answer(&mut self, stream: u32) -> (Vec<u8>, Result<Vec<u8>, &'static str>) {
        let (mut head, mut body) = (Vec::new(), Vec::new());
        loop {
            let Some((kind, flags, _, payload)) = self.read_until(|frame| frame.2 == stream) else {
                return (head, Err("closed"));
            };
            match kind {
                HEADERS => head.extend_from_slice(&payload),
                DATA => body.extend_from_slice(&payload),
                RST_STREAM => return (head, Err("reset")),
                _ => continue,
            }
            if flags & END_STREAM != 0 {
                return (head, Ok(body));
            }
        }
    }

    /// One frame, if one is here.
    pub(crate) fn read(&mut self) -> Read2 {
        let mut head = [0; 9];
        match self.stream.read(&mut head[..1]) {
            Ok(0) => return Read2::Closed,
            Ok(_) => {}
            Err(error) if is_timeout(&error) => return Read2::Nothing,
            Err(_) => return Read2::Closed,
        }
        let length =
            |head: &[u8]| usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        if !self.fill(&mut head[1..]) {
            return Read2::Closed;
        }
        let mut payload = vec![0; length(&head)];
        if !self.fill(&mut payload) {
            return Read2::Closed;
        }
        let stream = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
        match (head[3], head[4] & ACK) {
            (PING, 0) => self.send(PING, ACK, 0, &payload),
            (SETTINGS, 0) => self.send(SETTINGS, ACK, 0, &[]),
            _ => {}
        }
        Read2::Frame((head[3], head[4], stream, payload))
    }

    fn fill(&mut self, mut buffer: &mut [u8]) -> bool {
        while !buffer.is_empty() {
            match self.stream.read(buffer) {
                Ok(0) => return false,
                Ok(count) => buffer = &mut buffer[count..],
                Err(error) if is_timeout(&error) => {}
                Err(_) => return false,
            }
        }
        true
    }
}

/// What a look at the connection shows.
pub(crate) enum Read2 {
    Frame(Frame),
    Nothing,
    Closed,
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// The status in the head of an answer: indexed, or a literal with the indexed name (RFC 7541 §6).
pub(crate) fn status(head: &[u8]) -> u16 {
    const INDEXED: [(u8, u16); 7] =
        [(0x88, 200), (0x89, 204), (0x8a, 206), (0x8b, 304), (0x8c, 400), (0x8d, 404), (0x8e, 500)];
    let first = head.first().copied().unwrap_or(0);
    if let Some((_, status)) = INDEXED.iter().find(|(index, _)| *index == first) {
        return *status;
    }
    // `:status` is entry 8; three digits take two bytes in the code of RFC 7541, or three without it.
    match head {
        [0x48 | 0x08 | 0x18, 3, digits @ ..] => {
            std::str::from_utf8(&digits[..3]).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
        }
        [0x48 | 0x08 | 0x18, length, coded @ ..] if length & 0x80 != 0 => {
            huffman_digits(&coded[..usize::from(length & 0x7f)])
        }
        _ => 0,
    }
}

/// Digits in the Huffman code of RFC 7541, appendix B: 0 to 2 have five bits, 3 to 9 six.
fn huffman_digits(coded: &[u8]) -> u16 {
    let bits: Vec<u8> = coded.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let (mut at, mut number) = (0, 0);
    let value = |bits: &[u8]| bits.iter().fold(0u16, |value, bit| value << 1 | u16::from(*bit));
    for _ in 0..3 {
        let five = value(&bits[at..at + 5]);
        let (digit, length) = if five <= 2 { (five, 5) } else { (value(&bits[at..at + 6]) - 0x19 + 3, 6) };
        number = number * 10 + digit;
        at += length;
    }
    number
}
