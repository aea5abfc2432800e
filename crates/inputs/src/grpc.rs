//! The messages of gRPC and gRPC-Web, and the texts in them.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Buf, Bytes};

use super::input::Input;
use super::protobuf::{self, Unread};
use super::sniff::texts;

/// A flag for compression, and the length of the message.
pub const PREFIX: usize = 5;

/// Why a message is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrpcError {
    /// It has more fields than the limit.
    #[error("a gRPC message of over {0} fields (`[protocol] max_members`)")]
    TooMany(usize),
    /// Its messages stand deeper in one another than readers of Protocol Buffers take.
    #[error("a gRPC message of messages over {depth} deep in one another, or of texts in texts", depth = protobuf::DEPTH)]
    TooDeep,
}

/// Whether a media type is of gRPC or gRPC-Web.
pub fn is_grpc(kind: &str) -> bool {
    kind.strip_prefix("application/grpc").is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', '-']))
}

/// The next message of a body, and whether it is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next<'b> {
    /// There is none.
    End,
    /// It is not whole.
    Begun,
    /// A message, and whether it is compressed.
    Message(&'b [u8], bool),
    /// It is none.
    Malformed,
    /// It says that it is longer than the limit.
    TooLarge,
}

/// The message at the beginning of some bytes.
pub fn next(mut bytes: &[u8], limit: usize) -> Next<'_> {
    if bytes.is_empty() {
        return Next::End;
    }
    if bytes.len() < PREFIX {
        return if bytes.first().is_some_and(|flag| *flag > 1) { Next::Malformed } else { Next::Begun };
    }
    let flag = bytes.get_u8();
    if flag > 1 {
        return Next::Malformed;
    }
    let length = usize::try_from(bytes.get_u32()).unwrap_or(usize::MAX);
    if length > limit {
        return Next::TooLarge;
    }
    bytes.get(..length).map_or(Next::Begun, |message| Next::Message(message, flag == 1))
}

/// The messages of a held body; `None` if it is of another type, or has others than whole ones that are not compressed.
pub(super) fn messages(kind: &str, body: &Bytes) -> Option<Vec<Bytes>> {
    if !is_grpc(kind) {
        return None;
    }
    let body = match kind.starts_with("application/grpc-web-text") {
        // Pieces of Base64, each with its own padding, may stand behind one another.
        true => {
            let text: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            let mut decoded = Vec::new();
            for piece in text.split_inclusive(|byte| *byte == b'=').filter(|piece| *piece != b"=") {
                let piece = piece.strip_suffix(b"=").unwrap_or(piece);
                let padding: &[u8] = match piece.len() % 4 {
                    2 => b"==",
                    3 => b"=",
                    _ => b"",
                };
                decoded.extend(BASE64_STANDARD.decode([piece, padding].concat()).ok()?);
            }
            Bytes::from(decoded)
        }
        false => body.clone(),
    };
    let (mut at, mut messages) = (0, Vec::new());
    loop {
        match next(body.get(at..)?, usize::MAX) {
            Next::End => return Some(messages),
            Next::Message(message, false) => {
                messages.push(body.slice_ref(message));
                at += PREFIX + message.len();
            }
            _ => return None,
        }
    }
}

/// Calls `each` with every text in a message of at most `fields` fields, until it answers. A message of another format
/// than Protocol Buffers is a text.
///
/// # Errors
/// When there is more in the message than is looked at.
pub fn find_input<T>(
    message: &[u8],
    fields: usize,
    each: &mut impl FnMut(Input<'_>) -> Option<T>,
) -> Result<Option<T>, GrpcError> {
    const NAME: &str = "message";
    let found =
        protobuf::find_texts(message, fields, &mut |kind, value| each(Input { name: NAME, kind, value }));
    match found {
        Ok(found) => Ok(found),
        Err(Unread::NoMessage) => {
            Ok(texts(message).into_iter().find_map(|text| each(Input::value(NAME, text))))
        }
        Err(Unread::TooMany) => Err(GrpcError::TooMany(fields)),
        Err(Unread::TooDeep) => Err(GrpcError::TooDeep),
    }
}

/// Whether all of a message is looked at.
///
/// # Errors
/// When there is more in it.
pub fn check(message: &[u8], fields: usize) -> Result<(), GrpcError> {
    find_input(message, fields, &mut |_| None::<()>).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_every_kind_are_found() {
        let body = Bytes::from_static(b"\0\0\0\0\x05\x0a\x03Ada\0\0\0\0\0");
        let found = |kind: &str, body: &Bytes| messages(kind, body).map(|all| all.len());
        assert_eq!(found("application/grpc", &body), Some(2));
        assert_eq!(found("application/grpc-web+proto", &body), Some(2));
        let text = Bytes::from(BASE64_STANDARD.encode(&body));
        assert_eq!(found("application/grpc-web-text", &text), Some(2));
        let pieces = [&body[..10], &body[10..]].map(|piece| BASE64_STANDARD.encode(piece)).concat();
        assert_eq!(found("application/grpc-web-text", &pieces.into()), Some(2));
        for bad in [&b"\0\0\0\0\x05\x0a"[..], b"\x01\0\0\0\0", b"{}", b"\0\0"] {
            assert_eq!(found("application/grpc", &Bytes::copy_from_slice(bad)), None, "{bad:?}");
        }
        assert!(
            is_grpc("application/grpc")
                && is_grpc("application/grpc-web")
                && is_grpc("application/grpc+proto")
        );
        assert!(!is_grpc("application/grpcx") && !is_grpc("application/json"));
    }
}
