//! Regular expressions of PCRE, as rules write them, in linear time.
//!
//! ModSecurity compiles with PCRE_DOTALL and PCRE_MULTILINE, over bytes. What the two dialects spell differently is
//! translated. What PCRE has and a linear-time engine cannot have (look-around, backreferences) is left to one that
//! backtracks within a limit; the present Core Rule Set has none of these, older ones have three.

use regex::bytes::{Regex, RegexBuilder};

use super::Captures;

/// Steps of one search that backtracks; beyond them there is no match, as with ModSecurity's `SecPcreMatchLimit`.
const MAX_STEPS: usize = 100_000;

/// A compiled expression.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// Any of those that a finite automaton can match.
    Linear { regex: Regex, source: String, literals: Option<Vec<Vec<u8>>> },
    /// One with look-around or backreferences.
    Backtracking(fancy_regex::Regex),
}

impl Pattern {
    /// Compiles a pattern of PCRE.
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

    /// Literals of which one must occur where it matches, whatever its case.
    pub(crate) fn literals(&self) -> Option<Vec<Vec<u8>>> {
        match self {
            Pattern::Linear { literals, .. } => literals.clone(),
            Pattern::Backtracking(_) => None,
        }
    }

    /// The expression in the dialect of `regex`.
    pub(crate) fn source(&self) -> Option<&str> {
        match self {
            Pattern::Linear { source, .. } => Some(source),
            Pattern::Backtracking(_) => None,
        }
    }

    /// Whether a value matches; what its groups hold goes to `captures`.
    pub(super) fn matches(&self, value: &[u8], captures: Option<&mut Captures>) -> bool {
        match (self, captures) {
            (Pattern::Linear { regex, .. }, None) => regex.is_match(value),
            (Pattern::Linear { regex, .. }, Some(captures)) => {
                // Most values do not match, which is known without looking for groups.
                let Some(found) = regex.is_match(value).then(|| regex.captures(value)).flatten() else {
                    return false;
                };
                let groups = found.iter().take(10);
                captures.clear();
                captures.extend(groups.map(|group| group.map_or_else(Vec::new, |g| g.as_bytes().to_vec())));
                true
            }
            (Pattern::Backtracking(regex), captures) => {
                // Its texts are of characters: each byte is the one of its number.
                let text: String = value.iter().map(|b| char::from(*b)).collect();
                let Ok(Some(found)) = regex.captures(&text) else { return false };
                if let Some(captures) = captures {
                    let bytes = |text: &str| text.chars().map(|c| c as u8).collect();
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

/// Largest compiled expression.
const MAX_SIZE: usize = 64 * 1024 * 1024;

/// Compiles a pattern.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    compile_translated(&translate(pattern.as_bytes()))
}

/// Compiles a pattern that is translated already.
pub(crate) fn compile_translated(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .unicode(false)
        .dot_matches_new_line(true)
        .multi_line(true)
        .size_limit(MAX_SIZE)
        .build()
        .map_err(|e| e.to_string().lines().last().unwrap_or("no regular expression").trim().to_owned())
}

/// The pattern in ASCII and in the dialect of `regex`.
fn translate(pattern: &[u8]) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut at = 0;
    // The position where the class that is being read began, and whether anything stands in it yet.
    let mut class: Option<usize> = None;
    while at < pattern.len() {
        let byte = pattern[at];
        let rest = &pattern[at..];
        match (byte, class) {
            (b'\\', _) => at += escape(rest, class.is_some(), &mut out),
            (b'[', None) => {
                out.push('[');
                at += 1;
                if pattern.get(at) == Some(&b'^') {
                    out.push('^');
                    at += 1;
                }
                // A bracket that comes first is one of the class.
                if pattern.get(at) == Some(&b']') {
                    out.push_str("\\]");
                    at += 1;
                }
                class = Some(at);
            }
            (b'[', Some(_)) => match posix_class(rest) {
                Some(length) => {
                    out.push_str(&String::from_utf8_lossy(&rest[..length]));
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
            // Set operations of the other dialect.
            (b'&' | b'~', Some(_)) => {
                out.push('\\');
                out.push(byte as char);
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
                out.push(byte as char);
                at += 1;
            }
        }
    }
    out
}

/// Writes an escape; how long it was.
fn escape(rest: &[u8], in_class: bool, out: &mut String) -> usize {
    let Some(next) = rest.get(1) else {
        out.push_str("\\\\");
        return 1;
    };
    match next {
        // Characters that are only themselves in PCRE, and something else in the other dialect, or an error.
        b'<' | b'>' | b'"' | b'\'' | b'/' | b'`' | b'@' | b'%' | b',' | b':' | b';' | b'=' | b'!' | b'_' => {
            out.push(*next as char);
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
        // Octal escapes; what is not one is a backreference, which the compiler refuses.
        b'0' => {
            let digits = rest[2..].iter().take(2).take_while(|b| (b'0'..=b'7').contains(b)).count();
            let value = rest[2..2 + digits].iter().fold(0u32, |v, b| v << 3 | u32::from(b - b'0'));
            out.push_str(&format!("\\x{value:02x}"));
            2 + digits
        }
        b'x' if rest.get(2) == Some(&b'{') => {
            // One that is not closed stays as it is, for the compiler to refuse.
            let Some(end) = rest.iter().position(|b| *b == b'}') else {
                out.push_str("\\x{");
                return 3;
            };
            let text = std::str::from_utf8(&rest[3..end]).unwrap_or("");
            match u32::from_str_radix(text, 16).unwrap_or(0) {
                byte @ 0..=0xff => out.push_str(&format!("\\x{byte:02x}")),
                // A character beyond a byte stands in texts as its UTF-8.
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
            let digits = rest[2..].iter().take(2).take_while(|b| b.is_ascii_hexdigit()).count();
            let text = std::str::from_utf8(&rest[2..2 + digits]).unwrap_or("");
            let value = u8::from_str_radix(text, 16).unwrap_or(0);
            out.push_str(&format!("\\x{value:02x}"));
            2 + digits
        }
        byte if byte.is_ascii() => {
            out.push('\\');
            out.push(*byte as char);
            2
        }
        // A byte beyond ASCII needs no escape.
        _ => 1,
    }
}

/// The length of `[:alpha:]`.
fn posix_class(rest: &[u8]) -> Option<usize> {
    if !rest.starts_with(b"[:") {
        return None;
    }
    let end = rest.windows(2).position(|pair| pair == b":]")?;
    rest[2..end].iter().all(|b| b.is_ascii_alphabetic() || *b == b'^').then_some(end + 2)
}

/// Whether a dash cannot begin a range because what is before it is one already, or a class of its own (`\w-.`).
fn ends_range(pattern: &[u8], began: usize, at: usize) -> bool {
    let before = &pattern[began..at];
    let class_escape = before.len() >= 2
        && before[before.len() - 2] == b'\\'
        && matches!(before[before.len() - 1], b'w' | b'W' | b's' | b'S' | b'd' | b'D' | b'h');
    class_escape || before.ends_with(b":]")
}

/// Whether a brace begins `{2}`, `{2,}` or `{2,3}`.
fn is_repetition(rest: &[u8]) -> bool {
    let Some(end) = rest.iter().position(|b| *b == b'}') else { return false };
    let inner = &rest[1..end];
    let mut parts = inner.split(|b| *b == b',');
    let first = parts.next().is_some_and(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit));
    let second = parts.next().is_none_or(|part| part.iter().all(u8::is_ascii_digit));
    first && second && parts.next().is_none()
}

fn closes_repetition(pattern: &[u8], at: usize) -> bool {
    let open = pattern[..at].iter().rposition(|b| *b == b'{');
    let escaped = |open: usize| pattern[..open].iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1;
    let hex = |open: usize| open >= 2 && (pattern[open - 2..open] == *br"\x" || pattern[open - 1] == b'p');
    open.is_some_and(|open| hex(open) || (!escaped(open) && is_repetition(&pattern[open..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_pcre_match_what_they_match_there() {
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
    fn what_is_not_linear_backtracks_within_a_limit() {
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
