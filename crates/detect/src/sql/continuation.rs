//! How a statement continues after an operand: conditions, further statements, values of a list, clauses.

use super::context::Context;
use super::expression::{Shape, Strength, expression, nested};
use super::lexer::{Token, is_word};
use super::statement::{statement, statements, union, waits};
use super::words::{compares, joins};
use crate::bytes::is_one_of;
use crate::candidate::Found;
use crate::confidence::Confidence;
use crate::prose::has_words;

/// Whether the statement continues after an operand.
pub(super) fn continues(all: &[Token<'_>], context: Context) -> Found {
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
pub(super) fn listed(all: &[Token<'_>], context: Context) -> Found {
    let (_, strength, rest) = expression(all)?;
    let closes = rest.iter().any(|token| matches!(token, Token::Comment(_)));
    (strength >= Strength::Call || (closes && strength >= Strength::Constant && !context.is_quoted()))
        .then_some((Confidence::High, "adds values of its own"))
}

/// After `=`, `like`, `+` in a string: an operand, and then the end or more.
fn compared(all: &[Token<'_>], context: Context) -> Found {
    let high = Some((Confidence::High, "continues an expression after a string"));
    let is_quoted = context.is_quoted();
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
pub(super) fn ends(rest: &[Token<'_>], context: Context) -> bool {
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
