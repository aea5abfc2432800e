//! Tokens of SQL, of all dialects at once: what any of them takes for a comment, a string or a name is one here.

/// A token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'t> {
    Number,
    /// The text in it, and whether it is closed.
    String(&'t [u8], bool),
    /// A keyword or a name.
    Word(&'t [u8]),
    /// A name between backticks or brackets.
    Name,
    /// `@x`, `@@version`.
    Variable,
    /// `=`, `<>`, `like` is a word.
    Compare,
    /// `||`, which joins conditions or texts.
    Join,
    /// `+`, `-`, `*`, `/`, `%`, `^`, `|`, `&`, `~`, `!`.
    Operator(u8),
    Open,
    Close,
    Comma,
    Dot,
    Semicolon,
    /// A comment to the end of the line, with what is in it.
    Comment(&'t [u8]),
    /// What SQL has no use for.
    Other(u8),
}

/// The tokens that are looked at together: no expression that matters is longer, and none is out of sight, since each
/// window begins in the middle of the one before.
const WINDOW: usize = 256;

/// The first tokens of a text.
pub(super) fn tokens(text: &[u8]) -> Vec<Token<'_>> {
    Lexer { text, at: 0 }.take(WINDOW).collect()
}

/// Tells the windows of a text's tokens until one is enough.
pub(super) fn windows<'t, T>(text: &'t [u8], mut ask: impl FnMut(&[Token<'t>]) -> Option<T>) -> Option<T> {
    let mut lexer = Lexer { text, at: 0 };
    let mut window = Vec::with_capacity(16);
    loop {
        window.extend(lexer.by_ref().take(WINDOW - window.len()));
        if let Some(found) = ask(&window) {
            return Some(found);
        }
        if window.len() < WINDOW {
            return None;
        }
        window.drain(..WINDOW / 2);
    }
}

struct Lexer<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t [u8] {
        &self.text[self.at..]
    }

    fn cut(&mut self, length: usize) -> &'t [u8] {
        let taken = &self.rest()[..length];
        self.at += length;
        taken
    }

    /// White space, and comments that stand for it.
    fn space(&mut self) {
        loop {
            let rest = self.rest();
            let length = rest.iter().take_while(|b| is_space(**b)).count();
            if length > 0 {
                self.at += length;
                continue;
            }
            match rest {
                // U+00A0, U+2000 to U+200A, U+3000.
                [0xc2, 0xa0, ..] => self.at += 2,
                [0xe2, 0x80, 0x80..=0x8a, ..] | [0xe3, 0x80, 0x80, ..] => self.at += 3,
                // What is in `/*!50000 ... */` is not a comment for MySQL.
                [b'/', b'*', b'!', after @ ..] => {
                    self.at += 3 + after.iter().take_while(|b| b.is_ascii_digit()).count();
                }
                [b'/', b'*', after @ ..] => match memchr::memmem::find(after, b"*/") {
                    Some(end) => self.at += end + 4,
                    None => return,
                },
                [b'*', b'/', ..] => self.at += 2,
                _ => return,
            }
        }
    }

    /// What changes nothing: white space, `::int`, comments with code on the next line. A comment that has none is told.
    fn skip(&mut self) -> Option<&'t [u8]> {
        loop {
            self.space();
            let rest = self.rest();
            match rest {
                [b':', b':', after @ ..] if after.first().is_some_and(u8::is_ascii_alphabetic) => {
                    self.at += 2 + after.iter().take_while(|b| is_word(**b)).count();
                }
                [b'#', b'>', ..] => return None,
                [b'-', b'-', ..] | [b'#', ..] | [b'/', b'*', ..] => {
                    let skip = if rest[0] == b'#' { 1 } else { 2 };
                    let end = memchr::memchr(b'\n', rest).filter(|_| rest[0] != b'/').unwrap_or(rest.len());
                    let inner = &self.cut(end)[skip..];
                    if self.rest().iter().all(u8::is_ascii_whitespace) {
                        self.at = self.text.len();
                        return Some(inner);
                    }
                }
                _ => return None,
            }
        }
    }

    /// A string: doubled quotes and escaped ones are in it.
    fn string(&mut self) -> Token<'t> {
        let rest = self.rest();
        let quote = rest[0];
        let mut at = 1;
        loop {
            let Some(offset) = memchr::memchr2(quote, b'\\', &rest[at..]) else {
                self.at = self.text.len();
                return Token::String(&rest[1..], false);
            };
            at += offset;
            if rest[at] == b'\\' {
                at = (at + 2).min(rest.len());
            } else if rest.get(at + 1) == Some(&quote) {
                at += 2;
            } else {
                self.at += at + 1;
                return Token::String(&rest[1..at], true);
            }
        }
    }

    fn number(&mut self) -> Token<'t> {
        let rest = self.rest();
        let digits = |from: usize| rest[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        let mut length = match rest {
            [b'0', b'x' | b'X', digit, ..] if digit.is_ascii_hexdigit() => {
                2 + rest[2..].iter().take_while(|b| b.is_ascii_hexdigit()).count()
            }
            [b'0', b'b' | b'B', b'0' | b'1', ..] => {
                2 + rest[2..].iter().take_while(|b| matches!(b, b'0' | b'1')).count()
            }
            _ => {
                let whole = digits(0);
                if rest.get(whole) == Some(&b'.') { whole + 1 + digits(whole + 1) } else { whole }
            }
        };
        // `1e0`, but not the `e` of `1else`.
        if matches!(rest.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits((length + 1 + sign).min(rest.len()));
            if exponent > 0 {
                length += 1 + sign + exponent;
            }
        }
        self.cut(length);
        Token::Number
    }
}

impl<'t> Iterator for Lexer<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        if let Some(comment) = self.skip() {
            return Some(Token::Comment(comment));
        }
        let rest = self.rest();
        let first = *rest.first()?;
        Some(match rest {
            [b'#', b'>', ..] => {
                self.cut(2);
                Token::Compare
            }
            [b'\'' | b'"', ..] => self.string(),
            [b'`', after @ ..] => {
                let length = memchr::memchr(b'`', after).map_or(rest.len(), |end| end + 2);
                self.cut(length);
                Token::Name
            }
            [b'[', after @ ..] if after.first().is_some_and(|b| b.is_ascii_alphabetic()) => {
                let length = memchr::memchr(b']', after).map_or(rest.len(), |end| end + 2);
                self.cut(length);
                Token::Name
            }
            [b'@', after @ ..] if !after.starts_with(b">") => {
                let length = rest.iter().take_while(|b| **b == b'@').count();
                let name = rest[length..].iter().take_while(|b| is_word(**b)).count();
                self.cut(length + name);
                if name == 0 { Token::Other(b'@') } else { Token::Variable }
            }
            [b'0'..=b'9', ..] | [b'.', b'0'..=b'9', ..] => self.number(),
            // `N'x'`, `x'61'`, `_utf8'x'` are strings.
            [b'n' | b'N' | b'x' | b'X' | b'b' | b'B' | b'e' | b'E', b'\'', ..] => {
                self.at += 1;
                self.string()
            }
            _ if is_word(first) && !first.is_ascii_digit() => {
                let length = rest.iter().take_while(|b| is_word(**b)).count();
                // A space of Unicode ends a word, too.
                let spaced = memchr::memmem::find(&rest[..length], b"\xc2\xa0")
                    .or(memchr::memmem::find(&rest[..length], b"\xe3\x80\x80"));
                let length = spaced.unwrap_or(length);
                Token::Word(self.cut(length))
            }
            [b'&', b'&', ..] => {
                self.cut(2);
                Token::Word(b"and")
            }
            [b'|', b'|', ..] => {
                self.cut(2);
                Token::Join
            }
            [b'<', b'=', b'>', ..] => {
                self.cut(3);
                Token::Compare
            }
            // Of JSON and arrays, in PostgreSQL.
            [b'<', b'@', ..] | [b'@', b'>', ..] | [b'-', b'>', ..] | [b'?', b' ', ..] => {
                self.cut(2);
                Token::Compare
            }
            [b'<', b'>' | b'=', ..] | [b'>' | b'!' | b':' | b'^' | b'=', b'=', ..] => {
                self.cut(2);
                Token::Compare
            }
            [b'=' | b'<' | b'>', ..] => {
                self.cut(1);
                Token::Compare
            }
            _ => {
                self.cut(1);
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

/// What SQL takes for white space, a no-break space among it.
fn is_space(byte: u8) -> bool {
    matches!(byte, 0..=0x20 | 0xa0)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..=0x9f | 0xa1..)
}
