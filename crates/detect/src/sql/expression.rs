//! SQL expressions: operands and comparisons.

use super::lexer::Token;
use super::words::{compares, is_function, is_reserved};
use crate::bytes::{is_one_of, tail};

/// How much an expression proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// A name, which may be a word of a sentence.
    Name,
    /// A number, a string, NULL, TRUE.
    Constant,
    /// A name against a constant, or two names.
    Comparison,
    /// Two constants compared, a call, a subquery.
    Call,
}

/// What an expression consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Name,
    Number,
    String,
    Truth,
    Call,
}

/// Parses an expression: an operand, and the one it is compared with. Returns the shape of the first, the strength of
/// both, and the rest.
pub(super) fn expression<'a, 't>(all: &'a [Token<'t>]) -> Option<(Shape, Strength, &'a [Token<'t>])> {
    let (left, rest) = operand(all, 0)?;
    let own = match left {
        Shape::Name => Strength::Name,
        Shape::Call => Strength::Call,
        _ => Strength::Constant,
    };
    let after = match rest {
        [Token::Compare, after @ ..] => after,
        [Token::Word(word), Token::Word(like), after @ ..]
            if is_one_of(word, &["not", "sounds"]) && compares(like) =>
        {
            after
        }
        [Token::Word(word), Token::Word(not), after @ ..]
            if is_one_of(word, &["is"]) && is_one_of(not, &["not"]) =>
        {
            after
        }
        [Token::Word(word), after @ ..] if compares(word) => after,
        _ => return Some((left, own, rest)),
    };
    // `in (1, 2)`, `between 1 and 2`.
    let Some((right, rest)) = operand(after, 0) else {
        // The application supplies the other operand.
        return (after.is_empty() && own >= Strength::Constant).then_some((
            left,
            Strength::Comparison,
            after,
        ));
    };
    let rest = match rest {
        [Token::Word(and), between @ ..] if is_one_of(and, &["and"]) && is_between(all) => {
            operand(between, 0).map_or(rest, |(_, rest)| rest)
        }
        rest => rest,
    };
    let strength = match (left, right) {
        // `user=user`.
        (Shape::Name, Shape::Name) if all.first() == after.first() && all.get(1) == Some(&Token::Compare) => {
            Strength::Call
        }
        (Shape::Name, Shape::Name) => Strength::Name,
        (Shape::Call, _) | (_, Shape::Call) => Strength::Call,
        (Shape::Name, _) | (_, Shape::Name) => Strength::Comparison,
        _ => Strength::Call,
    };
    Some((left, strength, rest))
}

fn is_between(all: &[Token<'_>]) -> bool {
    all.iter().take(6).any(|token| matches!(token, Token::Word(word) if is_one_of(word, &["between"])))
}

/// Parses an operand with its arithmetic; `||` concatenates.
pub(super) fn operand<'a, 't>(all: &'a [Token<'t>], depth: usize) -> Option<(Shape, &'a [Token<'t>])> {
    arithmetic(all, depth, true)
}

/// Parses an operand with its arithmetic; the caller decides whether `||` concatenates or begins a condition.
pub(super) fn arithmetic<'a, 't>(
    all: &'a [Token<'t>],
    depth: usize,
    joins: bool,
) -> Option<(Shape, &'a [Token<'t>])> {
    let (mut shape, mut rest) = factor(all, depth)?;
    loop {
        let after = match rest {
            [Token::Operator(_), after @ ..] => after,
            // A string, a call or a variable is concatenated; anything else begins a condition.
            [Token::Join, after @ ..]
                if joins
                    && matches!(
                        after,
                        [Token::String(..) | Token::Open | Token::Variable, ..]
                            | [Token::Word(_), Token::Open, ..]
                    )
                    && !matches!(after, [_, Token::Compare, ..]) =>
            {
                after
            }
            // `'a' collate utf8_bin`.
            [Token::Word(word), Token::Word(_) | Token::String(..), after @ ..]
                if is_one_of(word, &["collate"]) =>
            {
                rest = after;
                continue;
            }
            // `'a' 'b'` is one string.
            [Token::String(..), after @ ..] if shape == Shape::String => {
                rest = after;
                continue;
            }
            _ => break,
        };
        let Some((next, after)) = factor(after, depth) else { break };
        if next == Shape::Call || shape == Shape::Name {
            shape = next;
        }
        rest = after;
    }
    Some((shape, rest))
}

fn factor<'a, 't>(all: &'a [Token<'t>], depth: usize) -> Option<(Shape, &'a [Token<'t>])> {
    const MAX_DEPTH: usize = 16;
    if depth > MAX_DEPTH {
        return None;
    }
    match all {
        [Token::Operator(b'-' | b'+'), rest @ ..] => factor(rest, depth + 1),
        // A negated constant is a condition.
        [Token::Operator(b'!' | b'~'), rest @ ..] => factor(rest, depth + 1).map(negated),
        [Token::Word(word), rest @ ..] if is_one_of(word, &["not"]) => factor(rest, depth + 1).map(negated),
        [Token::Word(word), rest @ ..] if is_one_of(word, &["binary", "distinct", "all", "any"]) => {
            factor(rest, depth + 1)
        }
        [Token::Number, rest @ ..] => Some((Shape::Number, rest)),
        [Token::String(..), rest @ ..] => Some((Shape::String, rest)),
        [Token::Variable, rest @ ..] => Some((Shape::Call, rest)),
        [Token::Name, rest @ ..] => Some((Shape::Name, dotted(rest))),
        [Token::Word(word), rest @ ..] if is_one_of(word, &["true", "false", "null"]) => {
            Some((Shape::Truth, rest))
        }
        [Token::Word(word), ..] if is_one_of(word, &["case"]) => {
            let is_case =
                |token: &Token<'_>| matches!(token, Token::Word(word) if is_one_of(word, &["when"]));
            all.iter().any(is_case).then_some((Shape::Call, &[]))
        }
        // `(select ...)`, `(1)=(1)`.
        [Token::Open, rest @ ..] => {
            let inner = parenthesised(rest);
            let shape = match rest.first() {
                Some(Token::Word(word)) if is_one_of(word, &["select", "values", "table"]) => Shape::Call,
                // `(1=1)`.
                _ if depth == 0
                    && expression(rest).is_some_and(|(shape, strength, _)| {
                        strength == Strength::Call && shape != Shape::Call
                    }) =>
                {
                    Shape::Call
                }
                _ => operand(rest, depth + 1).map_or(Shape::Name, |(shape, _)| shape),
            };
            Some((shape, inner))
        }
        [Token::Word(word), Token::Open, rest @ ..] => {
            let is_call = is_function(word) || is_one_of(word, &["exists", "in"]);
            Some((if is_call { Shape::Call } else { Shape::Name }, parenthesised(rest)))
        }
        [Token::Word(word), rest @ ..] if !is_reserved(word) => Some((Shape::Name, dotted(rest))),
        _ => None,
    }
}

fn negated<'a, 't>((shape, rest): (Shape, &'a [Token<'t>])) -> (Shape, &'a [Token<'t>]) {
    (if shape == Shape::Number { Shape::Truth } else { shape }, rest)
}

/// Skips the `.column` after a name, and the arguments if it is called.
fn dotted<'a, 't>(mut rest: &'a [Token<'t>]) -> &'a [Token<'t>] {
    while let [Token::Dot, Token::Word(_) | Token::Name | Token::Operator(b'*'), after @ ..] = rest {
        rest = after;
    }
    match rest {
        [Token::Open, after @ ..] => parenthesised(after),
        rest => rest,
    }
}

/// The rest after the closing parenthesis; nothing if it is missing.
fn parenthesised<'a, 't>(all: &'a [Token<'t>]) -> &'a [Token<'t>] {
    let mut depth = 1;
    for (at, token) in all.iter().enumerate() {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return tail(all, at + 1);
        }
    }
    &[]
}

/// Whether a call contains a `SELECT`, a variable, or a function that asks the server about itself.
pub(super) fn nested(rest: &[Token<'_>]) -> bool {
    rest.iter().take(8).any(|token| match token {
        Token::Variable => true,
        Token::Word(word) => {
            is_one_of(word, &["select", "version", "database", "current_user", "user", "system_user"])
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::*;

    #[test]
    fn expressions_are_as_strong_as_their_operands() {
        for (text, shape, strength, rest) in [
            ("name", Shape::Name, Strength::Name, 0),
            ("a.b", Shape::Name, Strength::Name, 0),
            ("1", Shape::Number, Strength::Constant, 0),
            ("'a' 'b'", Shape::String, Strength::Constant, 0),
            ("not 1", Shape::Truth, Strength::Constant, 0),
            ("null or", Shape::Truth, Strength::Constant, 1),
            ("1+2*3", Shape::Number, Strength::Constant, 0),
            ("a = 1", Shape::Name, Strength::Comparison, 0),
            ("1 =", Shape::Number, Strength::Comparison, 0),
            ("a = b", Shape::Name, Strength::Name, 0),
            ("a = a", Shape::Name, Strength::Call, 0),
            ("1 = 1", Shape::Number, Strength::Call, 0),
            ("'a' like 'a' or 1", Shape::String, Strength::Call, 2),
            ("1 not in (2, 3)", Shape::Number, Strength::Call, 0),
            ("3 between 1 and 5", Shape::Number, Strength::Call, 0),
            ("sleep(5)", Shape::Call, Strength::Call, 0),
            ("(select 1)", Shape::Call, Strength::Call, 0),
            ("(1)=(1)", Shape::Number, Strength::Call, 0),
            ("case when 1 then 2 end", Shape::Call, Strength::Call, 0),
            ("@@version", Shape::Call, Strength::Call, 0),
            ("f(x)", Shape::Name, Strength::Name, 0),
        ] {
            let tokens = tokens(text.as_bytes());
            let found = expression(&tokens).map(|(shape, strength, rest)| (shape, strength, rest.len()));
            assert_eq!(found, Some((shape, strength, rest)), "{text}");
        }
        for text in ["", "select 1", ")", ", a", "= 1"] {
            assert!(expression(&tokens(text.as_bytes())).is_none(), "{text}");
        }
    }
}
