//! SQL: a value that goes on, where it lands, as a statement goes on.
//!
//! A value lands in a string or where a number or a name stands. In a string it has to close it, and what follows must
//! be what SQL allows behind a string: an operator, a condition, a `UNION`, the end of the statement, a comment. An
//! apostrophe in a name is followed by none of these. Where a number stands, it has to go on with a condition on
//! constants, a statement, or a call of a function that nobody calls by chance.

mod bare;
mod expression;
mod lexer;
mod statement;
mod words;

use self::bare::{bare, begins_bare, calls, later, nested};
use self::expression::{Shape, Strength, expression};
use self::lexer::{Token, tokens, windows};
use self::statement::{statement, statements, union, waits};
use self::words::{compares, is_one_of, joins};
use crate::{Confidence, Found, Text, marks, surer};

/// Judges one reading.
pub(crate) fn detect(text: &Text<'_>) -> Found {
    let value = text.bytes;
    if value.len() < 3 || !may_be(text) {
        return None;
    }
    let mut best = surer(in_string(value, b'\''), in_string(value, b'"'));
    // A name between backticks closes like a string.
    if !text.is_prose() {
        best = surer(best, in_name(value));
    }
    // Whether what comes later may go on with what came first.
    let mut goes_on = None;
    windows(value, |all| {
        match goes_on {
            None => {
                goes_on = Some(!text.is_prose() && begins_bare(all));
                best = surer(best, bare(value, all, text.is_prose()));
            }
            Some(goes_on) if goes_on => best = surer(best, later(all)),
            Some(_) => {}
        }
        best = surer(best, calls(all, text.is_prose()));
        best.filter(|(confidence, _)| *confidence == Confidence::High).map(|_| ())
    });
    best
}

/// Whether there is anything of which SQL is made: its marks, or one of its words.
fn may_be(text: &Text<'_>) -> bool {
    const MARKS: u64 = marks::of(b"'\"`()=<>;#*|&@/");
    text.any(MARKS) || has_verb(text.bytes)
}

/// Whether there is a word that goes on with a statement; and dashes, which end one.
fn has_verb(value: &[u8]) -> bool {
    const VERBS: &[&str] = &[
        "or",
        "and",
        "xor",
        "union",
        "having",
        "order",
        "group",
        "limit",
        "waitfor",
        "where",
        "drop",
        "alter",
        "create",
        "truncate",
        "delete",
        "exec",
        "execute",
        "shutdown",
        "select",
        "procedure",
        "rlike",
        "regexp",
        "except",
        "intersect",
        "div",
        "case",
    ];
    let mut words = value.split(|b| !b.is_ascii_alphabetic()).filter(|word| (2..=9).contains(&word.len()));
    words.any(|word| {
        // Of the letters that these begin with, few words do.
        matches!(
            word[0] | 0x20,
            b'o' | b'a'
                | b'x'
                | b'u'
                | b'h'
                | b'g'
                | b'l'
                | b'w'
                | b'd'
                | b'c'
                | b't'
                | b'e'
                | b's'
                | b'p'
                | b'r'
                | b'i'
        ) && is_one_of(word, VERBS)
    }) || memchr::memmem::find(value, b"--").is_some()
}

/// A value that lands in a string: the first quote that is not doubled closes it.
fn in_string(value: &[u8], quote: u8) -> Found {
    let at = memchr::memchr(quote, value)?;
    let (before, rest) = (&value[..at], &value[at + 1..]);
    let rest =
        rest.strip_prefix(&[quote][..]).filter(|_| !rest.is_empty() && before.is_empty()).unwrap_or(rest);
    let before = before.strip_suffix(b"\\").unwrap_or(before);
    if matches!(rest, b"\0" | b";\0") {
        return Some((Confidence::High, "closes a string, and cuts off what follows"));
    }
    let all = tokens(rest);
    let closes = all.iter().take_while(|token| **token == Token::Close).count();
    let follows = &all[closes..];
    // A quoted mark in a text: `'--'`, `"#"`, `'='`.
    let is_quoted =
        before.last().is_none_or(|b| b.is_ascii() && !b.is_ascii_alphanumeric() && !matches!(b, b')' | b'%'))
            && !before.is_empty();
    match follows.first()? {
        Token::Comment(comment) => {
            let closed_again = comment.contains(&quote);
            // `'#7aj6`: marks that a password has.
            if rest.trim_ascii_start().starts_with(b"#") && comment.first().is_some_and(u8::is_ascii_graphic)
            {
                return Some((Confidence::Medium, "closes a string, and comments out what follows"));
            }
            let is_text = closed_again || is_quoted && has_words(comment);
            (!is_text).then_some((Confidence::High, "closes a string, and comments out what follows"))
        }
        _ => continues(follows, Lands::InString { is_quoted, quote }).or_else(|| {
            calls(follows, is_quoted).filter(|_| matches!(follows.first(), Some(Token::Word(_))))
        }),
    }
}

/// A value that lands in a name between backticks.
fn in_name(value: &[u8]) -> Found {
    let at = memchr::memchr(b'`', value)?;
    let all = tokens(&value[at + 1..]);
    let closes = all.iter().take_while(|token| **token == Token::Close).count();
    match &all[closes..] {
        [Token::Comma, rest @ ..] => listed(rest, Lands::Bare).filter(|_| calls(rest, false).is_some()),
        follows => continues(follows, Lands::Bare),
    }
}

/// Where a value lands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lands {
    InString {
        is_quoted: bool,
        quote: u8,
    },
    /// Behind a number, a closed parenthesis, or nothing.
    Bare,
    /// Behind a word, which may be one of a sentence.
    BehindWord,
}

/// What follows an operand.
fn continues(all: &[Token<'_>], lands: Lands) -> Found {
    let in_string = matches!(lands, Lands::InString { .. });
    let high = |reason| Some((Confidence::High, reason));
    match all.first()? {
        Token::Word(word) if joins(word) => condition(&all[1..], lands),
        Token::Join => condition(&all[1..], lands),
        Token::Operator(b'&' | b'|') if in_string => condition(&all[1..], lands),
        Token::Word(word) if is_one_of(word, &["union", "except", "intersect", "minus"]) => {
            union(&all[1..], lands)
        }
        Token::Semicolon => statements(&all[1..], lands),
        Token::Word(word) if is_one_of(word, &["order", "group"]) => match &all[1..] {
            [Token::Word(by), sorted, rest @ ..] if is_one_of(by, &["by"]) => {
                let by_number = *sorted == Token::Number && ends(rest, lands);
                let named = matches!(sorted, Token::Word(_) | Token::Name | Token::Open) && in_string;
                (by_number && lands != Lands::BehindWord || named)
                    .then_some((Confidence::High, "sorts or groups by what it likes"))
            }
            _ => None,
        },
        Token::Word(word) if is_one_of(word, &["having", "where"]) => {
            condition(&all[1..], lands).filter(|_| in_string || lands == Lands::Bare)
        }
        Token::Word(word) if is_one_of(word, &["limit", "offset"]) => match &all[1..] {
            [Token::Number, rest @ ..] if (in_string || lands == Lands::Bare) && ends_or_more(rest) => {
                high("limits what is read")
            }
            _ => None,
        },
        Token::Word(word) if is_one_of(word, &["procedure"]) => match &all[1..] {
            [Token::Word(name), ..] if is_one_of(name, &["analyse"]) => high("calls a procedure"),
            _ => None,
        },
        Token::Word(word) if is_one_of(word, &["into"]) => match &all[1..] {
            [Token::Word(name), Token::String(..), ..] if is_one_of(name, &["outfile", "dumpfile"]) => {
                high("writes a file")
            }
            _ => None,
        },
        Token::Word(word) if is_one_of(word, &["waitfor"]) => waits(&all[1..]),
        Token::Word(word)
            if is_one_of(word, &["if", "exec", "execute", "begin", "declare"])
                && lands != Lands::BehindWord =>
        {
            statement(all, true).map(|reason| (Confidence::High, reason))
        }
        Token::Word(word) if compares(word) => compared(&all[1..], lands),
        Token::Word(word) if is_one_of(word, &["not"]) => match all.get(1) {
            Some(Token::Word(word)) if compares(word) => compared(&all[2..], lands),
            _ => None,
        },
        Token::Word(word) if is_one_of(word, &["collate", "escape", "as"]) && in_string => None,
        Token::Compare if in_string => compared(&all[1..], lands),
        // `1=convert(int,@@version)`.
        Token::Compare if lands == Lands::Bare && nested(&all[1..]) => {
            let (_, strength, _) = expression(&all[1..])?;
            (strength == Strength::Call).then_some((Confidence::High, "asks the server, and compares"))
        }
        Token::Operator(_) if in_string => {
            compared(&all[1..], lands).filter(|_| !matches!(all, [_, Token::Number]))
        }
        Token::Comma if in_string => listed(&all[1..], lands),
        _ => None,
    }
}

/// Behind `,` in a string: other values of an `INSERT`, or of a list.
fn listed(all: &[Token<'_>], lands: Lands) -> Found {
    let (_, strength, rest) = expression(all)?;
    let closes = rest.iter().any(|token| matches!(token, Token::Comment(_)));
    (strength >= Strength::Call || (closes && strength >= Strength::Constant && !quoted(lands)))
        .then_some((Confidence::High, "goes on with values of its own"))
}

fn quoted(lands: Lands) -> bool {
    matches!(lands, Lands::InString { is_quoted: true, .. })
}

/// Behind `=`, `like`, `+` in a string: an operand, and then the end or more.
fn compared(all: &[Token<'_>], lands: Lands) -> Found {
    let reason = "goes on with an expression behind a string";
    match all {
        // `'='`, `'-'`: nothing but the quote that the application's own is.
        [Token::String(text, false)] if text.is_empty() && !quoted(lands) => {
            return Some((Confidence::High, reason));
        }
        [Token::String(text, _), rest @ ..] => {
            let short = !has_words(text) && !quoted(lands);
            let more = || continues(rest, lands).is_some() || matches!(rest.first(), Some(Token::Comment(_)));
            return match short && (rest.is_empty() || more()) {
                true => Some((Confidence::High, reason)),
                false => None,
            };
        }
        _ => {}
    }
    let (_, strength, rest) = expression(all)?;
    let ended = ends(rest, lands) || continues(rest, lands).is_some();
    match strength {
        Strength::Call => Some((Confidence::High, reason)),
        Strength::Comparison | Strength::Constant if ended && !quoted(lands) => {
            Some((Confidence::High, reason))
        }
        _ => None,
    }
}

/// Whether a text has words of some length, as sentences have.
fn has_words(text: &[u8]) -> bool {
    let words = text.split(|b| !b.is_ascii_alphabetic()).filter(|word| word.len() > 2).count();
    words > 1 || (words > 0 && text.contains(&b' '))
}

/// A condition behind `OR` or `AND`.
fn condition(all: &[Token<'_>], lands: Lands) -> Found {
    let reason = "a condition that is always or never true";
    if let [Token::Word(word), ..] = all
        && matches!(lands, Lands::InString { is_quoted: false, .. })
        && is_one_of(word, &["select", "exists"])
    {
        return Some((Confidence::High, reason));
    }
    let (shape, strength, rest) = expression(all)?;
    // Asked once: what is asked twice at each step takes twice as long for each.
    let goes_on = continues(rest, lands).is_some();
    let ended = goes_on || ends(rest, lands);
    match (lands, strength) {
        (_, Strength::Call) => Some((Confidence::High, reason)),
        (Lands::InString { is_quoted, .. }, Strength::Comparison | Strength::Constant) => {
            (ended && !is_quoted || matches!(rest.first(), Some(Token::Comment(_))))
                .then_some((Confidence::High, reason))
        }
        // `' or name`: the name is compared by what the application writes behind it.
        (Lands::InString { is_quoted: false, .. }, Strength::Name) => {
            (rest.first().is_some_and(|token| matches!(token, Token::Comment(_)))
                || (rest.is_empty() && shape == Shape::String)
                || goes_on)
                .then_some((Confidence::High, reason))
        }
        (Lands::Bare, Strength::Comparison) => ended.then_some((Confidence::High, reason)),
        (Lands::Bare, Strength::Constant)
            if shape == Shape::Truth || matches!(rest.first(), Some(Token::Comment(_))) || goes_on =>
        {
            Some((Confidence::High, reason))
        }
        _ => None,
    }
}

/// Whether the value ends here, or leaves the rest to a comment, or closes what the application opened.
fn ends(rest: &[Token<'_>], lands: Lands) -> bool {
    match rest {
        [] | [Token::Comment(_), ..] | [Token::Semicolon] | [Token::Semicolon, Token::Comment(_)] => true,
        [Token::Other(0), ..] => true,
        [Token::String(text, false)] => text.is_empty() && matches!(lands, Lands::InString { .. }),
        [Token::Close, rest @ ..] => {
            ends(rest, lands)
                || continues(rest, Lands::Bare).is_some()
                || matches!(rest.first(), Some(Token::Word(word)) if joins(word))
        }
        _ => false,
    }
}

fn ends_or_more(rest: &[Token<'_>]) -> bool {
    matches!(rest, [] | [Token::Comment(_) | Token::Comma | Token::Semicolon, ..])
        || matches!(rest, [Token::Word(word), ..] if is_one_of(word, &["offset", "union", "into", "procedure"]))
}
