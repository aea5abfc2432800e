//! PCRE regular expressions in linear time.
//!
//! ModSecurity compiles with PCRE_DOTALL and PCRE_MULTILINE, over bytes. Patterns are translated into the dialect of the
//! `regex` crate. Look-around and backreferences, which a finite automaton cannot match, go to `fancy-regex`, which
//! backtracks within a limit; the current Core Rule Set uses neither.

use inputs::slice::{cut, head, tail};
use regex::bytes::{Regex, RegexBuilder};

/// Limit of steps of a backtracking search. Beyond it there is no match, as with ModSecurity's `SecPcreMatchLimit`.
const MAX_STEPS: usize = 100_000;

/// The whole match and up to nine groups.
pub(crate) type Captures = Vec<Vec<u8>>;

/// A compiled expression.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// Matched by a finite automaton.
    Linear { regex: Regex, source: String, literals: Option<Vec<Vec<u8>>> },
    /// With look-around or backreferences.
    Backtracking(fancy_regex::Regex),
}

impl Pattern {
    /// Compiles a PCRE pattern.
    pub(super) fn compile(pattern: &str) -> Result<Pattern, String> {
        let error = match compile(pattern) {
            Ok(regex) => {
                let source = translate(pattern.as_bytes());
                let literals = crate::literals::required(&source);
                return Ok(Pattern::Linear { regex, source, literals });
            }
            Err(error) => error,
        };
        fancy_regex::RegexBuilder::new(&format!("(?sm){}", translate(pattern.as_bytes())))
            .backtrack_limit(MAX_STEPS)
            .build()
            .map(Pattern::Backtracking)
            .map_err(|_| error)
    }

    /// Literals of which a matching value contains at least one, whatever its case.
    pub(crate) fn literals(&self) -> Option<Vec<Vec<u8>>> {
        match self {
            Pattern::Linear { literals, .. } => literals.clone(),
            Pattern::Backtracking(_) => None,
        }
    }

    /// The pattern in the dialect of `regex`.
    pub(crate) fn source(&self) -> Option<&str> {
        match self {
            Pattern::Linear { source, .. } => Some(source),
            Pattern::Backtracking(_) => None,
        }
    }

    /// Whether a value matches; stores its groups.
    pub(super) fn matches(&self, value: &[u8], captures: Option<&mut Captures>) -> bool {
        match (self, captures) {
            (Pattern::Linear { regex, .. }, None) => regex.is_match(value),
            (Pattern::Linear { regex, .. }, Some(captures)) => {
                // Most values do not match, and `is_match` is faster.
                let Some(found) = regex.is_match(value).then(|| regex.captures(value)).flatten() else {
                    return false;
                };
                let groups = found.iter().take(10);
                captures.clear();
                captures.extend(groups.map(|group| group.map_or_else(Vec::new, |g| g.as_bytes().to_vec())));
                true
            }
            (Pattern::Backtracking(regex), captures) => {
                // It matches strings: each byte becomes the character with its number.
                let text: String = value.iter().map(|b| char::from(*b)).collect();
                let Ok(Some(found)) = regex.captures(&text) else { return false };
                if let Some(captures) = captures {
                    let bytes = |text: &str| text.chars().filter_map(|c| u8::try_from(c).ok()).collect();
                    captures.clear();
                    captures.extend(
                        found.iter().take(10).map(|g| g.map_or_else(Vec::new, |g| bytes(g.as_str()))),
                    );
                }
                true
            }
        }
    }
}

/// Size limit of a compiled expression, in bytes.
const MAX_SIZE: usize = 64 * 1024 * 1024;

/// Compiles a pattern.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    compile_translated(&translate(pattern.as_bytes()))
}

/// Compiles a translated pattern.
pub(crate) fn compile_translated(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .unicode(false)
        .dot_matches_new_line(true)
        .multi_line(true)
        .size_limit(MAX_SIZE)
        .build()
        .map_err(|e| e.to_string().lines().last().unwrap_or("no regular expression").trim().to_owned())
}

/// Translates a pattern into ASCII and the dialect of `regex`.
fn translate(pattern: &[u8]) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut at = 0;
    // Where the current character class begins.
    let mut class: Option<usize> = None;
    while let Some(byte) = pattern.get(at).copied() {
        let rest = tail(pattern, at);
        match (byte, class) {
            (b'\\', _) => at += escape(rest, class.is_some(), &mut out),
            (b'[', None) => {
                out.push('[');
                at += 1;
                if pattern.get(at) == Some(&b'^') {
                    out.push('^');
                    at += 1;
                }
                // A bracket in the first place belongs to the class.
                if pattern.get(at) == Some(&b']') {
                    out.push_str("\\]");
                    at += 1;
                }
                class = Some(at);
            }
            (b'[', Some(_)) => match posix_class(rest) {
                Some(length) => {
                    out.push_str(&String::from_utf8_lossy(head(rest, length)));
                    at += length;
                }
                None => {
                    out.push_str("\\[");
                    at += 1;
                }
            },
            (b']', Some(_)) => {
                out.push(']');
                class = None;
                at += 1;
            }
            // Set operations of `regex`.
            (b'&' | b'~', Some(_)) => {
                out.push('\\');
                out.push(char::from(byte));
                at += 1;
            }
            (b'-', Some(began))
                if at == began || pattern.get(at + 1) == Some(&b']') || ends_range(pattern, began, at) =>
            {
                out.push_str("\\-");
                at += 1;
            }
            (b'{', None) if !is_repetition(rest) => {
                out.push_str("\\{");
                at += 1;
            }
            (b'}', None) if !closes_repetition(pattern, at) => {
                out.push_str("\\}");
                at += 1;
            }
            (0x80.., _) | (0..=0x08, _) => {
                out.push_str(&format!("\\x{byte:02x}"));
                at += 1;
            }
            _ => {
                out.push(char::from(byte));
                at += 1;
            }
        }
    }
    out
}

/// Translates an escape, and returns its length.
fn escape(rest: &[u8], in_class: bool, out: &mut String) -> usize {
    let Some(next) = rest.get(1) else {
        out.push_str("\\\\");
        return 1;
    };
    match next {
        // Literal in PCRE; something else or an error in `regex`.
        b'<' | b'>' | b'"' | b'\'' | b'/' | b'`' | b'@' | b'%' | b',' | b':' | b';' | b'=' | b'!' | b'_' => {
            out.push(char::from(*next));
            2
        }
        b'h' => {
            out.push_str(if in_class { r"\t\x20\xa0" } else { r"[\t\x20\xa0]" });
            2
        }
        b'e' => {
            out.push_str(r"\x1b");
            2
        }
        b'R' if !in_class => {
            out.push_str(r"(?:\r\n|[\n\x0b\x0c\r\x85])");
            2
        }
        b'Z' if !in_class => {
            out.push_str(r"(?:\n?\z)");
            2
        }
        b'b' if in_class => {
            out.push_str(r"\x08");
            2
        }
        // An octal escape. Other digits are backreferences, which `regex` rejects.
        b'0' => {
            let digits = tail(rest, 2).iter().take(2).take_while(|b| (b'0'..=b'7').contains(b));
            let (length, value) = digits.fold((2, 0u32), |(n, v), b| (n + 1, v << 3 | u32::from(b - b'0')));
            out.push_str(&format!("\\x{value:02x}"));
            length
        }
        b'x' if rest.get(2) == Some(&b'{') => {
            // `regex` rejects one that is not closed.
            let Some(end) = rest.iter().position(|b| *b == b'}') else {
                out.push_str("\\x{");
                return 3;
            };
            let text = rest.get(3..end).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or("");
            match u32::from_str_radix(text, 16).unwrap_or(0) {
                byte @ 0..=0xff => out.push_str(&format!("\\x{byte:02x}")),
                // A character beyond a byte is matched as its UTF-8.
                code => {
                    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                    for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                        out.push_str(&format!("\\x{byte:02x}"));
                    }
                }
            }
            end + 1
        }
        b'x' => {
            let hex = tail(rest, 2);
            let digits = head(hex, hex.iter().take(2).take_while(|b| b.is_ascii_hexdigit()).count());
            let text = std::str::from_utf8(digits).unwrap_or("");
            let value = u8::from_str_radix(text, 16).unwrap_or(0);
            out.push_str(&format!("\\x{value:02x}"));
            2 + digits.len()
        }
        byte if byte.is_ascii() => {
            out.push('\\');
            out.push(char::from(*byte));
            2
        }
        // The backslash before a byte beyond ASCII is dropped.
        _ => 1,
    }
}

/// The length of `[:alpha:]`.
fn posix_class(rest: &[u8]) -> Option<usize> {
    if !rest.starts_with(b"[:") {
        return None;
    }
    let end = rest.windows(2).position(|pair| pair == b":]")?;
    let name = rest.get(2..end)?;
    name.iter().all(|b| b.is_ascii_alphabetic() || *b == b'^').then_some(end + 2)
}

/// Whether a dash cannot make a range because a class stands before it (`\w-.`).
fn ends_range(pattern: &[u8], began: usize, at: usize) -> bool {
    matches!(
        pattern.get(began..at).unwrap_or_default(),
        [.., b'\\', b'w' | b'W' | b's' | b'S' | b'd' | b'D' | b'h'] | [.., b':', b']']
    )
}

/// Whether a brace begins `{2}`, `{2,}` or `{2,3}`.
fn is_repetition(rest: &[u8]) -> bool {
    let Some(end) = rest.iter().position(|b| *b == b'}') else { return false };
    let inner = rest.get(1..end).unwrap_or_default();
    let mut parts = inner.split(|b| *b == b',');
    let first = parts.next().is_some_and(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit));
    let second = parts.next().is_none_or(|part| part.iter().all(u8::is_ascii_digit));
    first && second && parts.next().is_none()
}

/// Whether the brace at a position closes `{2}`, `\x{41}` or `\p{L}`.
fn closes_repetition(pattern: &[u8], at: usize) -> bool {
    let Some(open) = head(pattern, at).iter().rposition(|b| *b == b'{') else { return false };
    let (before, rest) = cut(pattern, open);
    let is_escaped = before.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1;
    matches!(before, [.., b'\\', b'x'] | [.., _, b'p']) || !is_escaped && is_repetition(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pcre_patterns_match_as_in_pcre() {
        for (pattern, yes, no) in [
            (r"\<script\>", &b"<script>"[..], &b"script"[..]),
            (r"a[[]b", b"a[b", b"a]b"),
            (r"[^]a]", b"x", b"]"),
            (r"[\w-.]x", b"-x", b"~x"),
            (r"[a&&~~-]z", b"&z", b"xz"),
            (r"a{b}", b"a{b}", b"aab"),
            (r"x{2,3}$", b"xx\nfoo", b"x"),
            ("caf[é]", b"caf\xa9", b"cafe"),
            (r"[[:alnum:]_]+\/", b"a_1/", b"-/"),
            (r"\x5c\x0D", b"\\\r", b"\\\n"),
            (r"(?i)a.b", b"A\nB", b"ac"),
            (r"^\h+a", b" \ta", b"\na"),
            (r"[\x00-\x08\b]q", b"\x08q", b"xq"),
            (r"[a\x7f-\x{ff}]\x{bc}", b"\xc3\xbc", b"b\xbc"),
            (r"\x{20ac}+", "€".as_bytes(), b"\xe2"),
        ] {
            let regex = compile(pattern).unwrap_or_else(|e| unreachable!("{pattern}: {e}"));
            assert!(regex.is_match(yes), "{pattern}");
            assert!(!regex.is_match(no), "{pattern}");
        }
    }

    #[test]
    fn look_around_and_backreferences_backtrack_within_a_limit() {
        for (pattern, yes, no) in [
            (r"(?<!&amp);", &b"a;"[..], &b"&amp;"[..]),
            (r"(\w+)=\1", b"ab=ab", b"ab=cd"),
            (r"<\?(?!xml)", b"<?php \xff", b"<?xml"),
        ] {
            let pattern = Pattern::compile(pattern).unwrap_or_else(|e| unreachable!("{pattern}: {e}"));
            assert!(matches!(pattern, Pattern::Backtracking(_)));
            assert!(pattern.matches(yes, None) && !pattern.matches(no, None), "{pattern:?}");
        }
        let slow = Pattern::compile(r"(?=a)(a*)*\1b").unwrap_or_else(|e| unreachable!("{e}"));
        assert!(!slow.matches(&b"a".repeat(5000), None));
        assert!(Pattern::compile("(").is_err() && Pattern::compile(r"\x{").is_err());
    }
}
