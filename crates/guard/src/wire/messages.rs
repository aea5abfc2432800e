//! The messages of a gRPC stream, each held until it is whole.
//!
//! A gRPC body has no end before both sides are done, so it cannot be held back as a whole. But each of its messages can,
//! and the limit of a body is the limit of a message. What is no gRPC message does not pass: the media type alone, which
//! the client chooses, takes no request out of a limit. Compression is undone before a message is judged and forwarded.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>

use bytes::{Bytes, BytesMut};
use inputs::grpc::{GrpcError, Next, PREFIX, next};
use policy::ByteSize;

use super::content_encoding::{CodingLimits, decode};
use crate::held::{OverBudget, Share};

/// Puts the messages of a stream together.
pub(crate) struct Messages {
    read: BytesMut,
    limit: ByteSize,
    share: Share,
    coding: Coding,
}

/// How messages may be compressed.
#[derive(Debug, Clone)]
pub(crate) struct Coding {
    /// `grpc-encoding`; empty without one.
    pub(crate) name: Vec<u8>,
    pub(crate) limits: CodingLimits,
}

impl Coding {
    /// Whether some message may be compressed.
    pub(crate) fn is_used(&self) -> bool {
        !self.name.is_empty() && !self.name.eq_ignore_ascii_case(b"identity")
    }

    fn undo(&self, message: &[u8]) -> Result<Vec<u8>, MessageError> {
        match decode(&self.name, message, self.limits) {
            Ok(Some(plain)) => Ok(plain),
            Ok(None) | Err(_) => Err(MessageError::Coding),
        }
    }
}

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MessageError {
    /// It is no stream of messages.
    #[error("no gRPC message")]
    Framing,
    /// A message is compressed in a way that cannot be undone within the limits.
    #[error("a gRPC message whose compression cannot be undone")]
    Coding,
    /// A message is longer than the limit.
    #[error("a gRPC message over {0} (`[protocol] max_decoded_body`)")]
    TooLarge(ByteSize),
    /// There is more in a message than is judged.
    #[error(transparent)]
    Unread(#[from] GrpcError),
    /// Too much is held already.
    #[error("{0}")]
    OverBudget(OverBudget),
}

impl Messages {
    /// Of each message, `limit` bytes are held at most.
    pub(crate) fn new(limit: ByteSize, share: Share, coding: Coding) -> Self {
        Messages { read: BytesMut::new(), limit, share, coding }
    }

    /// Takes a piece of the stream, and shows each message that is whole now to `each`. Returns what may pass: the messages
    /// with their prefixes.
    pub(crate) fn push<E: From<MessageError>>(
        &mut self,
        piece: &[u8],
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<Bytes, E> {
        self.read.extend_from_slice(piece);
        let mut whole = 0;
        // What was decompressed, and how much of what was read it stands for.
        let mut plain: Option<(BytesMut, usize)> = None;
        loop {
            match next(self.read.get(whole..).unwrap_or_default(), self.limit.as_usize()) {
                Next::End | Next::Begun => break,
                Next::Malformed => return Err(MessageError::Framing.into()),
                Next::TooLarge => return Err(MessageError::TooLarge(self.limit).into()),
                Next::Message(message, is_compressed) => {
                    let length = PREFIX + message.len();
                    if is_compressed {
                        let message = self.coding.undo(message)?;
                        each(&message)?;
                        let (out, stands_for) = plain.get_or_insert_default();
                        out.extend_from_slice(self.read.get(*stands_for..whole).unwrap_or_default());
                        put(out, &message).ok_or(MessageError::TooLarge(self.limit))?;
                        *stands_for = whole + length;
                    } else {
                        each(message)?;
                    }
                    whole += length;
                }
            }
        }
        let messages = self.read.split_to(whole);
        self.share.resize(self.read.len()).map_err(MessageError::OverBudget)?;
        Ok(match plain {
            None => messages.freeze(),
            Some((mut out, stands_for)) => {
                out.extend_from_slice(messages.get(stands_for..).unwrap_or_default());
                out.freeze()
            }
        })
    }

    /// Whether no message is begun and not whole.
    pub(crate) fn is_empty(&self) -> bool {
        self.read.is_empty()
    }

    /// Whether what passes may be longer than what came.
    pub(crate) fn is_decoding(&self) -> bool {
        self.coding.is_used()
    }
}

/// A held body with the compression of its messages undone; `None` where none is compressed.
pub(crate) fn decompressed(body: &[u8], coding: &Coding) -> Result<Option<Bytes>, MessageError> {
    let (mut at, mut out, mut is_changed) = (0, BytesMut::new(), false);
    while let Next::Message(message, is_compressed) = next(body.get(at..).unwrap_or_default(), usize::MAX) {
        at += PREFIX + message.len();
        let written = match is_compressed {
            true => put(&mut out, &coding.undo(message)?),
            false => put(&mut out, message),
        };
        written.ok_or(MessageError::TooLarge(coding.limits.size))?;
        if out.len() > coding.limits.size.as_usize() {
            return Err(MessageError::TooLarge(coding.limits.size));
        }
        is_changed |= is_compressed;
    }
    out.extend_from_slice(body.get(at..).unwrap_or_default());
    Ok(is_changed.then(|| out.freeze()))
}

/// Writes a message that is not compressed; `None` if it is longer than a message can be.
fn put(out: &mut BytesMut, message: &[u8]) -> Option<()> {
    let length = u32::try_from(message.len()).ok()?;
    out.extend_from_slice(&[0]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(message);
    Some(())
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

    fn coding(name: &[u8]) -> Coding {
        Coding { name: name.to_vec(), limits: CodingLimits { size: ByteSize::mib(1), ratio: 100 } }
    }

    #[test]
    fn compression_is_undone() {
        let gzip = |text: &str| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
            let coded = encoder.finish().unwrap();
            [&[1][..], &u32::try_from(coded.len()).unwrap().to_be_bytes(), &coded].concat()
        };
        let body = [message("one"), gzip("two"), message("three"), gzip("four")].concat();
        let plain = ["one", "two", "three", "four"].map(message).concat();
        let limits = HeldLimits { total: ByteSize(10_000), per_client: ByteSize(1_000) };
        for size in [1, 7, body.len()] {
            let share = Arc::new(HeldBytes::default()).share([192, 0, 2, 1].into(), limits);
            let mut messages = Messages::new(ByteSize(1000), share, coding(b"gzip"));
            let (mut passed, mut seen) = (Vec::new(), Vec::new());
            for piece in body.chunks(size) {
                let each = |message: &[u8]| {
                    seen.push(String::from_utf8_lossy(message).into_owned());
                    Ok::<(), MessageError>(())
                };
                passed.extend_from_slice(&messages.push(piece, each).unwrap());
            }
            assert_eq!(passed, plain, "pieces of {size}");
            assert_eq!(seen, ["one", "two", "three", "four"]);
        }
        assert_eq!(decompressed(&body, &coding(b"gzip")).unwrap().unwrap(), plain);
        assert_eq!(decompressed(&plain, &coding(b"gzip")), Ok(None));
        for name in [&b""[..], b"identity", b"snappy", b"deflate"] {
            assert_eq!(decompressed(&body, &coding(name)), Err(MessageError::Coding));
        }
        let bomb = gzip(&"a".repeat(3 << 20));
        assert_eq!(decompressed(&bomb, &coding(b"gzip")), Err(MessageError::Coding));
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
            let mut messages = Messages::new(ByteSize(10), share, coding(b""));
            let mut push = |piece| messages.push(piece, |_| Ok::<(), MessageError>(()));
            let seen: Vec<_> = pieces.iter().map(|piece| push(piece).map(|m| m.len())).collect();
            assert_eq!(seen, expected, "{name}");
        }
    }
}
