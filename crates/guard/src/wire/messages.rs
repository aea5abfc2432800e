//! The messages of a gRPC stream, each held until it is whole.
//!
//! A gRPC body has no end before both sides are done, so it cannot be held back as a whole. But each of its messages can,
//! and the limit of a body is the limit of a message. What is no gRPC message does not pass: the media type alone, which
//! the client chooses, takes no request out of a limit.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>

use bytes::{Buf, Bytes, BytesMut};
use policy::ByteSize;

use crate::held::{OverBudget, Share};

/// A flag for compression, and the length of the message.
const PREFIX: usize = 5;

/// Puts the messages of a stream together.
pub(crate) struct Messages {
    read: BytesMut,
    limit: ByteSize,
    share: Share,
}

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MessageError {
    /// It is no stream of messages.
    #[error("no gRPC message")]
    Framing,
    /// A message is longer than the limit.
    #[error("a gRPC message over {0}")]
    TooLarge(ByteSize),
    /// Too much is held already.
    #[error("{0}")]
    OverBudget(OverBudget),
}

impl Messages {
    /// Of each message, `limit` bytes are held at most.
    pub(crate) fn new(limit: ByteSize, share: Share) -> Self {
        Messages { read: BytesMut::new(), limit, share }
    }

    /// Takes a piece of the stream. Returns the messages that are whole now, with their prefixes.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<Bytes, MessageError> {
        self.read.extend_from_slice(piece);
        let mut whole = 0;
        loop {
            let mut rest = self.read.get(whole..).unwrap_or_default();
            if rest.len() < PREFIX {
                break;
            }
            if rest.get_u8() > 1 {
                return Err(MessageError::Framing);
            }
            let length = usize::try_from(rest.get_u32()).unwrap_or(usize::MAX);
            if length > self.limit.as_usize() {
                return Err(MessageError::TooLarge(self.limit));
            }
            if rest.len() < length {
                break;
            }
            whole += PREFIX + length;
        }
        let messages = self.read.split_to(whole).freeze();
        self.share.resize(self.read.len()).map_err(MessageError::OverBudget)?;
        Ok(messages)
    }

    /// Whether no message is begun and not whole.
    pub(crate) fn is_empty(&self) -> bool {
        self.read.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use policy::HeldLimits;

    use super::*;
    use crate::held::HeldBytes;

    fn message(text: &str) -> Vec<u8> {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&[0][..], &length, text.as_bytes()].concat()
    }

    #[test]
    fn messages_pass_when_they_are_whole_and_only_messages_pass() {
        let (one, two) = (message("one"), message(""));
        let limits = HeldLimits { total: ByteSize(100), per_client: ByteSize(7) };
        for (name, pieces, expected) in [
            ("whole", &[&one[..]][..], &[Ok(8)][..]),
            ("two at once", &[&[&one[..], &two].concat()], &[Ok(13)]),
            ("in pieces", &[&one[..2], &one[2..7], &one[7..]], &[Ok(0), Ok(0), Ok(8)]),
            ("and the beginning of the next", &[&[&one[..], &one[..3]].concat(), &one[3..]], &[Ok(8), Ok(8)]),
            ("text", &[b"a=1&b=2"], &[Err(MessageError::Framing)]),
            ("JSON", &[b"{\"a\":1}"], &[Err(MessageError::Framing)]),
            ("an odd flag", &[b"\x02\0\0\0\0"], &[Err(MessageError::Framing)]),
            ("too long", &[b"\0\0\0\0\x0b"], &[Err(MessageError::TooLarge(ByteSize(10)))]),
            (
                "more than may be held",
                &[b"\0\0\0\0\x0a12", b"3"],
                &[Ok(0), Err(MessageError::OverBudget(OverBudget::Client(limits)))],
            ),
        ] {
            let share = Arc::new(HeldBytes::default()).share([192, 0, 2, 1].into(), limits);
            let mut messages = Messages::new(ByteSize(10), share);
            let seen: Vec<_> = pieces.iter().map(|piece| messages.push(piece).map(|m| m.len())).collect();
            assert_eq!(seen, expected, "{name}");
        }
    }
}
