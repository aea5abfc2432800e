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
}

/// Depth beyond which a text is refused.
const MAX_DEPTH: usize = 500;

/// The scalars of a text with their names.
pub fn arguments(text: &[u8]) -> Result<Vec<Pair>, JsonError> {
    let mut reader = Reader { text, at: 0, path: b"json".to_vec(), out: Vec::new() };
    reader.space();
    if reader.at == text.len() {
        return Ok(Vec::new());
    }
    reader.value(0)?;
    reader.space();
    if reader.at == text.len() { Ok(reader.out) } else { Err(JsonError::Syntax) }
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    path: Vec<u8>,
    out: Vec<Pair>,
}

impl Reader<'_> {
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
                    self.value(depth + 1)?;
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
                self.out.push((self.path.clone(), text));
                Ok(())
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
                self.out.push((self.path.clone(), value.to_vec()));
                Ok(())
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
        let all = arguments(text.as_bytes())?;
        Ok(all.iter().map(|(name, value)| format!("{}={}", show(name), show(value))).collect())
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
    fn what_is_no_json_is_an_error() {
        for text in ["{", "{\"a\" 1}", "[1,]", "nul", "\"a", "\"\\q\"", "1 2", "01x", "{a:1}", "'a'"] {
            assert_eq!(read(text), Err(JsonError::Syntax), "{text}");
        }
        assert_eq!(read(&"[".repeat(600)), Err(JsonError::TooDeep));
    }
}
