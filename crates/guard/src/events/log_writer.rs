//! Lines of JSON, written by a thread of its own.

use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use policy::{AccessField, AccessStyle};
use serde::Serialize;

use super::modsecurity::Audit;
use super::sinks::{AccessSink, AuditSink, EventSink};
use super::{Access, Record};

/// Writes lines from a thread of its own, of each kind that it is registered for ([`FanOut`](super::fan_out::FanOut)).
/// If the writer cannot keep up, lines are dropped and counted: a slow disk must not stop the gate.
pub struct LineWriter {
    lines: SyncSender<Message>,
    style: AccessStyle,
    dropped: Arc<AtomicU64>,
}

/// Takes bytes, in a thread of its own.
type Out = Box<dyn Write + Send>;

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
    /// Another destination for the lines that follow.
    Reopen(Out),
}

impl LineWriter {
    /// Lines waiting to be written.
    const QUEUE: usize = 65_536;

    /// A writer to anything that takes bytes.
    pub fn new(out: impl Write + Send + 'static) -> Self {
        let dropped = Arc::<AtomicU64>::default();
        let lines = queue(Box::new(out), Arc::clone(&dropped));
        LineWriter { lines, style: AccessStyle::Json(AccessField::ALL.to_vec()), dropped }
    }

    /// The same, with lines of requests in another style.
    #[must_use]
    pub fn access_style(self, style: AccessStyle) -> Self {
        LineWriter { style, ..self }
    }

    /// Writes what is taken from now on to another place: a file that was opened anew after its old one was moved.
    pub fn reopen(&self, out: impl Write + Send + 'static) {
        let _ = self.lines.send(Message::Reopen(Box::new(out)));
    }

    fn send(&self, record: &impl Serialize) {
        let mut line = Vec::with_capacity(384);
        if serde_json::to_writer(&mut line, record).is_ok() {
            line.push(b'\n');
            self.take(line);
        }
    }

    fn take(&self, line: Vec<u8>) {
        if self.lines.try_send(Message::Line(line)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything taken so far is written; for the end of the process.
    pub fn flush(&self) {
        let (done, wait) = sync_channel(1);
        if self.lines.send(Message::Flush(done)).is_ok() {
            let _ = wait.recv_timeout(Duration::from_secs(5));
        }
    }
}

/// A thread that writes what it is sent.
fn queue(out: Out, dropped: Arc<AtomicU64>) -> SyncSender<Message> {
    let (lines, queue) = sync_channel(LineWriter::QUEUE);
    std::thread::spawn(move || Lines::new(out, dropped).write(&queue));
    lines
}

impl EventSink for LineWriter {
    fn record(&self, record: &Record<'_>) {
        self.send(record);
    }

    fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl AccessSink for LineWriter {
    fn access(&self, access: &Access<'_>) {
        self.take(access.line(&self.style));
    }
}

impl AuditSink for LineWriter {
    fn audit(&self, entry: &Audit) {
        self.send(entry);
    }

    fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// Where the lines go.
struct Lines {
    out: BufWriter<Out>,
    dropped: Arc<AtomicU64>,
}

impl Lines {
    fn new(out: Out, dropped: Arc<AtomicU64>) -> Self {
        Lines { out: BufWriter::with_capacity(64 * 1024, out), dropped }
    }

    /// Writes in batches, and at once when nothing more waits.
    fn write(mut self, queue: &Receiver<Message>) {
        const PAUSE: Duration = Duration::from_millis(50);
        loop {
            let message = match queue.recv_timeout(PAUSE) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => {
                    let _ = self.out.flush();
                    // Nothing to do: sleep until the next line, however long that is.
                    match queue.recv() {
                        Ok(message) => message,
                        Err(_) => return,
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let _ = self.out.flush();
                    return;
                }
            };
            match message {
                Message::Line(line) => {
                    if self.out.write_all(&line).is_err() {
                        self.dropped.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Message::Flush(done) => {
                    let _ = self.out.flush();
                    let _ = done.send(());
                }
                Message::Reopen(out) => {
                    let _ = self.out.flush();
                    self.out = BufWriter::with_capacity(64 * 1024, out);
                }
            }
        }
    }
}
