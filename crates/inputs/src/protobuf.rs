//! Texts in messages of Protocol Buffers, found without their schema.
//!
//! Field numbers and wire types are read (<https://protobuf.dev/programming-guides/encoding/>). A field with a length is a
//! text, a message or bytes: what can be a text is taken for one, and what can be a message is read as one, too.

use super::input::InputKind;

/// How deep messages may stand in one another.
const DEPTH: usize = 16;

/// Calls `each` with every text and every field of bytes in a message, until it answers. At most `fields` fields are looked
/// at. `None` in `Err` if it is no message.
pub(super) fn find_texts<T>(
    message: &[u8],
    fields: usize,
    each: &mut impl FnMut(InputKind, &[u8]) -> Option<T>,
) -> Result<Option<T>, NoMessage> {
    let mut left = fields;
    if !is_message(message) { Err(NoMessage) } else { Ok(walk(message, DEPTH, &mut left, each)) }
}

/// It cannot be read as a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoMessage;

fn walk<T>(
    message: &[u8],
    depth: usize,
    left: &mut usize,
    each: &mut impl FnMut(InputKind, &[u8]) -> Option<T>,
) -> Option<T> {
    for field in Fields(message).flatten().flatten() {
        *left = left.checked_sub(1)?;
        if field.is_empty() {
            continue;
        }
        let is_text = std::str::from_utf8(field).is_ok();
        let is_inner = depth > 0 && is_message(field);
        if is_text || !is_inner {
            let kind = if is_text { InputKind::Value } else { InputKind::File };
            if let Some(answer) = each(kind, field) {
                return Some(answer);
            }
        }
        if is_inner && let Some(answer) = walk(field, depth - 1, left, each) {
            return Some(answer);
        }
    }
    None
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

    fn texts(message: &[u8]) -> Result<Vec<String>, NoMessage> {
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
        let message = [
            field(1, b"Ada"),
            vec![0x10, 0x07],
            field(3, &inner),
            field(4, &doubles),
            vec![0x29, 1, 2, 3, 4, 5, 6, 7, 8],
            vec![0x35, 1, 2, 3, 4],
        ]
        .concat();
        let seen = texts(&message).unwrap();
        assert!(seen.contains(&"Ada".to_owned()) && seen.contains(&"deep text".to_owned()), "{seen:?}");
        assert_eq!(seen.iter().filter(|text| text.starts_with("file ")).count(), 1, "{seen:?}");
    }

    #[test]
    fn what_is_no_message_is_none() {
        for bytes in [&b""[..], b"{\"a\":1}", b"\x0a\x05abc", b"\x00\x01", b"\x0f", b"\xff\xff\xff"] {
            assert_eq!(texts(bytes), Err(NoMessage), "{bytes:?}");
        }
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let mut message = field(1, b"x");
        for _ in 0..30 {
            message = field(1, &message);
        }
        assert!(texts(&message).is_ok());
        let many = field(1, b"y").repeat(5000);
        assert_eq!(texts(&many).unwrap().len(), 1000);
    }
}
