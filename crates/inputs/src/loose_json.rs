//! JSON as the readers see it that allow more than RFC 8259: comments (Ruby, Jackson when asked to), `NaN` and `Infinity`
//! (Python), a backslash before any character (Ruby), control characters in texts, commas at an end. And one value behind the
//! other, of which some readers take the first (Go's `json.Decoder`), and some all.

use std::collections::HashMap;

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
    read(text, limits, true)
}

/// The same for readers that end a comment at a line feed and at nothing else.
///
/// # Errors
/// As for [`values`].
pub(super) fn values_by_line_feeds(text: &str, limits: StructureLimits) -> Result<Values, BodyError> {
    read(text, limits, false)
}

fn read(text: &str, limits: StructureLimits, return_ends: bool) -> Result<Values, BodyError> {
    let mut reader = Reader {
        text: text.as_bytes(),
        at: 0,
        left: limits.members,
        depth: limits.depth,
        is_broken: false,
        return_ends,
    };
    let mut found = Values::default();
    loop {
        reader.skip();
        if reader.at >= reader.text.len() {
            found.is_whole = true;
            return Ok(found);
        }
        match reader.value(0) {
            Ok(value) => {
                found.all.push(value);
                if reader.is_broken {
                    return Ok(found);
                }
            }
            Err(Unread::TooDeep) => return Err(JsonError::TooDeep.into()),
            Err(Unread::TooMany) if found.all.is_empty() => return Err(JsonError::TooMany.into()),
            Err(Unread::TooMany | Unread::NoValue) => return Ok(found),
        }
    }
}

/// The members of an object, with all values of a name.
#[derive(Default)]
struct Members(HashMap<String, Vec<Value>>);

impl Members {
    fn add(&mut self, name: String, value: Value) {
        self.0.entry(name).or_default().push(value);
    }

    /// The object. Values of one name are one list, however many: nested, they would be as deep as the body is long.
    fn value(self) -> Value {
        let members = self.0.into_iter().map(|(name, mut values)| match values.pop() {
            Some(only) if values.is_empty() => (name, only),
            last => (name, Value::Array(values.into_iter().chain(last).collect())),
        });
        Value::Object(members.collect())
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
    /// Whether something has broken off.
    is_broken: bool,
    /// Whether a carriage return ends a comment.
    return_ends: bool,
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
                [0..=0x20 | 0x7f, ..] => 1,
                [0xc2, 0x85 | 0xa0, ..] => 2,
                [0xef, 0xbb, 0xbf, ..] => 3,
                [b'/', b'*', inner @ ..] => match memchr::memmem::find(inner, b"*/") {
                    Some(end) => end + 4,
                    None => return,
                },
                [b'/', b'/', ..] | [b'#', ..] => {
                    let end = if self.return_ends {
                        memchr::memchr2(b'\n', b'\r', rest)
                    } else {
                        memchr::memchr(b'\n', rest)
                    };
                    end.unwrap_or(rest.len())
                }
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
            Some(b'"' | b'\'') => self.text().map(Value::String),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Unread> {
        let mut object = Members::default();
        self.at += 1;
        loop {
            self.skip();
            if self.take(b'}') {
                return Ok(object.value());
            }
            match self.member(depth) {
                Ok((name, value)) => object.add(name, value),
                // Who reads piece by piece has read what was before (Go's `Token`, Jackson's iterators).
                Err(Unread::NoValue) => return self.broken(object.value()),
                Err(error) => return Err(error),
            }
            if self.is_broken {
                return Ok(object.value());
            }
            self.skip();
            if !self.take(b',') && !self.take(b';') && self.peek() != Some(b'}') {
                return self.broken(object.value());
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
            match self.value(depth + 1) {
                Ok(value) => list.push(value),
                Err(Unread::NoValue) => return self.broken(Value::Array(list)),
                Err(error) => return Err(error),
            }
            if self.is_broken {
                return Ok(Value::Array(list));
            }
            self.skip();
            if !self.take(b',') && !self.take(b';') && self.peek() != Some(b']') {
                return self.broken(Value::Array(list));
            }
        }
    }

    /// What is read of a list or an object that breaks off; nothing if that is nothing.
    fn broken(&mut self, read: Value) -> Result<Value, Unread> {
        self.is_broken = true;
        let is_empty =
            read.as_array().is_some_and(Vec::is_empty) || read.as_object().is_some_and(Map::is_empty);
        if is_empty { Err(Unread::NoValue) } else { Ok(read) }
    }

    fn member(&mut self, depth: usize) -> Result<(String, Value), Unread> {
        let name = match self.peek() {
            Some(b'"' | b'\'') => self.text()?,
            _ => self.bare().to_owned(),
        };
        self.skip();
        // Gson takes an equals sign, or an arrow, for a colon.
        if self.take(b'=') {
            self.take(b'>');
        } else if !self.take(b':') {
            return Err(Unread::NoValue);
        }
        self.skip();
        Ok((name, self.value(depth + 1)?))
    }

    fn text(&mut self) -> Result<String, Unread> {
        let Some(quote @ (b'"' | b'\'')) = self.peek() else { return Err(Unread::NoValue) };
        self.at += 1;
        let mut text = Vec::new();
        loop {
            let byte = self.peek().ok_or(Unread::NoValue)?;
            self.at += 1;
            match byte {
                _ if byte == quote => return Ok(String::from_utf8_lossy(&text).into_owned()),
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

    /// A word without quotes, which may be empty.
    fn bare(&mut self) -> &str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-._$".contains(byte);
        let end = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).and_then(|word| std::str::from_utf8(word).ok()).unwrap_or_default()
    }

    /// A number or a word that some reader knows.
    fn word(&mut self) -> Result<Value, Unread> {
        let word = self.bare().to_owned();
        let digits = word.trim_start_matches(['+', '-', '.']);
        Ok(match word.to_ascii_lowercase().as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" | "nan" | "infinity" | "-infinity" | "none" | "undefined" => Value::Null,
            _ if digits.starts_with(|c: char| c.is_ascii_digit()) => {
                match (word.parse::<i64>(), word.parse::<f64>()) {
                    (Ok(whole), _) => whole.into(),
                    (_, Ok(number)) => Number::from_f64(number).map_or(Value::Null, Value::Number),
                    _ if digits.starts_with("0x") => Value::Null,
                    _ => return Err(Unread::NoValue),
                }
            }
            _ => return Err(Unread::NoValue),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LIMITS: StructureLimits = StructureLimits { depth: 8, members: 20 };

    #[test]
    fn a_comment_ends_where_a_reader_ends_it() {
        let text = "{//\r\"a\":\"}\n\"q\":\"x\"}";
        assert_eq!(values(text, LIMITS).unwrap().all, [json!({ "a": "}\n" })]);
        assert_eq!(values_by_line_feeds(text, LIMITS).unwrap().all, [json!({ "q": "x" })]);
    }

    #[test]
    fn what_some_reader_reads_is_read() {
        for (text, all, is_whole) in [
            (r#"[{"q":"x"},NaN]"#, json!([[{ "q": "x" }, null]]), true),
            (r#"[-Infinity,"x",]"#, json!([[null, "x"]]), true),
            ("/*a*/[/**/{\"q\"://b\n\"x\"}]#c", json!([[{ "q": "x" }]]), true),
            (r#"{"q":"\O\R\ 1\=1\"\\\q"}"#, json!([{ "q": "OR 1=1\"\\q" }]), true),
            ("{\"q\":\"a\tb\nc\"}", json!([{ "q": "a\tb\nc" }]), true),
            (r#""\u0027\ud83d\ude00\ud83d\u00e9\u""#, json!(["'\u{1f600}\u{fffd}éu"]), true),
            (r#"{"a":1,"a":"x","a":2}"#, json!([{ "a": [1, "x", 2] }]), true),
            (r#"[1] ["x"]"#, json!([[1], ["x"]]), true),
            ("\"a\"\n{\"q\":1}", json!(["a", { "q": 1 }]), true),
            ("null 1.5 {}", json!([null, 1.5, {}]), true),
            ("{'q':'x\\'y'}", json!([{ "q": "x'y" }]), true),
            ("{q:\"x\";r=1;s=>+5}", json!([{ "q": "x", "r": 1, "s": 5 }]), true),
            ("[NONE,True,0x10,.5]", json!([[null, true, null, 0.5]]), true),
            (r#"[{"q":"x"},"#, json!([[{ "q": "x" }]]), false),
            (r#"{"a":1,"b":["x" y"#, json!([{ "a": 1, "b": ["x"] }]), false),
            (r#"0 {"q":"x"} y"#, json!([0, { "q": "x" }]), false),
            ("\u{feff}\u{a0}\0{}", json!([{}]), true),
            (r#"{"a":1} and more"#, json!([{ "a": 1 }]), false),
            ("\"To be\", he said", json!(["To be"]), false),
            ("[section]\nkey=1", json!([]), false),
            ("{ color: red }", json!([]), false),
            ("[2026-11-26 10:00] x", json!([]), false),
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
    fn a_name_that_comes_again_and_again_makes_nothing_deep() {
        // Nested, it would end the process when it is dropped.
        let limits = StructureLimits { depth: 8, members: 200_000 };
        let text = format!("{{{}\"x\":NaN}}", "\"a\":1,".repeat(150_000));
        let found = values(&text, limits).unwrap();
        assert_eq!(found.all[0]["a"].as_array().map(Vec::len), Some(150_000));
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
