//! Texts in messages of Protocol Buffers, found without their schema.
//!
//! Field numbers and wire types are read (<https://protobuf.dev/programming-guides/encoding/>). A field with a length is a
//! text, a message or bytes: what can be a text is taken for one, and what can be a message is read as one, too.

use super::input::InputKind;
use super::sniff::{begins_as_binary, texts_of_bytes};

/// How deep messages may stand in one another: most readers take no more.
pub(super) const DEPTH: usize = 100;

/// Each byte may stand in so many texts, and in more of a short message: a text can be a message, too, whose fields are
/// texts again.
const READINGS: usize = 16;
const SHORT: usize = 64 << 10;

/// Why a message is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// It cannot be read as a message.
    NoMessage,
    /// It has more fields than the limit.
    TooMany,
    /// Its messages stand deeper in one another than readers take.
    TooDeep,
}

/// Calls `each` with every text and every field of bytes in a message of at most `fields` fields with something in them,
/// until it answers.
pub(super) fn find_texts<T>(
    message: &[u8],
    fields: usize,
    each: &mut impl FnMut(InputKind, &[u8]) -> Option<T>,
) -> Result<Option<T>, Unread> {
    if !is_message(message) {
        return Err(Unread::NoMessage);
    }
    let mut left = Left { fields, bytes: message.len().saturating_mul(READINGS).saturating_add(SHORT) };
    walk(message, DEPTH, &mut left, each)
}

/// What may still be looked at.
struct Left {
    fields: usize,
    bytes: usize,
}

fn walk<T>(
    message: &[u8],
    depth: usize,
    left: &mut Left,
    each: &mut impl FnMut(InputKind, &[u8]) -> Option<T>,
) -> Result<Option<T>, Unread> {
    for field in Fields(message).flatten().flatten().filter(|field| !field.is_empty()) {
        left.fields = left.fields.checked_sub(1).ok_or(Unread::TooMany)?;
        let is_text = std::str::from_utf8(field).is_ok();
        let is_inner = is_message(field);
        if is_text {
            left.bytes = left.bytes.checked_sub(field.len()).ok_or(Unread::TooDeep)?;
        }
        let found = match (is_text, is_inner) {
            (true, _) => each(InputKind::Value, field),
            (false, true) => None,
            (false, false) => find_in_bytes(field, each),
        };
        if found.is_some() {
            return Ok(found);
        }
        if is_inner {
            let depth = depth.checked_sub(1).ok_or(Unread::TooDeep)?;
            if let Some(answer) = walk(field, depth, left, each)? {
                return Ok(Some(answer));
            }
        }
    }
    Ok(None)
}

/// The texts in a field of bytes: nobody but its schema says whether it is one, and older readers mind no encoding.
fn find_in_bytes<T>(field: &[u8], each: &mut impl FnMut(InputKind, &[u8]) -> Option<T>) -> Option<T> {
    let kind = if begins_as_binary(field) { InputKind::File } else { InputKind::Value };
    texts_of_bytes(field).into_iter().find_map(|text| each(kind, text))
}

fn is_message(bytes: &[u8]) -> bool {
    !bytes.is_empty() && Fields(bytes).all(|field| field.is_some())
}

/// The fields of a message: the bytes of those with a length, and nothing of others. A last `None` where it is malformed.
struct Fields<'m>(&'m [u8]);

impl<'m> Iterator for Fields<'m> {
    type Item = Option<Option<&'m [u8]>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'m> Fields<'m> {
    fn field(&mut self) -> Option<Option<&'m [u8]>> {
        const LARGEST_NUMBER: u64 = (1 << 29) - 1;
        let key = self.varint()?;
        if !(1..=LARGEST_NUMBER).contains(&(key >> 3)) {
            return None;
        }
        match key & 7 {
            0 => self.varint().map(|_| None),
            1 => self.take(8).map(|_| None),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                self.take(length).map(Some)
            }
            // The ends of a group: its fields stand between them.
            3 | 4 => Some(None),
            5 => self.take(4).map(|_| None),
            _ => None,
        }
    }

    fn take(&mut self, length: usize) -> Option<&'m [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(content.len()).unwrap()][..], content].concat()
    }

    fn found(message: &[u8]) -> Result<Vec<String>, Unread> {
        let mut seen = Vec::new();
        find_texts::<()>(message, 1000, &mut |kind, text| {
            let mark = if kind == InputKind::File { "file " } else { "" };
            seen.push(format!("{mark}{}", String::from_utf8_lossy(text)));
            None
        })?;
        Ok(seen)
    }

    #[test]
    fn texts_are_found_in_depth() {
        let inner = [field(1, b"deep text"), vec![0x10, 0x96, 0x01]].concat();
        let doubles = [0x3f, 0xf0, 0, 0, 0, 0, 0, 0xff];
        let film = *b"\0\0\0\x18ftypmp42\xff\xfea text of bytes";
        let message = [
            field(1, b"Ada"),
            vec![0x10, 0x07],
            field(3, &inner),
            field(4, &doubles),
            field(5, &film),
            vec![0x29, 1, 2, 3, 4, 5, 6, 7, 8],
            vec![0x35, 1, 2, 3, 4],
        ]
        .concat();
        let seen = found(&message).unwrap();
        assert!(seen.contains(&"Ada".to_owned()) && seen.contains(&"deep text".to_owned()), "{seen:?}");
        assert_eq!(seen.iter().filter(|text| text.starts_with("file ")).count(), 1, "{seen:?}");
    }

    #[test]
    fn what_is_no_message_is_none() {
        for bytes in [&b""[..], b"{\"a\":1}", b"\x0a\x05abc", b"\x00\x01", b"\x0f", b"\xff\xff\xff"] {
            assert_eq!(found(bytes), Err(Unread::NoMessage), "{bytes:?}");
        }
    }

    /// A message in so many others.
    fn nested(mut message: Vec<u8>, times: usize, beside: &[u8]) -> Vec<u8> {
        for _ in 0..times {
            let mut length = message.len();
            let mut key = vec![0x0a];
            while length > 127 {
                key.push(u8::try_from(length & 127 | 128).unwrap());
                length >>= 7;
            }
            key.push(u8::try_from(length).unwrap());
            message = [&key, &message[..], beside].concat();
        }
        message
    }

    #[test]
    fn texts_are_found_as_deep_as_readers_go() {
        for beside in [&b""[..], b"\x10\xff\x01"] {
            for depth in [1, 16, 17, 40, 99] {
                let seen = found(&nested(field(1, b"deep"), depth, beside)).unwrap();
                assert!(seen.contains(&"deep".to_owned()), "{depth}");
            }
            assert_eq!(found(&nested(field(1, b"deep"), 120, beside)), Err(Unread::TooDeep));
        }
    }

    #[test]
    fn the_number_of_fields_is_bounded_and_empty_ones_are_none() {
        assert_eq!(found(&field(1, b"y").repeat(1000)).unwrap().len(), 1000);
        assert_eq!(found(&field(1, b"y").repeat(1001)), Err(Unread::TooMany));
        let behind = [field(2, b"").repeat(100_000), field(1, b"y")].concat();
        assert_eq!(found(&behind).unwrap(), ["y"]);
    }

    #[test]
    fn bytes_are_texts_where_they_may_be() {
        assert_eq!(found(&field(1, b"\xff' or")).unwrap(), ["\u{fffd}' or"]);
        assert_eq!(found(&field(1, &[0xf9; 40])).unwrap(), [""; 0]);
        let hidden = [&[0xff; 60][..], b"' or 1=1 -- a", &[0xff; 20]].concat();
        assert_eq!(found(&field(1, &hidden)).unwrap(), ["' or 1=1 -- a"]);
        let film = [&b"\0\0\0\x18ftypmp42"[..], &[0xff; 30], b"a text of 12 bytes"].concat();
        assert_eq!(found(&field(1, &film)).unwrap(), ["file a text of 12 bytes"]);
    }

    /// Each text counts against what is looked at: texts that are messages of texts cost no more than their length allows.
    #[test]
    fn texts_in_texts_are_bounded() {
        let mut message = field(1, &b"a".repeat(60));
        for _ in 0..30 {
            message = field(1, &message);
        }
        let many = message.repeat(1000);
        let mut bytes = 0;
        let _ = find_texts::<()>(&many, 100_000, &mut |_, text| {
            bytes += text.len();
            None
        });
        assert!(bytes <= many.len() * READINGS + SHORT, "{bytes} of {}", many.len());
    }
}
