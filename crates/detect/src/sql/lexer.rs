//! SQL tokens, of all dialects at once: whatever one of them reads as a comment, a string or a name is one here.

use crate::bytes::{cut, find, is_one_of, tail};

/// A token. Whitespace and comments are none, except for a comment up to the end of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'t> {
    Number,
    /// The content, and whether a quote closes it.
    String(&'t [u8], bool),
    /// A keyword or a name.
    Word(&'t [u8]),
    /// A name between backticks or brackets.
    Name,
    /// `@x`, `@@version`.
    Variable,
    /// `=`, `<>`; `like` is a word.
    Compare,
    /// `||`: the OR of conditions, or concatenation.
    Join,
    /// `+`, `-`, `*`, `/`, `%`, `^`, `|`, `&`, `~`, `!`.
    Operator(u8),
    Open,
    Close,
    Comma,
    Dot,
    Semicolon,
    /// A comment with nothing after it, and its content.
    Comment(&'t [u8]),
    /// A byte that SQL does not use.
    Other(u8),
}

/// Whether a token is one of some words, whatever their case.
pub(super) fn is_word(token: &Token<'_>, words: &[&str]) -> bool {
    matches!(token, Token::Word(word) if is_one_of(word, words))
}

/// Tokens that are parsed together. Windows overlap by half, so that no expression hides at an edge.
const WINDOW: usize = 256;

/// The first tokens of a text.
pub(super) fn tokens(text: &[u8]) -> Vec<Token<'_>> {
    Lexer { rest: text }.take(WINDOW).collect()
}

/// Visits the windows of a text's tokens until `visit` returns something.
pub(super) fn windows<'t, T>(text: &'t [u8], mut visit: impl FnMut(&[Token<'t>]) -> Option<T>) -> Option<T> {
    let mut lexer = Lexer { rest: text };
    let mut window = Vec::with_capacity(16);
    loop {
        window.extend(lexer.by_ref().take(WINDOW - window.len()));
        if let Some(found) = visit(&window) {
            return Some(found);
        }
        if window.len() < WINDOW {
            return None;
        }
        window.drain(..WINDOW / 2);
    }
}

struct Lexer<'t> {
    rest: &'t [u8],
}

impl<'t> Lexer<'t> {
    /// Consumes bytes, at most those that there are.
    fn take_bytes(&mut self, length: usize) -> &'t [u8] {
        let (taken, rest) = cut(self.rest, length);
        self.rest = rest;
        taken
    }

    fn advance(&mut self, length: usize) {
        self.rest = tail(self.rest, length);
    }

    /// Skips whitespace, and comments that stand for it.
    fn skip_space(&mut self) {
        loop {
            let length = self.rest.iter().take_while(|b| is_space(**b)).count();
            if length > 0 {
                self.advance(length);
                continue;
            }
            match self.rest {
                // U+00A0, U+2000 to U+200A, U+3000.
                [0xc2, 0xa0, ..] => self.advance(2),
                [0xe2, 0x80, 0x80..=0x8a, ..] | [0xe3, 0x80, 0x80, ..] => self.advance(3),
                // MySQL runs the content of `/*!50000 ... */`.
                [b'/', b'*', b'!', after @ ..] => {
                    self.advance(3 + after.iter().take_while(|b| b.is_ascii_digit()).count());
                }
                [b'/', b'*', after @ ..] => match find(after, "*/") {
                    Some(end) => self.advance(end + 4),
                    None => return,
                },
                [b'*', b'/', ..] => self.advance(2),
                _ => return,
            }
        }
    }

    /// Skips what changes nothing: whitespace, `::int`, comments with code on the next line. Returns the content of a
    /// comment that ends the text.
    fn skip_insignificant(&mut self) -> Option<&'t [u8]> {
        loop {
            self.skip_space();
            match self.rest {
                [b':', b':', after @ ..] if after.first().is_some_and(u8::is_ascii_alphabetic) => {
                    self.advance(2 + after.iter().take_while(|b| is_word_byte(**b)).count());
                }
                [b'#', b'>', ..] => return None,
                [b'-', b'-', ..] | [b'#', ..] | [b'/', b'*', ..] => {
                    let first = self.rest.first();
                    let mark = if first == Some(&b'#') { 1 } else { 2 };
                    let end = memchr::memchr(b'\n', self.rest).filter(|_| first != Some(&b'/'));
                    let comment = self.take_bytes(end.unwrap_or(self.rest.len()));
                    if self.rest.iter().all(u8::is_ascii_whitespace) {
                        self.rest = &[];
                        return Some(tail(comment, mark));
                    }
                }
                _ => return None,
            }
        }
    }

    /// A string from its quote on; doubled and escaped quotes belong to it.
    fn string(&mut self, quote: u8) -> Token<'t> {
        let content = tail(self.rest, 1);
        let mut at = 0;
        while let Some(offset) = memchr::memchr2(quote, b'\\', tail(content, at)) {
            at += offset;
            match tail(content, at) {
                [b'\\', ..] => at += 2,
                [_, next, ..] if *next == quote => at += 2,
                _ => {
                    self.advance(at + 2);
                    return Token::String(cut(content, at).0, true);
                }
            }
        }
        self.rest = &[];
        Token::String(content, false)
    }

    fn number(&mut self) -> Token<'t> {
        let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
        let rest = self.rest;
        let length = match rest {
            [b'0', b'x' | b'X', hex @ ..] if hex.first().is_some_and(u8::is_ascii_hexdigit) => {
                2 + hex.iter().take_while(|b| b.is_ascii_hexdigit()).count()
            }
            [b'0', b'b' | b'B', binary @ ..] if matches!(binary, [b'0' | b'1', ..]) => {
                2 + binary.iter().take_while(|b| matches!(b, b'0' | b'1')).count()
            }
            _ => {
                let whole = digits(rest);
                match tail(rest, whole) {
                    [b'.', fraction @ ..] => whole + 1 + digits(fraction),
                    _ => whole,
                }
            }
        };
        // `1e0`, but not the `e` of `1else`.
        let exponent = match tail(rest, length) {
            [b'e' | b'E', b'+' | b'-', power @ ..] => (2, digits(power)),
            [b'e' | b'E', power @ ..] => (1, digits(power)),
            _ => (0, 0),
        };
        self.advance(length + if exponent.1 > 0 { exponent.0 + exponent.1 } else { 0 });
        Token::Number
    }

    /// A name from its opening quote on, up to the closing one.
    fn quoted_name(&mut self, close: u8) -> Token<'t> {
        let content = tail(self.rest, 1);
        self.advance(memchr::memchr(close, content).map_or(self.rest.len(), |end| end + 2));
        Token::Name
    }

    fn variable(&mut self) -> Token<'t> {
        self.advance(self.rest.iter().take_while(|b| **b == b'@').count());
        let name = self.rest.iter().take_while(|b| is_word_byte(**b)).count();
        self.advance(name);
        if name == 0 { Token::Other(b'@') } else { Token::Variable }
    }

    fn word(&mut self) -> Token<'t> {
        let length = self.rest.iter().take_while(|b| is_word_byte(**b)).count();
        let word = cut(self.rest, length).0;
        // An ideographic space ends a word too.
        let space = memchr::memmem::find(word, b"\xe3\x80\x80");
        Token::Word(self.take_bytes(space.unwrap_or(length)))
    }

    fn compare(&mut self, length: usize) -> Token<'t> {
        self.advance(length);
        Token::Compare
    }
}

impl<'t> Iterator for Lexer<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        if let Some(comment) = self.skip_insignificant() {
            return Some(Token::Comment(comment));
        }
        let first = *self.rest.first()?;
        Some(match self.rest {
            [b'#', b'>', ..] => self.compare(2),
            [quote @ (b'\'' | b'"'), ..] => self.string(*quote),
            [b'`', ..] => self.quoted_name(b'`'),
            [b'[', letter, ..] if letter.is_ascii_alphabetic() => self.quoted_name(b']'),
            [b'@', after @ ..] if !after.starts_with(b">") => self.variable(),
            [b'0'..=b'9', ..] | [b'.', b'0'..=b'9', ..] => self.number(),
            // `N'x'`, `x'61'`, `_utf8'x'` are strings.
            [b'n' | b'N' | b'x' | b'X' | b'b' | b'B' | b'e' | b'E', b'\'', ..] => {
                self.advance(1);
                self.string(b'\'')
            }
            _ if is_word_byte(first) && !first.is_ascii_digit() => self.word(),
            [b'&', b'&', ..] => {
                self.advance(2);
                Token::Word(b"and")
            }
            [b'|', b'|', ..] => {
                self.advance(2);
                Token::Join
            }
            [b'<', b'=', b'>', ..] => self.compare(3),
            // JSON and array operators of PostgreSQL.
            [b'<', b'@', ..] | [b'@', b'>', ..] | [b'-', b'>', ..] | [b'?', b' ', ..] => self.compare(2),
            [b'<', b'>' | b'=', ..] | [b'>' | b'!' | b':' | b'^' | b'=', b'=', ..] => self.compare(2),
            [b'=' | b'<' | b'>', ..] => self.compare(1),
            _ => {
                self.advance(1);
                match first {
                    b'(' => Token::Open,
                    b')' => Token::Close,
                    b',' => Token::Comma,
                    b'.' => Token::Dot,
                    b';' => Token::Semicolon,
                    b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'|' | b'&' | b'~' | b'!' => {
                        Token::Operator(first)
                    }
                    other => Token::Other(other),
                }
            }
        })
    }
}

/// Whether SQL reads a byte as whitespace; the no-break space of ISO 8859-1 counts.
fn is_space(byte: u8) -> bool {
    matches!(byte, 0..=0x20 | 0xa0)
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..=0x9f | 0xa1..)
}

#[cfg(test)]
mod tests {
    use super::Token::*;
    use super::*;

    #[test]
    fn texts_are_cut_into_tokens() {
        for (text, expected) in [
            ("a.b", &[Word(b"a"), Dot, Word(b"b")][..]),
            ("1 1.5e-3 0x1F 0b10 .5 1else", &[Number, Number, Number, Number, Number, Number, Word(b"else")]),
            ("'a''b\\'c' \"open", &[String(b"a''b\\'c", true), String(b"open", false)]),
            ("N'x' x'61'", &[String(b"x", true), String(b"61", true)]),
            ("`a b` [c] [1", &[Name, Name, Other(b'['), Number]),
            ("@x @@y @", &[Variable, Variable, Other(b'@')]),
            ("a/**/b/*!50000c*/d", &[Word(b"a"), Word(b"b"), Word(b"c"), Word(b"d")]),
            ("a--x\nb#y", &[Word(b"a"), Word(b"b"), Comment(b"y")]),
            ("a/*open", &[Word(b"a"), Comment(b"open")]),
            ("a::int b", &[Word(b"a"), Word(b"b")]),
            (
                "= <> <=> #> -> && || !",
                &[Compare, Compare, Compare, Compare, Compare, Word(b"and"), Join, Operator(b'!')],
            ),
            ("(1,2);", &[Open, Number, Comma, Number, Close, Semicolon]),
            ("a \u{a0}b\u{3000}c", &[Word(b"a"), Word(b"b"), Word(b"c")]),
            ("", &[]),
        ] {
            assert_eq!(tokens(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn windows_overlap() {
        let text = "1 ".repeat(WINDOW + 10);
        let mut sizes = Vec::new();
        windows::<()>(text.as_bytes(), |window| {
            sizes.push(window.len());
            None
        });
        assert_eq!(sizes, [WINDOW, WINDOW / 2 + 10]);
    }
}
