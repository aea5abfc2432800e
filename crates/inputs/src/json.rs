//! JSON with limits: one reading only, so duplicate keys are errors, and so is what is too deep or too large.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::limits::StructureLimits;
use crate::slice::{cut, head};

/// Why a text is not JSON that everybody reads alike.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON.
    #[error("the body is not JSON: line {0}, column {1}")]
    Syntax(usize, usize),
    /// The same key twice in an object.
    #[error("an object has the same key twice")]
    DuplicateKey,
    /// Nested beyond the limit.
    #[error("the body is nested too deep")]
    TooDeep,
    /// More values than the limit.
    #[error("the body has too many values")]
    TooMany,
    /// An integer beyond 64 bits, which parsers round each in their own way (RFC 8259 §6).
    #[error("a number is too large to be read alike everywhere")]
    HugeNumber,
}

const DUPLICATE: &str = "doorward: duplicate key";
const DEEP: &str = "doorward: too deep";
const MANY: &str = "doorward: too many";

/// Parses a body. Half of a surrogate pair in a value (`"\ud83d"`, as JavaScript writes a text that was cut within an
/// emoji) is read as U+FFFD, which most readers put there; in a name it is an error.
///
/// # Errors
/// When it is not JSON, is too deep or too large, or an object has a key twice.
pub fn parse_json(text: &[u8], limits: StructureLimits) -> Result<Value, JsonError> {
    match parse(text, limits, false) {
        Err(error @ JsonError::Syntax(..)) => {
            without_half_pairs(text).map_or(Err(error), |mended| parse(&mended, limits, true))
        }
        parsed => parsed,
    }
}

/// The text with U+FFFD for each half of a surrogate pair; `None` where it has none.
fn without_half_pairs(text: &[u8]) -> Option<Vec<u8>> {
    let code = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut mended = Vec::new();
    let (mut at, mut done) = (0, 0);
    while let Some(next) = memchr::memchr(b'\\', text.get(at..)?) {
        at += next;
        let follows = || matches!(code(at + 6), Some(0xdc00..=0xdfff));
        at += match code(at) {
            Some(0xd800..=0xdbff) if follows() => 12,
            Some(0xd800..=0xdfff) => {
                mended.extend_from_slice(text.get(done..at)?);
                mended.extend_from_slice(b"\\ufffd");
                done = at + 6;
                6
            }
            Some(_) => 6,
            None => 2,
        };
    }
    mended.extend_from_slice(text.get(done..)?);
    (done > 0).then_some(mended)
}

fn parse(text: &[u8], limits: StructureLimits, is_mended: bool) -> Result<Value, JsonError> {
    let left = Cell::new(limits.members);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let seed = Limited { depth: limits.depth, left: &left, is_mended };
    let parsed = seed.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    parsed.map_err(|e| {
        let text = e.to_string();
        match text {
            text if text.contains(DUPLICATE) => JsonError::DuplicateKey,
            text if text.contains(DEEP) || text.contains("recursion limit") => JsonError::TooDeep,
            text if text.contains(MANY) => JsonError::TooMany,
            _ => JsonError::Syntax(e.line(), e.column()),
        }
    })
}

/// Whether valid JSON has an integer beyond 64 bits. One byte in twenty is looked at: a run of twenty digits cannot
/// stand between two looks. Only a text that has one, a string perhaps, is read through.
pub(super) fn has_huge_integer(text: &[u8]) -> bool {
    const DIGITS: usize = 20;
    let digits =
        |bytes: &mut dyn Iterator<Item = &u8>| bytes.take(DIGITS).take_while(|b| b.is_ascii_digit()).count();
    let run_at = |at: usize| {
        let (before, after) = text.split_at(at);
        let ahead = digits(&mut after.iter());
        ahead > 0 && ahead + digits(&mut before.iter().rev()) >= DIGITS
    };
    (0..text.len()).step_by(DIGITS).any(run_at) && has_huge_token(text)
}

/// The same, read through once.
fn has_huge_token(text: &[u8]) -> bool {
    let (mut at, mut inside) = (0, false);
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' if inside => at += 1,
            b'"' => inside = !inside,
            byte if !inside && byte.is_ascii_digit() => {
                let (before, number) = cut(text, at);
                let end = number.iter().position(|b| !b.is_ascii_digit()).unwrap_or(number.len());
                let whole = !matches!(number.get(end), Some(b'.' | b'e' | b'E'));
                let of_fraction = matches!(before.last(), Some(b'.' | b'e' | b'E' | b'+'));
                let fits =
                    std::str::from_utf8(head(number, end)).is_ok_and(|digits| digits.parse::<u64>().is_ok());
                if whole && !of_fraction && !fits {
                    return true;
                }
                at += end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    false
}

#[derive(Clone, Copy)]
struct Limited<'c> {
    depth: usize,
    left: &'c Cell<usize>,
    /// Whether halves of surrogate pairs were replaced.
    is_mended: bool,
}

impl Limited<'_> {
    fn count<E: serde::de::Error>(&self) -> Result<(), E> {
        let left = self.left.get().checked_sub(1).ok_or_else(|| E::custom(MANY))?;
        self.left.set(left);
        Ok(())
    }

    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom(DEEP))?;
        Ok(Limited { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Limited<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Limited<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Value, E> {
        self.count()?;
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        self.count()?;
        Ok(Value::from(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        self.count()?;
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        self.count()?;
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Value, E> {
        self.count()?;
        Ok(Value::String(value))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        self.count()?;
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        self.count()?;
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        self.count()?;
        let inner = self.inner()?;
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            // A reader that drops a half would read another name.
            if self.is_mended && key.contains('\u{fffd}') {
                return Err(A::Error::custom("half a surrogate pair in a name"));
            }
            let value = access.next_value_seed(inner)?;
            if map.insert(key, value).is_some() {
                return Err(A::Error::custom(DUPLICATE));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: StructureLimits = StructureLimits { depth: 8, members: 100 };

    #[test]
    fn json_reads_as_it_is() {
        let text = r#"{"b":[1,-2,3.5,true,null,"é\n"],"a":{"x":18446744073709551615}}"#;
        let value = parse_json(text.as_bytes(), LIMITS).unwrap();
        assert_eq!(value.to_string(), text);
    }

    #[test]
    fn half_a_surrogate_pair_is_a_replacement_character_in_a_value_and_an_error_in_a_name() {
        for (text, expected) in [
            (r#"{"t":"\ud83d"}"#, Some("\u{fffd}")),
            (r#"{"t":"\uDC00x"}"#, Some("\u{fffd}x")),
            (r#"{"t":"a\ud83d\ud83d\ude00"}"#, Some("a\u{fffd}\u{1f600}")),
            (r#"{"t":"\\ud83d"}"#, Some("\\ud83d")),
            (r#"{"t":"\ud83d\n"}"#, Some("\u{fffd}\n")),
            (r#"{"t\ud83d":"x"}"#, None),
            (r#"{"t":"\ud83d"#, None),
            (r#"{"t":"\ud83d","t":"\ud83d"}"#, None),
            (r#"{"t":"\ud83"}"#, None),
        ] {
            let read = parse_json(text.as_bytes(), LIMITS);
            let read = read.as_ref().ok().and_then(|value| value.get("t")).and_then(Value::as_str);
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn integers_beyond_64_bits_are_seen_and_others_are_not() {
        for pad in 0..25 {
            let pad = " ".repeat(pad);
            for huge in
                ["99999999999999999999", "-123456789012345678901234567890", "[1,100000000000000000000000]"]
            {
                assert!(has_huge_integer(format!("{pad}{huge}").as_bytes()), "{pad}{huge}");
            }
            for fine in [
                "18446744073709551615",
                "\"99999999999999999999\"",
                "{\"a\\\"99999999999999999999\":1}",
                "0.99999999999999999999",
                "10000000000000000000000.5",
                "10000000000000000000000e2",
                "6.02214076e23",
            ] {
                assert!(!has_huge_integer(format!("{pad}{fine}").as_bytes()), "{pad}{fine}");
            }
        }
    }

    #[test]
    fn what_parsers_read_differently_is_refused() {
        for (text, error) in [
            (r#"{"a":1,"a":2}"#, JsonError::DuplicateKey),
            (r#"{"a":1,"\u0061":2}"#, JsonError::DuplicateKey),
            (r#"{"x":{"a":1,"b":0,"a":1}}"#, JsonError::DuplicateKey),
            ("[[[[[[[[[[]]]]]]]]]]", JsonError::TooDeep),
            ("", JsonError::Syntax(1, 0)),
            ("{} {}", JsonError::Syntax(1, 4)),
            ("NaN", JsonError::Syntax(1, 1)),
            ("{'a':1}", JsonError::Syntax(1, 2)),
            ("1e999", JsonError::Syntax(1, 5)),
        ] {
            assert_eq!(parse_json(text.as_bytes(), LIMITS), Err(error), "{text}");
        }
        let many = format!("[{}1]", "1,".repeat(200));
        assert_eq!(parse_json(many.as_bytes(), LIMITS), Err(JsonError::TooMany));
        assert!(parse_json(b"\"\xff\"", LIMITS).is_err());
        assert_eq!(parse_json("[".repeat(100_000).as_bytes(), LIMITS), Err(JsonError::TooDeep));
    }
}
