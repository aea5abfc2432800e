//! Events: one line of JSON for every refusal, every would-be refusal, every change, and every request served.

use std::fmt::{self, Write as _};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::HeaderValue;
use policy::learn::Observation;
use serde::{Serialize, Serializer};

use crate::waf::Audit;

/// The id under which a client's answer and an operator's line meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventId(u128);

impl EventId {
    /// A new id: 48 bits of time, 80 of chance.
    pub fn new(now: SystemTime) -> Self {
        let millis = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_millis());
        EventId((millis << 80) | (fastrand::u128(..) >> 48))
    }

    /// The id as the value of a header.
    pub(crate) fn header_value(self) -> Option<HeaderValue> {
        HeaderValue::from_maybe_shared(Bytes::copy_from_slice(&self.hex())).ok()
    }

    fn hex(self) -> [u8; 32] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        std::array::from_fn(|at| DIGITS[usize::from((self.0 >> (124 - 4 * at)) as u8 & 15)])
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hex().iter().try_for_each(|digit| f.write_char(char::from(*digit)))
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Refused.
    Refused,
    /// The door observes: it would have been refused.
    WouldRefuse,
    /// Changed and passed.
    Rewritten,
    /// The door observes: it would have been changed.
    WouldRewrite,
    /// Passed, and worth knowing.
    Reported,
    /// Something failed; the exchange got an error.
    Failed,
}

impl Verdict {
    /// The name in events and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Refused => "refused",
            Verdict::WouldRefuse => "would-refuse",
            Verdict::Rewritten => "rewritten",
            Verdict::WouldRewrite => "would-rewrite",
            Verdict::Reported => "reported",
            Verdict::Failed => "failed",
        }
    }
}

/// A line of the log.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Record<'a> {
    /// A door's decision, or a failure.
    Event(Event<'a>),
    /// A request served.
    Access(Access<'a>),
    /// Something about the process: started, reloaded, draining.
    Notice {
        /// When.
        time: Timestamp,
        /// What.
        message: &'a str,
    },
}

/// A door's decision.
#[derive(Debug, Serialize)]
pub struct Event<'a> {
    /// When.
    pub time: Timestamp,
    /// The id that the client got.
    pub id: EventId,
    /// Which door, or `upstream`.
    pub door: &'a str,
    /// Which rule of it.
    pub rule: &'a str,
    /// What became of it.
    pub verdict: Verdict,
    /// Status that the client got, when refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What was seen, secrets redacted.
    pub evidence: &'a str,
    /// Client address.
    pub client: std::net::IpAddr,
    /// Request method.
    pub method: &'a str,
    /// Request path, without the query.
    pub path: &'a str,
    /// Matched route.
    pub route: &'a str,
    /// Verified subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<&'a str>,
    /// Microseconds since the request's head was read.
    pub latency_us: u64,
}

/// A request served.
#[derive(Debug, Serialize)]
pub struct Access<'a> {
    /// When it ended.
    pub time: Timestamp,
    /// Its id.
    pub id: EventId,
    /// Client address.
    pub client: std::net::IpAddr,
    /// Request method.
    pub method: &'a str,
    /// Request path, without the query.
    pub path: &'a str,
    /// Matched route.
    pub route: &'a str,
    /// Verified subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<&'a str>,
    /// Status that the client got.
    pub status: u16,
    /// Bytes of the response body that were sent.
    pub bytes: u64,
    /// Microseconds from the request's head to the end of the response.
    pub latency_us: u64,
}

/// A time as RFC 3339 with milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Timestamp(pub SystemTime);

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&humantime::format_rfc3339_millis(self.0))
    }
}

/// Where lines go. Never blocks the caller.
pub trait EventSink: Send + Sync {
    /// Takes a line.
    fn record(&self, record: &Record<'_>);

    /// Whether requests served are wanted too.
    fn wants_access(&self) -> bool;

    /// Whether what rules found is wanted in the form of ModSecurity's audit log.
    fn wants_audit(&self) -> bool {
        false
    }

    /// Takes an entry of the audit log.
    fn audit(&self, _entry: &Audit) {}

    /// Lines that had to be dropped.
    fn dropped(&self) -> u64 {
        0
    }

    /// Whether exchanges are to be learnt from; then answers are held to be read.
    fn watches(&self) -> bool {
        false
    }

    /// Takes an exchange to learn from.
    fn watch(&self, _observation: Observation) {}
}

/// Writes lines from a thread of its own. When the writer cannot keep up, lines are dropped and counted: a slow
/// disk must not stop the gate.
pub struct LineWriter {
    lines: SyncSender<Message>,
    audit: Option<SyncSender<Message>>,
    dropped: Arc<AtomicU64>,
    access: bool,
}

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

impl LineWriter {
    /// Lines waiting to be written.
    const QUEUE: usize = 65_536;

    /// A writer to anything that takes bytes.
    pub fn new(out: impl Write + Send + 'static, access: bool) -> Self {
        LineWriter { lines: queue(out), audit: None, dropped: Arc::default(), access }
    }

    /// The same, and what rules found goes elsewhere.
    #[must_use]
    pub fn with_audit(self, out: impl Write + Send + 'static) -> Self {
        LineWriter { audit: Some(queue(out)), ..self }
    }

    fn send(&self, lines: &SyncSender<Message>, record: &impl Serialize) {
        let mut line = Vec::with_capacity(384);
        if serde_json::to_writer(&mut line, record).is_ok() {
            line.push(b'\n');
            if lines.try_send(Message::Line(line)).is_err() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Waits until everything taken so far is written; for the end of the process.
    pub fn flush(&self) {
        for lines in std::iter::once(&self.lines).chain(&self.audit) {
            let (done, wait) = sync_channel(1);
            if lines.send(Message::Flush(done)).is_ok() {
                let _ = wait.recv_timeout(Duration::from_secs(5));
            }
        }
    }
}

/// A thread that writes what it is sent.
fn queue(out: impl Write + Send + 'static) -> SyncSender<Message> {
    let (lines, queue) = sync_channel(LineWriter::QUEUE);
    std::thread::spawn(move || write_lines(&queue, out));
    lines
}

impl EventSink for LineWriter {
    fn record(&self, record: &Record<'_>) {
        self.send(&self.lines, record);
    }

    fn wants_audit(&self) -> bool {
        self.audit.is_some()
    }

    fn audit(&self, entry: &Audit) {
        if let Some(lines) = &self.audit {
            self.send(lines, entry);
        }
    }

    fn wants_access(&self) -> bool {
        self.access
    }

    fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// Writes in batches, and at once when nothing more waits.
fn write_lines(queue: &Receiver<Message>, out: impl Write) {
    const PAUSE: Duration = Duration::from_millis(50);
    let mut out = std::io::BufWriter::with_capacity(64 * 1024, out);
    loop {
        match queue.recv_timeout(PAUSE) {
            Ok(Message::Line(line)) => {
                let _ = out.write_all(&line);
            }
            Ok(Message::Flush(done)) => {
                let _ = out.flush();
                let _ = done.send(());
            }
            Err(RecvTimeoutError::Timeout) => {
                let _ = out.flush();
                // Nothing to do: sleep until the next line, however long that is.
                match queue.recv() {
                    Ok(Message::Line(line)) => drop(out.write_all(&line)),
                    Ok(Message::Flush(done)) => drop(done.send(())),
                    Err(_) => return,
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                let _ = out.flush();
                return;
            }
        }
    }
}

/// A piece of what was seen, short enough for a line, control bytes shown.
pub(crate) fn excerpt(value: &[u8]) -> String {
    const LONGEST: usize = 120;
    let shown = String::from_utf8_lossy(&value[..value.len().min(LONGEST)]);
    let mut text = String::with_capacity(shown.len());
    for character in shown.chars() {
        match character {
            // Harmless, and escaped once more where the line is written.
            '\'' | '"' => text.push(character),
            other => text.extend(other.escape_debug()),
        }
    }
    if value.len() > LONGEST {
        text.push('…');
    }
    text
}

/// Whether what stands under this name is a secret that must not reach a log.
pub(crate) fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 12] = [
        "password",
        "passwd",
        "pwd",
        "secret",
        "token",
        "authorization",
        "cookie",
        "api_key",
        "apikey",
        "api-key",
        "session",
        "credential",
    ];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}
