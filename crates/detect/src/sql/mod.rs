//! SQL injection: values that escape their context and continue the statement.
//!
//! A value lands in a string, or where a number or a name stands. In a string it has to close the string, and what
//! follows must be what SQL allows after one: an operator, a condition, a `UNION`, the end of the statement, a comment.
//! An apostrophe in a name is followed by none of these. Where a number stands, it has to continue with a condition on
//! constants, a statement, or a call of a function that nobody calls by chance.

mod bare;
mod expression;
mod lexer;
mod statement;
mod words;

use self::bare::{bare, begins_bare, calls, later, nested};
use self::expression::{Shape, Strength, expression};
use self::lexer::{Token, is_word, tokens, windows};
use self::statement::{statement, statements, union, waits};
use self::words::{compares, joins};
use crate::byte_mask::{ByteMask, any_of};
use crate::bytes::{cut, has, is_one_of, tail};
use crate::{Candidate, Confidence, Found, stronger};

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

/// Where a value lands in a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    String {
        /// The value quotes a mark, as texts do.
        is_quoted: bool,
        quote: u8,
    },
    /// After a number, a closing parenthesis, or nothing.
    Bare,
    /// After a word, which may belong to a sentence.
    AfterWord,
}

/// Whether the statement continues after an operand.
fn continues(all: &[Token<'_>], context: Context) -> Found {
    let in_string = matches!(context, Context::String { .. });
    let (first, rest) = all.split_first()?;
    match first {
        Token::Word(word) => continues_by_word(word, all, rest, context),
        Token::Join => condition(rest, context),
        Token::Operator(b'&' | b'|') if in_string => condition(rest, context),
        Token::Semicolon => statements(rest, context),
        Token::Compare if in_string => compared(rest, context),
        // `1=convert(int,@@version)`.
        Token::Compare if context == Context::Bare && nested(rest) => {
            let (_, strength, _) = expression(rest)?;
            (strength == Strength::Call).then_some((Confidence::High, "compares with a value of the server"))
        }
        Token::Operator(_) if in_string && !matches!(rest, [Token::Number]) => compared(rest, context),
        Token::Comma if in_string => listed(rest, context),
        _ => None,
    }
}

/// Whether a word, the first of all tokens, continues the statement.
fn continues_by_word(word: &[u8], all: &[Token<'_>], rest: &[Token<'_>], context: Context) -> Found {
    let in_string = matches!(context, Context::String { .. });
    let is = |words: &[&str]| is_one_of(word, words);
    let high = |reason| Some((Confidence::High, reason));
    if joins(word) {
        return condition(rest, context);
    }
    if compares(word) {
        return compared(rest, context);
    }
    if is(&["union", "except", "intersect", "minus"]) {
        return union(rest, context);
    }
    if is(&["waitfor"]) {
        return waits(rest);
    }
    if is(&["order", "group"]) {
        let [by, column, rest @ ..] = rest else { return None };
        let by_number = *column == Token::Number && ends(rest, context) && context != Context::AfterWord;
        let by_name = matches!(column, Token::Word(_) | Token::Name | Token::Open) && in_string;
        return (is_word(by, &["by"]) && (by_number || by_name))
            .then_some((Confidence::High, "sorts or groups by a column of its choice"));
    }
    if is(&["having", "where"]) {
        return condition(rest, context).filter(|_| context != Context::AfterWord);
    }
    if is(&["if", "exec", "execute", "begin", "declare"]) && context != Context::AfterWord {
        return statement(all, true).map(|reason| (Confidence::High, reason));
    }
    match rest {
        [Token::Number, rest @ ..]
            if is(&["limit", "offset"]) && context != Context::AfterWord && ends_or_continues(rest) =>
        {
            high("limits the rows that are read")
        }
        [Token::Word(name), ..] if is(&["procedure"]) && is_one_of(name, &["analyse"]) => {
            high("calls a procedure")
        }
        [Token::Word(name), Token::String(..), ..]
            if is(&["into"]) && is_one_of(name, &["outfile", "dumpfile"]) =>
        {
            high("writes a file")
        }
        [Token::Word(word), rest @ ..] if is(&["not"]) && compares(word) => compared(rest, context),
        _ => None,
    }
}

/// After `,` in a string: further values of an `INSERT`, or of a list.
fn listed(all: &[Token<'_>], context: Context) -> Found {
    let (_, strength, rest) = expression(all)?;
    let closes = rest.iter().any(|token| matches!(token, Token::Comment(_)));
    (strength >= Strength::Call || (closes && strength >= Strength::Constant && !is_quoted(context)))
        .then_some((Confidence::High, "adds values of its own"))
}

fn is_quoted(context: Context) -> bool {
    matches!(context, Context::String { is_quoted: true, .. })
}

/// After `=`, `like`, `+` in a string: an operand, and then the end or more.
fn compared(all: &[Token<'_>], context: Context) -> Found {
    let high = Some((Confidence::High, "continues an expression after a string"));
    let is_quoted = is_quoted(context);
    match all {
        // `'='`, `'-'`: the application's own quote closes the second string.
        [Token::String(text, false)] if text.is_empty() && !is_quoted => return high,
        [Token::String(text, _), rest @ ..] => {
            let continues =
                || continues(rest, context).is_some() || matches!(rest.first(), Some(Token::Comment(_)));
            let is_operand = !has_words(text) && !is_quoted;
            return if is_operand && (rest.is_empty() || continues()) { high } else { None };
        }
        _ => {}
    }
    let (_, strength, rest) = expression(all)?;
    let ended = || ends(rest, context) || continues(rest, context).is_some();
    match strength {
        Strength::Call => high,
        Strength::Comparison | Strength::Constant if !is_quoted && ended() => high,
        _ => None,
    }
}

/// Whether a text has words of some length, as sentences have.
fn has_words(text: &[u8]) -> bool {
    let words = text.split(|b| !b.is_ascii_alphabetic()).filter(|word| word.len() > 2).count();
    words > 1 || (words > 0 && text.contains(&b' '))
}

/// A condition after `OR` or `AND`.
fn condition(all: &[Token<'_>], context: Context) -> Found {
    let high = Some((Confidence::High, "a condition that is always true or always false"));
    if let [first, ..] = all
        && matches!(context, Context::String { is_quoted: false, .. })
        && is_word(first, &["select", "exists"])
    {
        return high;
    }
    let (shape, strength, rest) = expression(all)?;
    // Only once: two calls at each step would make this exponential.
    let goes_on = continues(rest, context).is_some();
    let ended = goes_on || ends(rest, context);
    let is_commented = matches!(rest.first(), Some(Token::Comment(_)));
    let is_certain = match (context, strength) {
        (_, Strength::Call) => true,
        (Context::String { is_quoted, .. }, Strength::Comparison | Strength::Constant) => {
            ended && !is_quoted || is_commented
        }
        // `' or name`: the application's own comparison follows.
        (Context::String { is_quoted: false, .. }, Strength::Name) => {
            is_commented || goes_on || rest.is_empty() && shape == Shape::String
        }
        (Context::Bare, Strength::Comparison) => ended,
        (Context::Bare, Strength::Constant) => shape == Shape::Truth || is_commented || goes_on,
        _ => false,
    };
    if is_certain { high } else { None }
}

/// Whether the value ends here, comments out the rest, or closes what the application opened.
fn ends(rest: &[Token<'_>], context: Context) -> bool {
    match rest {
        [] | [Token::Comment(_), ..] | [Token::Semicolon] | [Token::Semicolon, Token::Comment(_)] => true,
        [Token::Other(0), ..] => true,
        [Token::String(text, false)] => text.is_empty() && matches!(context, Context::String { .. }),
        [Token::Close, rest @ ..] => {
            ends(rest, context)
                || continues(rest, Context::Bare).is_some()
                || matches!(rest.first(), Some(Token::Word(word)) if joins(word))
        }
        _ => false,
    }
}

fn ends_or_continues(rest: &[Token<'_>]) -> bool {
    match rest {
        [] | [Token::Comment(_) | Token::Comma | Token::Semicolon, ..] => true,
        [token, ..] => is_word(token, &["offset", "union", "into", "procedure"]),
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
        finds(Sql, Medium, &["x'#7aj6"]);
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
                "the union of states",
                "drop me a line",
                "'--'",
                "it's, well, fine",
                "a = b",
            ],
        );
    }
}
