//! Expressions: operands, and what they are compared with.

use super::lexer::Token;
use super::words::{compares, is_function, is_one_of, is_reserved};

/// How much an expression says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// A name, which may be a word.
    Name,
    /// A number, a string, NULL, TRUE.
    Constant,
    /// A name against a constant, or two names.
    Comparison,
    /// Two constants against each other, a call, a subquery.
    Call,
}

/// What an expression is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Name,
    Number,
    String,
    Truth,
    Call,
}

/// Reads an expression: an operand, and one that it is compared with. Its strength, and what follows.
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
        // What it is compared with is what the application writes behind it.
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

pub(super) fn is_between(all: &[Token<'_>]) -> bool {
    all.iter().take(6).any(|token| matches!(token, Token::Word(word) if is_one_of(word, &["between"])))
}

/// Reads an operand with its arithmetic.
pub(super) fn operand<'a, 't>(all: &'a [Token<'t>], depth: usize) -> Option<(Shape, &'a [Token<'t>])> {
    arithmetic(all, depth, true)
}

/// The same; whether `||` joins texts, or begins a condition, is for the caller to say.
pub(super) fn arithmetic<'a, 't>(
    all: &'a [Token<'t>],
    depth: usize,
    joins: bool,
) -> Option<(Shape, &'a [Token<'t>])> {
    let (mut shape, mut rest) = factor(all, depth)?;
    loop {
        let after = match rest {
            [Token::Operator(_), after @ ..] => after,
            // Texts are joined; conditions begin.
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

pub(super) fn factor<'a, 't>(all: &'a [Token<'t>], depth: usize) -> Option<(Shape, &'a [Token<'t>])> {
    const DEEPEST: usize = 16;
    if depth > DEEPEST {
        return None;
    }
    match all {
        [Token::Operator(b'-' | b'+'), rest @ ..] => factor(rest, depth + 1),
        // What negates a constant is a condition.
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
            all.iter().any(is_case).then_some((Shape::Call, &all[all.len()..]))
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

/// `.column` behind a name, and what is called by it.
pub(super) fn dotted<'a, 't>(mut rest: &'a [Token<'t>]) -> &'a [Token<'t>] {
    while let [Token::Dot, Token::Word(_) | Token::Name | Token::Operator(b'*'), after @ ..] = rest {
        rest = after;
    }
    match rest {
        [Token::Open, after @ ..] => parenthesised(after),
        rest => rest,
    }
}

/// What follows the parenthesis that was opened; one that stays open holds the rest.
pub(super) fn parenthesised<'a, 't>(all: &'a [Token<'t>]) -> &'a [Token<'t>] {
    let mut depth = 1;
    for (at, token) in all.iter().enumerate() {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &all[at + 1..];
        }
    }
    &all[all.len()..]
}
