//! What judges a stream while it passes, and ends it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use inputs::slice::tail;
use inputs::{MultipartStream, Part, StreamError};
use policy::ByteSize;
use tokio::time::{Instant, Sleep};

use super::messages::{MessageError, Messages};
use crate::held::{OverBudget, Share};

/// An error of a body, of whatever makes it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Whether a stream was ended by a judge.
#[derive(Debug, Clone, Default)]
pub struct Refused(Arc<AtomicU16>);

impl Refused {
    /// The status that the client gets, if it was.
    pub fn status(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.0.load(Ordering::Acquire)).ok()
    }

    fn set(&self, status: StatusCode) {
        self.0.store(status.as_u16(), Ordering::Release);
    }
}

/// What a judge sees of a stream.
pub(crate) enum Seen<'s> {
    /// Some bytes, with the end of those before.
    Window(&'s [u8]),
    /// A message of gRPC.
    Message(&'s [u8]),
    /// A part of a multipart body; of a large file, its head.
    Part(&'s Part),
    /// What is wrong with it.
    Fault(StreamFault),
}

/// What is wrong with a stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StreamFault {
    /// With a message in it.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// With a part in it.
    #[error(transparent)]
    Part(#[from] StreamError),
    /// It is longer than the limit.
    #[error("over {0}")]
    TooLong(ByteSize),
    /// Too much is held already.
    #[error("{0}")]
    OverBudget(OverBudget),
}

/// Judges what passes of a stream; a status ends it.
pub(crate) type Judge = Box<dyn FnMut(Seen<'_>) -> Result<(), StatusCode> + Send + Sync>;

/// In what units a stream passes.
pub(crate) enum Units {
    /// In pieces as they come, small ones together.
    Pieces(Gathering),
    /// In messages of gRPC, each of which is held until it is whole.
    Messages(Messages),
    /// In the parts of a form, each of which is held until it is whole, but for large files.
    Parts(Box<MultipartStream>, Share),
}

/// Small pieces of a stream that are judged together: so that a client does not choose what is seen at once, and judging
/// costs in proportion to what comes. The first piece after a while waits for no other.
#[derive(Default)]
pub(crate) struct Gathering {
    /// The end of what has passed, and behind it what waits.
    seen: BytesMut,
    /// How much of `seen` has passed.
    passed: usize,
    /// When something was judged.
    last: Option<Instant>,
    /// Wakes up who waits for what waits.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Gathering {
    /// What waits is judged when it is so long.
    const ENOUGH: usize = 16 << 10;
    /// How much of what has passed is judged with it once more.
    const OVERLAP: usize = 4 << 10;
    /// How long it waits.
    const WHILE: Duration = Duration::from_millis(20);

    fn waiting(&self) -> usize {
        self.seen.len() - self.passed
    }

    fn is_due(&self) -> bool {
        self.waiting() >= Self::ENOUGH || self.last.is_none_or(|last| last.elapsed() >= Self::WHILE)
    }

    /// What waits may pass.
    fn take(&mut self) -> Bytes {
        let waiting = Bytes::copy_from_slice(tail(&self.seen, self.passed));
        self.seen = BytesMut::from(tail(&self.seen, self.seen.len().saturating_sub(Self::OVERLAP)));
        self.passed = self.seen.len();
        (self.last, self.timer) = (Some(Instant::now()), None);
        waiting
    }
}

/// Judges what passes of a stream.
pub struct Window {
    judge: Option<Judge>,
    units: Units,
    refused: Refused,
    limit: ByteSize,
    /// How much may still come.
    left: u64,
    /// Whether nothing comes any more.
    is_ended: bool,
}

/// Why a part or a message does not pass.
enum Ended {
    Fault(StreamFault),
    Refused(StatusCode),
}

impl From<StreamError> for Ended {
    fn from(error: StreamError) -> Self {
        Ended::Fault(error.into())
    }
}

impl From<MessageError> for Ended {
    fn from(error: MessageError) -> Self {
        Ended::Fault(error.into())
    }
}

impl Window {
    /// A window with a judge, or without one, for a stream of at most `limit` bytes.
    pub(crate) fn new(judge: Option<Judge>, units: Units, limit: ByteSize) -> Self {
        Window { judge, units, refused: Refused::default(), limit, left: limit.0, is_ended: false }
    }

    /// Whether a judge has ended the stream.
    pub(crate) fn refused(&self) -> Refused {
        self.refused.clone()
    }

    /// Takes a piece of the stream, and returns what may pass now.
    pub(crate) fn pass(&mut self, piece: Bytes) -> Result<Bytes, BoxError> {
        match self.left.checked_sub(piece.len() as u64) {
            Some(left) => self.left = left,
            None => return Err(self.fault(StreamFault::TooLong(self.limit))),
        }
        match &mut self.units {
            Units::Pieces(_) if self.judge.is_none() => Ok(piece),
            Units::Pieces(gathering) => {
                gathering.seen.extend_from_slice(&piece);
                if gathering.is_due() { self.pass_waiting() } else { Ok(Bytes::new()) }
            }
            Units::Messages(messages) => {
                let judge = &mut self.judge;
                let passed = messages.push(&piece, |message| {
                    let judged = judge.as_mut().map_or(Ok(()), |judge| judge(Seen::Message(message)));
                    judged.map_err(Ended::Refused)
                });
                passed.map_err(|ended| self.ended(ended))
            }
            Units::Parts(parts, share) => {
                let judge = &mut self.judge;
                let passed = parts.push(&piece, |part| {
                    let judged = judge.as_mut().map_or(Ok(()), |judge| judge(Seen::Part(part)));
                    judged.map_err(Ended::Refused)
                });
                let fault = match (passed, share.resize(parts.kept())) {
                    (Ok(passed), Ok(())) => return Ok(passed),
                    (Ok(_), Err(over)) => StreamFault::OverBudget(over),
                    (Err(ended), _) => return Err(self.ended(ended)),
                };
                Err(self.fault(fault))
            }
        }
    }

    /// What waits has waited long enough, if it is not `Pending`.
    pub(crate) fn poll_waiting(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, BoxError>> {
        let Units::Pieces(gathering) = &mut self.units else { return Poll::Pending };
        let Some(last) = gathering.last.filter(|_| gathering.waiting() > 0) else { return Poll::Pending };
        let timer = gathering
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(last + Gathering::WHILE)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(self.pass_waiting())
    }

    /// The stream is at its end. Returns what has waited; what is not whole has been forwarded to nobody.
    pub(crate) fn end(&mut self) -> Result<Bytes, BoxError> {
        if std::mem::replace(&mut self.is_ended, true) {
            return Ok(Bytes::new());
        }
        let fault = match &mut self.units {
            Units::Pieces(gathering) if gathering.waiting() > 0 => return self.pass_waiting(),
            Units::Pieces(_) => return Ok(Bytes::new()),
            Units::Messages(messages) if messages.is_empty() => return Ok(Bytes::new()),
            Units::Messages(_) => MessageError::Framing.into(),
            Units::Parts(parts, _) => match parts.end() {
                Ok(()) => return Ok(parts.fill()),
                Err(error) => error.into(),
            },
        };
        Err(self.fault(fault))
    }

    /// Whether the stream has come to its end.
    pub(crate) fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Whether nothing waits for more, or for the rest of its message or part.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.units {
            Units::Pieces(gathering) => gathering.waiting() == 0,
            Units::Messages(messages) => messages.is_empty(),
            // Its end has to be seen.
            Units::Parts(parts, _) => parts.spare() == 0 && parts.end().is_ok(),
        }
    }

    /// The length of the stream is told to somebody.
    pub(crate) fn settle_length(&mut self) {
        if let Units::Parts(parts, _) = &mut self.units {
            parts.settle_length();
        }
    }

    /// Whether what has passed is longer than what has come.
    pub(crate) fn has_grown(&self) -> bool {
        matches!(&self.units, Units::Parts(parts, _) if parts.has_grown())
    }

    /// Whether what passes is as long as what comes.
    pub(crate) fn keeps_length(&self) -> bool {
        !matches!(&self.units, Units::Messages(messages) if messages.is_decoding())
    }

    /// The bytes that pass besides those that come from now on.
    pub(crate) fn kept(&self) -> usize {
        match &self.units {
            Units::Parts(parts, _) => parts.kept() + parts.spare(),
            Units::Pieces(gathering) => gathering.waiting(),
            Units::Messages(_) => 0,
        }
    }

    /// Judges what waits, with the end of what was before it.
    fn pass_waiting(&mut self) -> Result<Bytes, BoxError> {
        let Units::Pieces(gathering) = &mut self.units else { return Ok(Bytes::new()) };
        let judged = self.judge.as_mut().map_or(Ok(()), |judge| judge(Seen::Window(&gathering.seen)));
        let passed = gathering.take();
        judged.map(|()| passed).map_err(|status| self.refuse(status))
    }

    fn ended(&mut self, ended: Ended) -> BoxError {
        match ended {
            Ended::Fault(fault) => self.fault(fault),
            Ended::Refused(status) => self.refuse(status),
        }
    }

    fn fault(&mut self, fault: StreamFault) -> BoxError {
        let judged = self.judge.as_mut().map_or(Ok(()), |judge| judge(Seen::Fault(fault)));
        self.refuse(judged.err().unwrap_or(StatusCode::BAD_REQUEST))
    }

    fn refuse(&self, status: StatusCode) -> BoxError {
        self.refused.set(status);
        "the stream was refused".into()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Small pieces cost no more than large ones, but for what time makes due.
    #[test]
    fn small_pieces_are_judged_together() {
        let judged = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&judged);
        let judge: Judge = Box::new(move |window| {
            if let Seen::Window(bytes) = window {
                seen.lock().unwrap().push(bytes.len());
            }
            Ok(())
        });
        let limit = ByteSize::mib(1);
        let mut window = Window::new(Some(judge), Units::Pieces(Gathering::default()), limit);
        let start = Instant::now();
        // The first waits for no other.
        let mut passed = window.pass(Bytes::from_static(b"first")).unwrap().to_vec();
        assert_eq!(passed, b"first");
        for _ in 0..20_000 {
            passed.extend_from_slice(&window.pass(Bytes::from_static(b"0123456789abcdef")).unwrap());
        }
        assert!(window.is_empty() || window.kept() < Gathering::ENOUGH);
        passed.extend_from_slice(&window.end().unwrap());
        assert!(window.is_empty() && window.is_ended());
        assert_eq!(passed.len(), 5 + 20_000 * 16);
        let by_time = usize::try_from(start.elapsed().as_millis() / Gathering::WHILE.as_millis()).unwrap();
        let times = judged.lock().unwrap().len();
        assert!(times <= 3 + passed.len() / Gathering::ENOUGH + by_time, "{times}");
        let longest = judged.lock().unwrap().iter().copied().max();
        assert!(longest <= Some(Gathering::ENOUGH + Gathering::OVERLAP + 16), "{longest:?}");
    }
}
