//! Values that land where a number or a name stands, and what tells wherever it stands.

use super::expression::{Shape, Strength, arithmetic, expression};
use super::lexer::Token;
use super::statement::{Selected, selected, statement, statements, union, waits};
use super::words::{compares, is_one_of, is_telling_function, joins};
use super::{Found, Lands, continues, ends};
use crate::Confidence;

/// A value that lands where a number or a name stands.
pub(super) fn bare(value: &[u8], all: &[Token<'_>], is_prose: bool) -> Found {
    let closes = all.iter().take_while(|token| **token == Token::Close).count();
    let (rest, lands) = match all {
        _ if closes > 0 => (&all[closes..], Lands::Bare),
        [Token::Word(word), ..]
            if joins(word) || is_one_of(word, &["union", "having", "order", "waitfor", "where", "group"]) =>
        {
            (all, Lands::Bare)
        }
        [Token::Join | Token::Semicolon, ..] => (all, Lands::Bare),
        _ if is_whole(all, is_prose) => {
            return Some((Confidence::High, "an expression that only a database evaluates"));
        }
        [Token::Word(_), ..] if statement(all, false).is_some() => {
            let confidence = if is_prose { Confidence::Low } else { Confidence::High };
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
            (&rest[closes..], Lands::Bare)
        }
        [Token::Word(_) | Token::Name, ..] => {
            let (_, rest) = arithmetic(all, 0, false)?;
            let closes = rest.iter().take_while(|token| **token == Token::Close).count();
            (&rest[closes..], Lands::BehindWord)
        }
        _ => return None,
    };
    // `1) or (1`: what was open is closed, and opened again.
    if !is_prose
        && reopens(rest, rest.len() < all.len() && all[..all.len() - rest.len()].ends_with(&[Token::Close]))
    {
        return Some((Confidence::High, "closes a condition, and opens another"));
    }
    // Behind the first words of a sentence nothing is told that the first of them does not tell.
    let found = match continues(rest, lands) {
        None if !is_prose => later(all),
        found => found,
    };
    let starts_with_digit = value.first().is_some_and(u8::is_ascii_digit);
    found.map(|(confidence, reason)| match is_prose && !starts_with_digit {
        true => (Confidence::Low, reason),
        false => (confidence, reason),
    })
}

/// `if(1=1,1,0)`, `case when 1=1 then ...`, `version()`, `xp_dirtree '...'`: a value that is one expression.
fn is_whole(all: &[Token<'_>], is_prose: bool) -> bool {
    const ASKS: &[&str] = &[
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
    const DECIDES: &[&str] = &["if", "iif", "elt", "nullif", "ifnull"];
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
        [Token::Word(word), Token::Open, rest @ .., Token::Close] if is_one_of(word, DECIDES) => {
            rest.contains(&Token::Comma) && rest.iter().all(constant)
        }
        [Token::Word(word), Token::Open | Token::Dot, .., Token::Close] => is_one_of(word, ASKS),
        [.., Token::Word(word), Token::String(..)] => {
            word.get(..3).is_some_and(|p| p.eq_ignore_ascii_case(b"xp_"))
        }
        _ => false,
    }
}

/// Whether a condition begins with a parenthesis that nothing closes.
fn reopens(rest: &[Token<'_>], is_closed: bool) -> bool {
    let [Token::Word(word), inner @ ..] = rest else { return false };
    let negates = |token: &&Token<'_>| match token {
        Token::Word(word) => is_one_of(word, &["not"]),
        token => matches!(token, Token::Operator(_)),
    };
    let inner = &inner[inner.iter().take_while(negates).count()..];
    let opened = inner.iter().filter(|token| **token == Token::Open).count();
    let closed = inner.iter().filter(|token| **token == Token::Close).count();
    let opens = inner.iter().take_while(|token| **token == Token::Open).count();
    let constant = opens > 0
        && matches!(
            &inner[opens..],
            [Token::Number | Token::String(..) | Token::Operator(_), ..]
                | [Token::Word(_), Token::Compare | Token::Open, ..]
        );
    is_closed && is_one_of(word, &["or", "and", "xor"]) && constant && opened > closed && inner.len() < 16
}

/// Whether a value begins as one does that lands there.
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

/// A UNION, a statement or a condition on constants anywhere in what is no sentence.
pub(super) fn later(all: &[Token<'_>]) -> Found {
    for at in 1..all.len() {
        let rest = &all[at..];
        let found = match rest.first() {
            Some(Token::Word(word)) if is_one_of(word, &["union"]) => union(&rest[1..], Lands::BehindWord),
            Some(Token::Word(word)) if is_one_of(word, &["waitfor"]) => waits(&rest[1..]),
            // Of several in a row, the last.
            Some(Token::Semicolon) if rest.get(1) != Some(&Token::Semicolon) => {
                statements(&rest[1..], Lands::BehindWord)
            }
            Some(Token::Word(word)) if is_one_of(word, &["or", "and"]) => {
                expression(&rest[1..]).filter(|(_, strength, _)| *strength == Strength::Call).and_then(
                    |(shape, _, after)| {
                        // A call is told by its name; what is left are constants.
                        (shape != Shape::Call && ends(after, Lands::Bare))
                            .then_some((Confidence::High, "a condition that is always or never true"))
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

/// Calls of functions, and names of catalogues, that tell what is wanted wherever they stand.
pub(super) fn calls(all: &[Token<'_>], is_prose: bool) -> Found {
    const SURE: &[&str] = &[
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
    let confidence = if is_prose { Confidence::Low } else { Confidence::High };
    for (at, token) in all.iter().enumerate() {
        let Token::Word(word) = token else { continue };
        let rest = &all[at + 1..];
        let called = matches!(rest, [Token::Open, argument, ..] if *argument != Token::Close)
            && !matches!(rest, [Token::Open, Token::Number, Token::Word(_), ..]);
        if called && is_one_of(word, SURE) {
            if is_one_of(word, &["benchmark"]) && !rest.iter().take(16).any(|token| *token == Token::Comma) {
                continue;
            }
            // Other languages sleep, too; what is called alone is SQL only where it can be an expression.
            let alone = is_one_of(word, &["sleep", "benchmark"])
                && (at > 0 && matches!(all[at - 1], Token::Dot | Token::Other(_))
                    || matches!(rest, [Token::Open, Token::Word(name), ..] if !is_one_of(name, &["select", "if", "case", "rand", "floor"])));
            if !alone {
                return Some((confidence, "calls a function that waits, reads files, or carries data out"));
            }
        }
        if is_one_of(
            word,
            &[
                "information_schema",
                "sqlite_master",
                "sqlite_schema",
                "sysobjects",
                "pg_shadow",
                "msysobjects",
            ],
        ) && all
            .iter()
            .any(|token| matches!(token, Token::Word(word) if is_one_of(word, &["from", "join"])))
        {
            return Some((confidence, "reads the catalogue"));
        }
        // `(select ... from`.
        if is_one_of(word, &["select"])
            && at > 0
            && matches!(all[at - 1], Token::Open)
            && matches!(selected(rest), Some(Selected::Telling | Selected::Plain { from: true }))
        {
            return Some((confidence, "a subquery"));
        }
        if called && is_telling_function(word) && nested(rest) {
            return Some((confidence, "takes a text apart to ask for it letter by letter"));
        }
    }
    None
}

/// Whether something is selected or asked of the server within a call.
pub(super) fn nested(rest: &[Token<'_>]) -> bool {
    rest.iter().take(8).any(|token| match token {
        Token::Variable => true,
        Token::Word(word) => {
            is_one_of(word, &["select", "version", "database", "current_user", "user", "system_user"])
        }
        _ => false,
    })
}
