//! Lines of JSON, written by a thread of its own.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use serde::Serialize;

use super::modsecurity::Audit;
use super::sinks::{AccessSink, AuditSink, EventSink};
use super::{Access, Record};

/// Writes lines from a thread of its own, of each kind that it is registered for ([`FanOut`](super::fan_out::FanOut)).
/// If the writer cannot keep up, lines are dropped and counted: a slow disk must not stop the gate.
pub struct LineWriter {
    lines: SyncSender<Message>,
    dropped: AtomicU64,
}

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

impl LineWriter {
    /// Lines waiting to be written.
    const QUEUE: usize = 65_536;

    /// A writer to anything that takes bytes.
    pub fn new(out: impl Write + Send + 'static) -> Self {
        LineWriter { lines: queue(out), dropped: AtomicU64::new(0) }
    }

    fn send(&self, record: &impl Serialize) {
        let mut line = Vec::with_capacity(384);
        if serde_json::to_writer(&mut line, record).is_ok() {
            line.push(b'\n');
            if self.lines.try_send(Message::Line(line)).is_err() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
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
fn queue(out: impl Write + Send + 'static) -> SyncSender<Message> {
    let (lines, queue) = sync_channel(LineWriter::QUEUE);
    std::thread::spawn(move || write_lines(&queue, out));
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
        self.send(&Record::Access(*access));
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
