//! JSON as the readers see it that allow more than RFC 8259: comments (Ruby, Jackson when asked to), `NaN` and `Infinity`
//! (Python), a backslash before any character (Ruby), control characters in texts, commas at an end. And one value behind the
//! other, of which some readers take the first (Go's `json.Decoder`), and some all.

use serde_json::{Map, Number, Value};

use super::error::BodyError;
use super::json::JsonError;
use super::limits::StructureLimits;

/// The values that a text begins with.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Values {
    /// In their order. An object that has a name twice has a list of both values under it.
    pub(super) all: Vec<Value>,
    /// Whether nothing stands behind them.
    pub(super) is_whole: bool,
}

/// Reads values until something else stands there, or as many as the limit allows.
///
/// # Errors
/// When one is nested too deep, or the first has too many values in it.
pub(super) fn values(text: &str, limits: StructureLimits) -> Result<Values, BodyError> {
    let mut reader = Reader { text: text.as_bytes(), at: 0, left: limits.members, depth: limits.depth };
    let mut found = Values::default();
    loop {
        reader.skip();
        if reader.at >= reader.text.len() {
            found.is_whole = true;
            return Ok(found);
        }
        match reader.value(0) {
            Ok(value) => found.all.push(value),
            Err(Unread::TooDeep) => return Err(JsonError::TooDeep.into()),
            Err(Unread::TooMany) if found.all.is_empty() => return Err(JsonError::TooMany.into()),
            Err(Unread::TooMany | Unread::NoValue) => return Ok(found),
        }
    }
}

enum Unread {
    /// Something else.
    NoValue,
    TooDeep,
    TooMany,
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    /// Values that may still be read.
    left: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> bool {
        let is_it = self.peek() == Some(wanted);
        self.at += usize::from(is_it);
        is_it
    }

    /// Passes over blanks and comments.
    fn skip(&mut self) {
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            self.at += match rest {
                [b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c | 0x1e, ..] => 1,
                [b'/', b'*', inner @ ..] => match memchr::memmem::find(inner, b"*/") {
                    Some(end) => end + 4,
                    None => return,
                },
                [b'/', b'/', ..] | [b'#', ..] => memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len()),
                _ => return,
            };
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Unread> {
        self.left = self.left.checked_sub(1).ok_or(Unread::TooMany)?;
        if depth > self.depth {
            return Err(Unread::TooDeep);
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.text().map(Value::String),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Unread> {
        let mut object = Map::new();
        self.at += 1;
        loop {
            self.skip();
            if self.take(b'}') {
                return Ok(Value::Object(object));
            }
            let name = self.text()?;
            self.skip();
            if !self.take(b':') {
                return Err(Unread::NoValue);
            }
            self.skip();
            let value = self.value(depth + 1)?;
            let value = match object.remove(&name) {
                None => value,
                Some(before) => Value::Array(vec![before, value]),
            };
            object.insert(name, value);
            self.skip();
            if !self.take(b',') && self.peek() != Some(b'}') {
                return Err(Unread::NoValue);
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, Unread> {
        let mut list = Vec::new();
        self.at += 1;
        loop {
            self.skip();
            if self.take(b']') {
                return Ok(Value::Array(list));
            }
            list.push(self.value(depth + 1)?);
            self.skip();
            if !self.take(b',') && self.peek() != Some(b']') {
                return Err(Unread::NoValue);
            }
        }
    }

    fn text(&mut self) -> Result<String, Unread> {
        if !self.take(b'"') {
            return Err(Unread::NoValue);
        }
        let mut text = Vec::new();
        loop {
            let byte = self.peek().ok_or(Unread::NoValue)?;
            self.at += 1;
            match byte {
                b'"' => return Ok(String::from_utf8_lossy(&text).into_owned()),
                b'\\' => self.escape(&mut text)?,
                _ => text.push(byte),
            }
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), Unread> {
        let byte = self.peek().ok_or(Unread::NoValue)?;
        self.at += 1;
        text.push(match byte {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 0x08,
            b'f' => 0x0c,
            b'u' => {
                if let Some(unit) = self.unit() {
                    let mut bytes = [0; 4];
                    text.extend_from_slice(self.character(unit).encode_utf8(&mut bytes).as_bytes());
                    return Ok(());
                }
                b'u'
            }
            other => other,
        });
        Ok(())
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let unit = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        self.at += 4;
        Some(unit)
    }

    /// The character of a unit of UTF-16, with the second half of its pair.
    fn character(&mut self, unit: u16) -> char {
        let before = self.at;
        let is_first = (0xd800..0xdc00).contains(&unit);
        let second = if is_first && self.take(b'\\') && self.take(b'u') { self.unit() } else { None };
        let read = char::decode_utf16([unit].into_iter().chain(second)).next();
        match (read, second) {
            (Some(Ok(character)), _) => character,
            _ => {
                self.at = before;
                char::REPLACEMENT_CHARACTER
            }
        }
    }

    /// A number or a word that some reader knows.
    fn word(&mut self) -> Result<Value, Unread> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-._".contains(byte);
        let end = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        let word = rest.get(..end).and_then(|word| std::str::from_utf8(word).ok()).unwrap_or_default();
        let value = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" | "NaN" | "Infinity" | "-Infinity" => Value::Null,
            _ if word.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
                let number: f64 = word.parse().map_err(|_| Unread::NoValue)?;
                match word.parse::<i64>() {
                    Ok(whole) => whole.into(),
                    Err(_) => Number::from_f64(number).map_or(Value::Null, Value::Number),
                }
            }
            _ => return Err(Unread::NoValue),
        };
        self.at += end;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LIMITS: StructureLimits = StructureLimits { depth: 8, members: 20 };

    #[test]
    fn what_some_reader_reads_is_read() {
        for (text, all, is_whole) in [
            (r#"[{"q":"x"},NaN]"#, json!([[{ "q": "x" }, null]]), true),
            (r#"[-Infinity,"x",]"#, json!([[null, "x"]]), true),
            ("/*a*/[/**/{\"q\"://b\n\"x\"}]#c", json!([[{ "q": "x" }]]), true),
            (r#"{"q":"\O\R\ 1\=1\"\\\q"}"#, json!([{ "q": "OR 1=1\"\\q" }]), true),
            ("{\"q\":\"a\tb\nc\"}", json!([{ "q": "a\tb\nc" }]), true),
            (r#""\u0027\ud83d\ude00\ud83d\u00e9\u""#, json!(["'\u{1f600}\u{fffd}éu"]), true),
            (r#"{"a":1,"a":"x","a":2}"#, json!([{ "a": [[1, "x"], 2] }]), true),
            (r#"[1] ["x"]"#, json!([[1], ["x"]]), true),
            ("\"a\"\n{\"q\":1}", json!(["a", { "q": 1 }]), true),
            ("null 1.5 {}", json!([null, 1.5, {}]), true),
            (r#"{"a":1} and more"#, json!([{ "a": 1 }]), false),
            ("\"To be\", he said", json!(["To be"]), false),
            ("[section]\nkey=1", json!([]), false),
            ("{{#if a}}", json!([]), false),
            ("[x](https://a.example)", json!([]), false),
            (r#"{"a":"#, json!([]), false),
            ("a text", json!([]), false),
            ("/* no end", json!([]), false),
            ("", json!([]), true),
        ] {
            let found = values(text, LIMITS).unwrap();
            assert_eq!((Value::Array(found.all), found.is_whole), (all, is_whole), "{text}");
        }
    }

    #[test]
    fn depth_and_number_have_a_limit() {
        assert!(values(&"[".repeat(10_000), LIMITS).is_err());
        assert!(values(&r#"{"a":"#.repeat(10_000), LIMITS).is_err());
        assert!(values(&format!("[{}]", "1,".repeat(30)), LIMITS).is_err());
        let many = values(&"1 ".repeat(1000), LIMITS).unwrap();
        assert_eq!((many.all.len(), many.is_whole), (20, false));
    }
}
