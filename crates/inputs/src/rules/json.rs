//! JSON as arguments, named as ModSecurity v3 names them: `json.user.tags.array_0`.

use super::Pair;
use crate::slice::{head, tail};

/// Why a text is not JSON that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonError {
    /// Not JSON.
    Syntax,
    /// Nested too deep.
    TooDeep,
    /// More scalars than the limit.
    TooMany,
    /// The names of the scalars are much longer than the text.
    LongNames,
}

/// Depth beyond which a text is refused.
const MAX_DEPTH: usize = 500;
/// Bytes that the names of all scalars may have, besides as many as the text has. A name is the whole path to its scalar: a
/// long key over many scalars would make names of the square of the text's length.
const NAMES: usize = 1024 * 1024;
/// The same for a short text: what is there at least, and what each byte of the text adds. A number in a list in an
/// object, as in GeoJSON, has a name nine times its length.
const NAMES_AT_LEAST: usize = 128 * 1024;
const NAMES_PER_BYTE: usize = 12;
/// The same for few scalars.
const NAMES_PER_SCALAR: usize = 256;

/// The scalars of a text with their names.
#[derive(Debug, Default)]
pub struct Arguments {
    /// Names and values, in order; those before the error, if there is one.
    pub pairs: Vec<Pair>,
    /// Why the rest was not read.
    pub error: Option<JsonError>,
}

/// Reads at most `limit` scalars of a text. Those directly under a key that `is_exempt`, or in a list under it, are empty.
pub fn arguments(text: &[u8], limit: usize, is_exempt: &dyn Fn(&[u8]) -> bool) -> Arguments {
    let mut reader = Reader {
        text,
        at: 0,
        path: b"json".to_vec(),
        out: Vec::new(),
        limit,
        names: 0,
        is_exempt,
        hides: false,
    };
    let error = reader.whole().err();
    Arguments { pairs: reader.out, error }
}

/// Bytes that the names of so many scalars in a text of so many bytes may have.
fn names_of(scalars: usize, length: usize) -> usize {
    let by_text = NAMES_AT_LEAST.saturating_add(length.saturating_mul(NAMES_PER_BYTE));
    let by_count = scalars.saturating_mul(NAMES_PER_SCALAR);
    length.saturating_add(NAMES.min(by_text).min(by_count))
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    path: Vec<u8>,
    out: Vec<Pair>,
    /// Scalars that may be read.
    limit: usize,
    /// Bytes of the names so far.
    names: usize,
    is_exempt: &'t dyn Fn(&[u8]) -> bool,
    /// Whether the key in hand is exempt.
    hides: bool,
}

impl Reader<'_> {
    fn whole(&mut self) -> Result<(), JsonError> {
        self.space();
        if self.at == self.text.len() {
            return Ok(());
        }
        self.value(0)?;
        self.space();
        if self.at == self.text.len() { Ok(()) } else { Err(JsonError::Syntax) }
    }

    /// Adds a scalar under the path to it.
    fn push(&mut self, value: Vec<u8>) -> Result<(), JsonError> {
        if self.out.len() >= self.limit {
            return Err(JsonError::TooMany);
        }
        self.names += self.path.len();
        if self.names > names_of(self.out.len() + 1, self.text.len()) {
            return Err(JsonError::LongNames);
        }
        self.out.push((self.path.clone(), if self.hides { Vec::new() } else { value }));
        Ok(())
    }

    fn space(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        self.space();
        if self.text.get(self.at) == Some(&byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(JsonError::Syntax)
        }
    }

    fn next_is(&mut self, byte: u8) -> bool {
        self.space();
        let is = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(is);
        is
    }

    fn value(&mut self, depth: usize) -> Result<(), JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        self.space();
        match self.text.get(self.at) {
            Some(b'{') => {
                self.at += 1;
                if self.next_is(b'}') {
                    return Ok(());
                }
                loop {
                    self.space();
                    let key = self.string()?;
                    self.expect(b':')?;
                    let length = self.path.len();
                    self.path.push(b'.');
                    self.path.extend_from_slice(&key);
                    let outer = std::mem::replace(&mut self.hides, (self.is_exempt)(&key));
                    self.value(depth + 1)?;
                    self.hides = outer;
                    self.path.truncate(length);
                    if !self.next_is(b',') {
                        return self.expect(b'}');
                    }
                }
            }
            Some(b'[') => {
                self.at += 1;
                if self.next_is(b']') {
                    return Ok(());
                }
                for index in 0.. {
                    let length = self.path.len();
                    self.path.extend_from_slice(format!(".array_{index}").as_bytes());
                    self.value(depth + 1)?;
                    self.path.truncate(length);
                    if !self.next_is(b',') {
                        break;
                    }
                }
                self.expect(b']')
            }
            Some(b'"') => {
                let text = self.string()?;
                self.push(text)
            }
            Some(_) => {
                let rest = tail(self.text, self.at);
                let length = rest
                    .iter()
                    .position(|b| matches!(b, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r'))
                    .unwrap_or(rest.len());
                let word = head(rest, length);
                let value = match word {
                    b"null" => &b""[..],
                    b"true" | b"false" => word,
                    word if is_number(word) => word,
                    _ => return Err(JsonError::Syntax),
                };
                self.at += length;
                self.push(value.to_vec())
            }
            None => Err(JsonError::Syntax),
        }
    }

    fn string(&mut self) -> Result<Vec<u8>, JsonError> {
        if self.text.get(self.at) != Some(&b'"') {
            return Err(JsonError::Syntax);
        }
        self.at += 1;
        let mut out = Vec::new();
        loop {
            let byte = *self.text.get(self.at).ok_or(JsonError::Syntax)?;
            self.at += 1;
            match byte {
                b'"' => return Ok(out),
                b'\\' => {
                    let escaped = *self.text.get(self.at).ok_or(JsonError::Syntax)?;
                    self.at += 1;
                    match escaped {
                        b'"' | b'\\' | b'/' => out.push(escaped),
                        b'b' => out.push(8),
                        b'f' => out.push(12),
                        b'n' => out.push(b'\n'),
                        b'r' => out.push(b'\r'),
                        b't' => out.push(b'\t'),
                        b'u' => {
                            let character = self.unicode()?;
                            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                        }
                        _ => return Err(JsonError::Syntax),
                    }
                }
                0..0x20 => return Err(JsonError::Syntax),
                byte => out.push(byte),
            }
        }
    }

    /// The character of `\uXXXX`, of two of them where it takes two.
    fn unicode(&mut self) -> Result<char, JsonError> {
        let first = self.quad()?;
        if (0xd800..0xdc00).contains(&first) && tail(self.text, self.at).starts_with(b"\\u") {
            self.at += 2;
            let second = self.quad()?;
            let joined = 0x10000 + ((first - 0xd800) << 10) + (second.wrapping_sub(0xdc00) & 0x3ff);
            return Ok(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn quad(&mut self) -> Result<u32, JsonError> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(JsonError::Syntax)?;
        self.at += 4;
        digits.iter().try_fold(0, |value, b| {
            (*b as char).to_digit(16).map(|digit| value << 4 | digit).ok_or(JsonError::Syntax)
        })
    }
}

fn is_number(word: &[u8]) -> bool {
    let mut rest = word.strip_prefix(b"-").unwrap_or(word);
    let mut digits = |least: usize| {
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        rest = tail(rest, count);
        count >= least
    };
    if !digits(1) {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        rest = fraction;
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        rest = tail(rest, count);
        if count == 0 {
            return false;
        }
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        rest = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        rest = tail(rest, count);
        if count == 0 {
            return false;
        }
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(text: &str) -> Result<Vec<String>, JsonError> {
        let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let read = arguments(text.as_bytes(), 1000, &|_| false);
        if let Some(error) = read.error {
            return Err(error);
        }
        Ok(read.pairs.iter().map(|(name, value)| format!("{}={}", show(name), show(value))).collect())
    }

    #[test]
    fn scalars_have_the_names_that_rules_expect() {
        assert_eq!(
            read(r#" {"a":{"b":[1,"x\u00e9\ud83d\ude00",{"c":null}]},"d":true,"e":-1.5e3} "#).unwrap(),
            [
                "json.a.b.array_0=1",
                "json.a.b.array_1=xé😀",
                "json.a.b.array_2.c=",
                "json.d=true",
                "json.e=-1.5e3",
            ]
        );
        assert_eq!(read("[7]").unwrap(), ["json.array_0=7"]);
        assert_eq!(read("7").unwrap(), ["json=7"]);
        assert!(read("").unwrap().is_empty() && read("{}").unwrap().is_empty());
    }

    #[test]
    fn values_of_an_exempt_key_are_empty_wherever_it_stands() {
        let text = r#"{"src":"1","a":{"src":["2"]},"a.src":"3","src":{"b":"4","src":"5"},"c":["6"]}"#;
        let read = arguments(text.as_bytes(), 1000, &|key| key == b"src");
        let values: Vec<&[u8]> =
            read.pairs.iter().map(|(_, value)| &value[..]).filter(|v| !v.is_empty()).collect();
        assert_eq!(values, [b"3", b"4", b"6"]);
        assert_eq!(read.pairs.len(), 6);
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        for text in ["{", "{\"a\" 1}", "[1,]", "nul", "\"a", "\"\\q\"", "1 2", "01x", "{a:1}", "'a'"] {
            assert_eq!(read(text), Err(JsonError::Syntax), "{text}");
        }
        assert_eq!(read(&"[".repeat(600)), Err(JsonError::TooDeep));
    }

    #[test]
    fn what_is_read_grows_with_the_text() {
        let long = "a".repeat(100_000);
        let numbers = |count: usize| vec!["1"; count].join(",");
        for (name, text, error) in [
            ("as many as the limit", format!("[{}]", numbers(1000)), None),
            ("one more", format!("[{}]", numbers(1001)), Some(JsonError::TooMany)),
            ("a long key over one scalar", format!("{{\"{long}\":1}}"), None),
            (
                "a long key over many",
                format!("{{\"{long}\":[{}]}}", numbers(900)),
                Some(JsonError::LongNames),
            ),
            (
                "coordinates",
                format!(
                    "{{\"features\":[{{\"geometry\":{{\"coordinates\":[[{}]]}}}}]}}",
                    vec!["[13.4049,52.52]"; 499].join(",")
                ),
                None,
            ),
        ] {
            let read = arguments(text.as_bytes(), 1000, &|_| false);
            assert_eq!(read.error, error, "{name}");
            let names: usize = read.pairs.iter().map(|(name, _)| name.len()).sum();
            assert!(names <= names_of(read.pairs.len(), text.len()), "{name}: {names}");
            assert!(!read.pairs.is_empty(), "{name}: what was read is judged");
        }
    }
}
