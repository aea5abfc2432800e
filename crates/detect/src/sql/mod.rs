//! SQL injection: values that escape their context and continue the statement.
//!
//! A value lands in a string, or where a number or a name stands. In a string it has to close the string, and what
//! follows must be what SQL allows after one: an operator, a condition, a `UNION`, the end of the statement, a comment.
//! An apostrophe in a name is followed by none of these. Where a number stands, it has to continue with a condition on
//! constants, a statement, or a call of a function that nobody calls by chance.

mod bare;
mod context;
mod continuation;
mod expression;
mod lexer;
mod statement;
mod words;

use self::bare::{bare, begins_bare, calls, later};
use self::context::Context;
use self::continuation::{continues, listed};
use self::lexer::{Token, tokens, windows};
use crate::byte_mask::{ByteMask, any_of};
use crate::bytes::{cut, has, is_one_of, tail};
use crate::candidate::{Candidate, Found, stronger};
use crate::confidence::Confidence;
use crate::prose::has_words;

/// Words that continue a statement.
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

/// Inspects one variant.
pub(crate) fn detect(candidate: &Candidate<'_>) -> Found {
    const MARKS: ByteMask = any_of(b"'\"`()=<>;#*|&@/");
    let value = candidate.bytes;
    if value.len() < 3 || !(candidate.has_any(MARKS) || has_verb(value)) {
        return None;
    }
    let mut best = stronger(in_string(value, b'\''), in_string(value, b'"'));
    // A name in backticks is closed like a string.
    if !candidate.is_prose() {
        best = stronger(best, in_name(value));
    }
    // Whether later windows can continue what the first one began.
    let mut continues = None;
    windows(value, |all| {
        match continues {
            None => {
                continues = Some(!candidate.is_prose() && begins_bare(all));
                best = stronger(best, bare(value, all, candidate.is_prose()));
            }
            Some(true) => best = stronger(best, later(all)),
            Some(false) => {}
        }
        best = stronger(best, calls(all, candidate.is_prose()));
        best.filter(|(confidence, _)| *confidence == Confidence::High).map(|_| ())
    });
    best
}

/// Whether there is a word that continues a statement, or a comment that cuts it off.
fn has_verb(value: &[u8]) -> bool {
    let mut words = value.split(|b| !b.is_ascii_alphabetic()).filter(|word| (2..=9).contains(&word.len()));
    // Few words begin with one of these letters.
    let may_be_verb = |word: &[u8]| {
        matches!(
            word.first().map(|b| b | 0x20),
            Some(
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
            )
        )
    };
    words.any(|word| may_be_verb(word) && is_one_of(word, VERBS)) || has(value, "--")
}

/// A value that lands in a string: the first quote that is not doubled closes it.
fn in_string(value: &[u8], quote: u8) -> Found {
    const COMMENTS_OUT: &str = "closes a string and comments out the rest";
    let (outer, rest) = cut(value, memchr::memchr(quote, value)?);
    let rest = tail(rest, 1);
    // At the very beginning, a doubled quote closes an empty string all the same.
    let rest = match rest {
        [first, after @ ..] if *first == quote && outer.is_empty() => after,
        rest => rest,
    };
    let outer = outer.strip_suffix(b"\\").unwrap_or(outer);
    if matches!(rest, b"\0" | b";\0") {
        return Some((Confidence::High, "closes a string and cuts off the rest"));
    }
    let all = tokens(rest);
    // A quote at the end that the application's own does not close: `5' 10" or 6'`.
    if matches!(all.last(), Some(Token::String([], false))) && !rest.trim_ascii_end().ends_with(&[quote]) {
        return None;
    }
    let follows = tail(&all, all.iter().take_while(|token| **token == Token::Close).count());
    // A quoted mark in a text: `'--'`, `"#"`, `'='`.
    let is_quoted =
        outer.last().is_some_and(|b| b.is_ascii() && !b.is_ascii_alphanumeric() && !matches!(b, b')' | b'%'));
    let Token::Comment(comment) = follows.first()? else {
        return continues(follows, Context::String { is_quoted, quote }).or_else(|| {
            calls(follows, is_quoted).filter(|_| matches!(follows.first(), Some(Token::Word(_))))
        });
    };
    // `'#7aj6`: punctuation in a password.
    if rest.trim_ascii_start().starts_with(b"#") && comment.first().is_some_and(u8::is_ascii_graphic) {
        return Some((Confidence::Medium, COMMENTS_OUT));
    }
    let is_text = comment.contains(&quote) || is_quoted && has_words(comment);
    (!is_text).then_some((Confidence::High, COMMENTS_OUT))
}

/// A value that lands in a name in backticks.
fn in_name(value: &[u8]) -> Found {
    let at = memchr::memchr(b'`', value)?;
    let all = tokens(tail(value, at + 1));
    match tail(&all, all.iter().take_while(|token| **token == Token::Close).count()) {
        [Token::Comma, rest @ ..] => listed(rest, Context::Bare).filter(|_| calls(rest, false).is_some()),
        follows => continues(follows, Context::Bare),
    }
}

#[cfg(test)]
mod tests {
    use crate::Class::Sql;
    use crate::Confidence::*;
    use crate::testing::{finds, passes};

    #[test]
    fn attacks_are_found() {
        finds(
            Sql,
            High,
            &[
                "' or '1'='1",
                "x' or 'y'",
                "5' or 6'",
                "5\" or 6\"",
                "'; DROP TABLE users; --",
                "Drop table users;",
                "DROP TABLE tennis",
                "' or not false-- ",
                "' or user=user#",
                "' union select 1",
                "'; drop table users",
                "admin'-- ",
                "x', 1, sleep(5))-- ",
                "' into outfile '/x",
                "x'\0",
                "1 or 2>1",
                "1) or (1=1",
                "1 order by 5",
                "1 limit 1",
                "x`,sleep(5)#",
                "sleep(5)",
                "1 and extractvalue(1,concat(0x7e,version()))",
                "(select password from users)",
                "1 union/**/select password from users",
                "1/*!50000union*/select 1",
                "if(1=1,1,0)",
                "case when 1=1 then 1 else 0 end",
                "version()",
                "1;drop table users",
                "1 waitfor delay '0:0:5'",
                "1 having 1=1",
                "1 or true",
                "' || 'a'='a",
                "'='",
                "' and ascii(substring((select 1),1,1))>0-- ",
                "1=convert(int,@@version)",
                "1 or\t1=1",
                "1%20or%201=1",
            ],
        );
        finds(Sql, Medium, &["x'#7aj6", "Drop table tennis"]);
    }

    #[test]
    fn honest_neighbours_pass() {
        passes(
            Sql,
            &[
                "O'Brien",
                "D'Angelo & Sons",
                "rock 'n' roll",
                "5' 6\" tall",
                "select one from the list",
                "1 or 2 people",
                "order by phone",
                "1 + 1 = 2",
                "name eq 'x' and price gt 5",
                "1 or 1",
                "x;y",
                "5'10\" or 6'",
                "the union of states",
                "drop me a line",
                "'--'",
                "it's, well, fine",
                "a = b",
            ],
        );
    }
}
