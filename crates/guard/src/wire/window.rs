//! What judges a stream while it passes, and ends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use inputs::slice::tail;
use inputs::{MultipartStream, Part, StreamError};
use policy::ByteSize;

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
    /// In pieces as they come.
    Pieces,
    /// In messages of gRPC, each of which is held until it is whole.
    Messages(Messages),
    /// In the parts of a form, each of which is held until it is whole, but for large files.
    Parts(Box<MultipartStream>, Share),
}

/// The piece that passes, judged together with the end of the one before it.
pub struct Window {
    tail: BytesMut,
    judge: Option<Judge>,
    units: Units,
    refused: Refused,
    limit: ByteSize,
    /// How much may still come.
    left: u64,
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
    /// How much of a piece is kept for the next one.
    const OVERLAP: usize = 256;

    /// A window with a judge, or without one, for a stream of at most `limit` bytes.
    pub(crate) fn new(judge: Option<Judge>, units: Units, limit: ByteSize) -> Self {
        Window { tail: BytesMut::new(), judge, units, refused: Refused::default(), limit, left: limit.0 }
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
            Units::Pieces => self.check(&piece).map(|()| piece),
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

    /// The stream is at its end: what is not whole has been forwarded to nobody.
    pub(crate) fn end(&mut self) -> Result<(), BoxError> {
        let fault = match &self.units {
            Units::Pieces => return Ok(()),
            Units::Messages(messages) if messages.is_empty() => return Ok(()),
            Units::Messages(_) => MessageError::Framing.into(),
            Units::Parts(parts, _) => match parts.end() {
                Ok(()) => return Ok(()),
                Err(error) => error.into(),
            },
        };
        Err(self.fault(fault))
    }

    /// Whether nothing waits for the rest of its message or part.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.units {
            Units::Pieces => true,
            Units::Messages(messages) => messages.is_empty(),
            // Its end has to be seen.
            Units::Parts(parts, _) => parts.end().is_ok(),
        }
    }

    /// Whether what passes is as long as what comes.
    pub(crate) fn keeps_length(&self) -> bool {
        !matches!(&self.units, Units::Messages(messages) if messages.is_decoding())
    }

    /// The bytes that have come and not passed yet.
    pub(crate) fn kept(&self) -> usize {
        match &self.units {
            Units::Parts(parts, _) => parts.kept(),
            _ => 0,
        }
    }

    fn check(&mut self, piece: &[u8]) -> Result<(), BoxError> {
        let Some(judge) = &mut self.judge else { return Ok(()) };
        self.tail.extend_from_slice(piece);
        if let Err(status) = judge(Seen::Window(&self.tail)) {
            return Err(self.refuse(status));
        }
        let judged = self.tail.len().saturating_sub(Self::OVERLAP);
        self.tail = BytesMut::from(tail(&self.tail, judged));
        Ok(())
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
