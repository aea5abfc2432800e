//! Values that land where a number or a name stands, and calls that are an attack anywhere.

use super::context::Context;
use super::continuation::{continues, ends};
use super::expression::{Shape, Strength, arithmetic, expression, nested};
use super::lexer::{Token, is_word};
use super::statement::{Selection, selection, statement, statements, union, waits};
use super::words::{compares, is_telling_function, joins};
use crate::bytes::{begins, head, is_one_of, tail};
use crate::candidate::Found;
use crate::confidence::Confidence;

/// A value that lands where a number or a name stands.
pub(super) fn bare(value: &[u8], all: &[Token<'_>], is_prose: bool) -> Found {
    let closes = all.iter().take_while(|token| **token == Token::Close).count();
    let (rest, context) = match all {
        _ if closes > 0 => (tail(all, closes), Context::Bare),
        [Token::Word(word), ..]
            if joins(word) || is_one_of(word, &["union", "having", "order", "waitfor", "where", "group"]) =>
        {
            (all, Context::Bare)
        }
        [Token::Join | Token::Semicolon, ..] => (all, Context::Bare),
        _ if is_whole(all, is_prose) => {
            return Some((Confidence::High, "an expression that only a database evaluates"));
        }
        [Token::Word(_), ..] if statement(all, false).is_some() => {
            let confidence = match is_heading(value) {
                _ if is_prose => Confidence::Low,
                true => Confidence::Medium,
                false => Confidence::High,
            };
            return statement(all, false).map(|reason| (confidence, reason));
        }
        [Token::Open, ..] | [Token::Operator(b'-' | b'+'), ..] | [Token::Number | Token::String(..), ..] => {
            let (shape, rest) = arithmetic(all, 0, false)?;
            let closes = rest.iter().take_while(|token| **token == Token::Close).count();
            let subquery = shape == Shape::Call
                && matches!(all, [Token::Open, Token::Word(word), ..] if is_one_of(word, &["select"]));
            if subquery && !is_prose {
                return Some((Confidence::High, "a subquery"));
            }
            (tail(rest, closes), Context::Bare)
        }
        [Token::Word(_) | Token::Name, ..] => {
            let (_, rest) = arithmetic(all, 0, false)?;
            let closes = rest.iter().take_while(|token| **token == Token::Close).count();
            (tail(rest, closes), Context::AfterWord)
        }
        _ => return None,
    };
    // `1) or (1`: a parenthesis is closed and reopened.
    let is_closed = head(all, all.len() - rest.len()).ends_with(&[Token::Close]);
    if !is_prose && is_closed && reopens(rest) {
        return Some((Confidence::High, "closes a condition and opens another"));
    }
    // In prose, only what follows the first words counts.
    let found = match continues(rest, context) {
        None if !is_prose => later(all),
        found => found,
    };
    let starts_with_digit = value.first().is_some_and(u8::is_ascii_digit);
    found.map(|(confidence, reason)| match is_prose && !starts_with_digit {
        true => (Confidence::Low, reason),
        false => (confidence, reason),
    })
}

/// `Drop table tennis`: words and nothing else, of which only the first begins with a capital letter.
fn is_heading(value: &[u8]) -> bool {
    let Some((first, rest)) = value.split_first() else { return false };
    first.is_ascii_uppercase() && rest.iter().all(|b| b.is_ascii_lowercase() || *b == b' ')
}

/// Whether the value is one expression: `if(1=1,1,0)`, `case when 1=1 then ...`, `version()`, `xp_dirtree '...'`.
fn is_whole(all: &[Token<'_>], is_prose: bool) -> bool {
    const SERVER_FUNCTIONS: &[&str] = &[
        "version",
        "database",
        "sqlite_version",
        "system_user",
        "session_user",
        "unhex",
        "utl_http",
        "utl_inaddr",
        "dbms_lock",
        "dbms_pipe",
        "dbms_ldap",
    ];
    const CONDITIONALS: &[&str] = &["if", "iif", "elt", "nullif", "ifnull"];
    let inner = match all {
        [Token::Open, inner @ .., Token::Close] => inner,
        all => all,
    };
    let constant = |token: &Token<'_>| match token {
        Token::Word(word) => {
            compares(word) || joins(word) || is_one_of(word, &["not", "true", "false", "null"])
        }
        token => matches!(
            token,
            Token::Number
                | Token::String(..)
                | Token::Compare
                | Token::Comma
                | Token::Operator(_)
                | Token::Open
                | Token::Close
                | Token::Join
                | Token::Variable
        ),
    };
    let then = |token: &Token<'_>| matches!(token, Token::Word(word) if is_one_of(word, &["then"]));
    match inner {
        [Token::Word(case), Token::Word(when), rest @ ..] if is_one_of(case, &["case"]) => {
            let ends = matches!(rest.last(), Some(Token::Word(word)) if is_one_of(word, &["end"]));
            is_one_of(when, &["when"]) && rest.iter().any(then) && (!is_prose || ends)
        }
        _ if is_prose => false,
        [Token::Word(word), Token::Open, rest @ .., Token::Close] if is_one_of(word, CONDITIONALS) => {
            rest.contains(&Token::Comma) && rest.iter().all(constant)
        }
        [Token::Word(word), Token::Open | Token::Dot, .., Token::Close] => is_one_of(word, SERVER_FUNCTIONS),
        [.., Token::Word(word), Token::String(..)] => begins(word, "xp_"),
        _ => false,
    }
}

/// Whether a condition begins with a parenthesis that nothing closes.
fn reopens(rest: &[Token<'_>]) -> bool {
    let [Token::Word(word), inner @ ..] = rest else { return false };
    let negates = |token: &&Token<'_>| match token {
        Token::Word(word) => is_one_of(word, &["not"]),
        token => matches!(token, Token::Operator(_)),
    };
    let inner = tail(inner, inner.iter().take_while(negates).count());
    let opened = inner.iter().filter(|token| **token == Token::Open).count();
    let closed = inner.iter().filter(|token| **token == Token::Close).count();
    let opens = inner.iter().take_while(|token| **token == Token::Open).count();
    let constant = opens > 0
        && matches!(
            tail(inner, opens),
            [Token::Number | Token::String(..) | Token::Operator(_), ..]
                | [Token::Word(_), Token::Compare | Token::Open, ..]
        );
    is_one_of(word, &["or", "and", "xor"]) && constant && opened > closed && inner.len() < 16
}

/// Whether a value begins like one that lands where a number or a name stands.
pub(super) fn begins_bare(all: &[Token<'_>]) -> bool {
    !matches!(
        all.first(),
        None | Some(
            Token::Variable
                | Token::Compare
                | Token::Operator(b'*' | b'/' | b'%' | b'^' | b'|' | b'&' | b'~' | b'!')
                | Token::Comma
                | Token::Dot
                | Token::Comment(_)
                | Token::Other(_)
        )
    )
}

/// A `UNION`, a statement or a condition on constants, anywhere in a value that is no prose.
pub(super) fn later(all: &[Token<'_>]) -> Found {
    for at in 1..all.len() {
        let found = match tail(all, at) {
            [Token::Word(word), rest @ ..] if is_one_of(word, &["union"]) => union(rest, Context::AfterWord),
            [Token::Word(word), rest @ ..] if is_one_of(word, &["waitfor"]) => waits(rest),
            // Of several in a row, the last.
            [Token::Semicolon, rest @ ..] if rest.first() != Some(&Token::Semicolon) => {
                statements(rest, Context::AfterWord)
            }
            [Token::Word(word), rest @ ..] if is_one_of(word, &["or", "and"]) => {
                expression(rest).filter(|(_, strength, _)| *strength == Strength::Call).and_then(
                    |(shape, _, after)| {
                        // Calls are judged by their name, in `calls`; here, two constants.
                        (shape != Shape::Call && ends(after, Context::Bare))
                            .then_some((Confidence::High, "a condition that is always true or always false"))
                    },
                )
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Functions, catalogue tables and subqueries that are an attack wherever they stand.
pub(super) fn calls(all: &[Token<'_>], is_prose: bool) -> Found {
    const DANGEROUS: &[&str] = &[
        "sleep",
        "benchmark",
        "pg_sleep",
        "extractvalue",
        "updatexml",
        "load_file",
        "xp_cmdshell",
        "xp_dirtree",
        "randomblob",
        "get_host_address",
        "receive_message",
        "sys_eval",
        "sys_exec",
        "pg_read_file",
        "lo_import",
        "openrowset",
        "group_concat",
        "gtid_subset",
        "load_extension",
        "database_to_xml",
        "query_to_xml",
        "name_const",
        "dbms_lock",
        "zeroblob",
    ];
    const CATALOGUES: &[&str] =
        &["information_schema", "sqlite_master", "sqlite_schema", "sysobjects", "pg_shadow", "msysobjects"];
    let confidence = if is_prose { Confidence::Low } else { Confidence::High };
    let reason = all.iter().enumerate().find_map(|(at, token)| {
        let Token::Word(word) = token else { return None };
        let (outer, rest) = (head(all, at), tail(all, at + 1));
        let is_called = matches!(rest, [Token::Open, argument, ..] if *argument != Token::Close)
            && !matches!(rest, [Token::Open, Token::Number, Token::Word(_), ..]);
        if is_called && is_one_of(word, &["benchmark"]) && !head(rest, 16).contains(&Token::Comma) {
            return None;
        }
        if is_called && is_one_of(word, DANGEROUS) && !is_harmless_call(word, outer, rest) {
            return Some("calls a function that waits, reads files, or carries data out");
        }
        if is_one_of(word, CATALOGUES) && all.iter().any(|token| is_word(token, &["from", "join"])) {
            return Some("reads the catalogue");
        }
        // `(select ... from`.
        if is_one_of(word, &["select"])
            && outer.ends_with(&[Token::Open])
            && matches!(selection(rest), Some(Selection::Telling | Selection::Plain { from: true }))
        {
            return Some("a subquery");
        }
        (is_called && is_telling_function(word) && nested(rest))
            .then_some("extracts data character by character")
    })?;
    Some((confidence, reason))
}

/// Whether other languages call a function like this: `time.sleep(5)`, `sleep(duration)`.
fn is_harmless_call(word: &[u8], outer: &[Token<'_>], rest: &[Token<'_>]) -> bool {
    is_one_of(word, &["sleep", "benchmark"])
        && (matches!(outer.last(), Some(Token::Dot | Token::Other(_)))
            || matches!(rest, [Token::Open, Token::Word(name), ..]
                if !is_one_of(name, &["select", "if", "case", "rand", "floor"])))
}
