//! Statements: `UNION SELECT`, and what stands behind a semicolon.

use super::expression::{Shape, operand};
use super::lexer::Token;
use super::words::{compares, is_catalogue, is_determiner, is_function, is_one_of, is_reserved};
use super::{Found, Lands};
use crate::Confidence;

/// Behind `UNION`.
pub(super) fn union(all: &[Token<'_>], lands: Lands) -> Found {
    let rest = match all {
        [Token::Word(word), rest @ ..] if is_one_of(word, &["all", "distinct", "distinctrow"]) => rest,
        rest => rest,
    };
    let rest = match rest {
        [Token::Open, rest @ ..] => rest,
        rest => rest,
    };
    let [Token::Word(select), rest @ ..] = rest else { return None };
    if is_one_of(select, &["values", "table"]) {
        return matches!(lands, Lands::InString { .. } | Lands::Bare)
            .then_some((Confidence::High, "adds rows by UNION"));
    }
    if !is_one_of(select, &["select"]) {
        return None;
    }
    let says = match selected(rest)? {
        Selected::Plain { from } => from || lands != Lands::BehindWord,
        Selected::Telling => true,
    };
    (says || rest.is_empty()).then_some((Confidence::High, "reads other tables by UNION SELECT"))
}

/// What is selected.
pub(super) enum Selected {
    /// One name.
    Plain { from: bool },
    /// A list, constants, calls, all columns.
    Telling,
}

/// Reads the list behind `SELECT`.
pub(super) fn selected(all: &[Token<'_>]) -> Option<Selected> {
    let all = match all {
        [Token::Word(word), rest @ ..] if is_one_of(word, &["all", "distinct", "top"]) => rest,
        all => all,
    };
    match all {
        [] | [Token::Operator(b'*'), ..] => return Some(Selected::Telling),
        _ => {}
    }
    let (shape, rest) = operand(all, 0)?;
    let from = |word: &&[u8]| is_one_of(word, &["from", "into", "where"]);
    Some(match (shape, rest) {
        (Shape::Name, [Token::Comma | Token::Comment(_) | Token::Dot, ..]) => Selected::Telling,
        (Shape::Name, [Token::Word(word), table, ..]) if from(word) => match table {
            Token::Word(table) if is_determiner(table) => return None,
            Token::Word(table) if is_catalogue(table) => Selected::Telling,
            _ => Selected::Plain { from: true },
        },
        (
            Shape::Name,
            [Token::Word(_), Token::Comma, ..] | [Token::Word(_), Token::Word(_), Token::Comma, ..],
        ) => Selected::Telling,
        (Shape::Name, [Token::Join, ..]) => Selected::Telling,
        (Shape::Name, [] | [Token::Close | Token::Semicolon | Token::String(..), ..]) => {
            Selected::Plain { from: false }
        }
        (Shape::Name, _) => return None,
        _ => Selected::Telling,
    })
}

/// Behind `;`: other statements.
pub(super) fn statements(all: &[Token<'_>], lands: Lands) -> Found {
    let in_string = matches!(lands, Lands::InString { is_quoted: false, .. });
    let empty = all.iter().take_while(|token| **token == Token::Semicolon).count();
    let all = &all[empty..];
    if let [Token::Comment(_), ..] = all {
        return in_string.then_some((Confidence::High, "ends the statement, and comments out what follows"));
    }
    let told = statement(all, in_string || lands == Lands::Bare).map(|reason| (Confidence::High, reason));
    // `'; x y --`: whatever it is, what would follow is commented out.
    let cut = matches!(all, [Token::Word(_), .., Token::Comment(rest)] if rest.trim_ascii().is_empty());
    told.or((in_string && cut).then_some((Confidence::High, "ends the statement, and begins another")))
}

/// Whether a statement begins here. `sure` says that something that is no sentence came before.
pub(super) fn statement(all: &[Token<'_>], sure: bool) -> Option<&'static str> {
    let [Token::Word(verb), rest @ ..] = all else { return None };
    // `schema.table` is one name.
    let plain: Vec<Token<'_>>;
    let rest = match rest.iter().take(8).any(|token| *token == Token::Dot) {
        true => {
            plain = undotted(rest);
            &plain[..]
        }
        false => rest,
    };
    let is_name = |token: Option<&Token<'_>>| match token {
        Some(Token::Word(word)) => !is_determiner(word) && !is_reserved(word),
        Some(Token::Name | Token::Variable) => true,
        Some(Token::String(_, true)) => sure,
        _ => false,
    };
    let word_at =
        |at: usize, words: &[&str]| matches!(rest.get(at), Some(Token::Word(word)) if is_one_of(word, words));
    let short = |from: usize| match &rest[from.min(rest.len())..] {
        [] | [Token::Comment(_) | Token::Semicolon, ..] => true,
        [Token::Word(word), ..] => is_one_of(word, &["cascade", "where", "set", "values", "limit", "with"]),
        _ => false,
    };
    let verb = verb.to_ascii_lowercase();
    Some(match verb.as_slice() {
        b"drop" | b"truncate" | b"create" | b"alter" => {
            const THINGS: &[&str] = &[
                "table",
                "database",
                "schema",
                "view",
                "index",
                "user",
                "login",
                "procedure",
                "function",
                "trigger",
                "role",
                "column",
                "sequence",
                "or",
                "temporary",
            ];
            let table = word_at(0, THINGS);
            let name = if word_at(1, &["if"]) { 3 } else { 1 };
            let truncates = verb == b"truncate" && is_name(rest.first()) && short(1) && sure;
            let defined = match rest.get(name + 1) {
                Some(Token::Open) => true,
                Some(Token::Word(word)) => {
                    sure || is_one_of(
                        word,
                        &["add", "change", "modify", "drop", "rename", "alter", "as", "returns"],
                    )
                }
                _ => false,
            };
            let named = table && (is_name(rest.get(name)) || word_at(name, &["not", "exists"]));
            if !(named && (short(name + 1) || defined) || truncates) {
                return None;
            }
            "changes the database's structure"
        }
        b"insert" | b"replace" => {
            let into = usize::from(word_at(0, &["into", "ignore"]));
            let listed = matches!(rest.get(into + 1), Some(Token::Open | Token::Word(_)));
            if !(into == 1
                && is_name(rest.get(1))
                && listed
                && (word_at(2, &["values", "select", "set", "value"]) || rest.get(2) == Some(&Token::Open)))
            {
                return None;
            }
            "inserts rows"
        }
        b"update" => {
            let set = (1..4).any(|at| word_at(at, &["set"]) && rest[at..].contains(&Token::Compare));
            if !(is_name(rest.first()) && set) {
                return None;
            }
            "updates rows"
        }
        b"delete" => {
            let condition = rest
                .iter()
                .any(|token| matches!(token, Token::Word(word) if is_one_of(word, &["where"])))
                && rest.iter().any(|token| {
                    matches!(token, Token::Compare) || matches!(token, Token::Word(word) if compares(word) || is_one_of(word, &["true", "not"]))
                });
            if !(word_at(0, &["from"])
                && is_name(rest.get(1))
                && (condition
                    || (sure && short(2))
                    || matches!(rest.get(2), Some(Token::Comment(_) | Token::Semicolon))))
            {
                return None;
            }
            "deletes rows"
        }
        b"select" => match selected(rest)? {
            Selected::Telling => {
                let from = rest
                    .iter()
                    .any(|token| matches!(token, Token::Word(word) if is_one_of(word, &["from", "into"])));
                let constant = matches!(
                    rest.first(),
                    Some(Token::Variable | Token::Number | Token::String(..) | Token::Open)
                );
                let call = matches!(rest, [Token::Word(word), Token::Open, ..] if sure || is_function(word));
                if !(from || call || constant && sure) {
                    return None;
                }
                "reads tables"
            }
            Selected::Plain { from }
                if (from || rest.len() < 3 || rest.get(1) == Some(&Token::Open)) && sure
                    || from && has_condition(rest) =>
            {
                "reads tables"
            }
            Selected::Plain { .. } => return None,
        },
        b"exec" | b"execute" | b"call" => match rest.first() {
            Some(Token::Word(name))
                if is_catalogue(name)
                    || name.get(..3).is_some_and(|p| {
                        p.eq_ignore_ascii_case(b"xp_") || p.eq_ignore_ascii_case(b"sp_")
                    }) =>
            {
                "calls a procedure"
            }
            Some(Token::Open | Token::Variable) if sure => "runs a text as SQL",
            Some(Token::Word(word)) if is_one_of(word, &["immediate"]) => "runs a text as SQL",
            Some(Token::Word(_)) if sure && verb == b"call" && rest.contains(&Token::Open) => {
                "calls a procedure"
            }
            _ => return None,
        },
        b"declare" | b"set" if matches!(rest, [Token::Variable, ..]) => "declares a variable",
        b"begin"
            if sure
                && matches!(rest, [Token::Word(word), ..] if is_one_of(word, &["declare", "dbms_lock"])) =>
        {
            "begins a block"
        }
        b"begin" if sure && rest.iter().any(|token| matches!(token, Token::Semicolon | Token::Dot)) => {
            "begins a block"
        }
        b"if"
            if sure && rest.iter().any(
                |token| matches!(token, Token::Word(word) if is_one_of(word, &["waitfor", "select", "exec"])),
            ) =>
        {
            "asks a question by waiting"
        }
        b"waitfor" => waits(rest).map(|(_, reason)| reason)?,
        b"shutdown" if sure && short(0) => "stops the server",
        b"copy"
            if sure
                && rest
                    .iter()
                    .any(|token| matches!(token, Token::Word(word) if is_one_of(word, &["program"]))) =>
        {
            "runs a program"
        }
        b"grant" | b"revoke"
            if sure
                && rest
                    .iter()
                    .any(|token| matches!(token, Token::Word(word) if is_one_of(word, &["to", "from"]))) =>
        {
            "changes rights"
        }
        b"attach" if word_at(0, &["database"]) => "opens a file as a database",
        b"load" if word_at(0, &["data"]) && word_at(1, &["infile", "local"]) => "reads a file",
        b"handler" if word_at(1, &["open"]) => "reads tables",
        b"rename" if sure && word_at(0, &["table", "user"]) && is_name(rest.get(1)) => {
            "changes the database's structure"
        }
        b"load_extension" if sure && rest.first() == Some(&Token::Open) => "loads code",
        b"vacuum" | b"analyze" | b"checkpoint" if sure && matches!(rest, [Token::Comment(_), ..]) => {
            "runs a statement of its own"
        }
        b"pragma"
            if sure && is_name(rest.first()) && matches!(rest.get(1), Some(Token::Open | Token::Compare)) =>
        {
            "runs a statement of its own"
        }
        b"describe" | b"desc" | b"show" | b"use" | b"rename" | b"merge" | b"with" | b"analyze"
        | b"vacuum" | b"pragma"
            if sure && is_name(rest.first()) && short(1) =>
        {
            "runs a statement of its own"
        }
        _ => return None,
    })
}

/// The tokens of a statement, its dotted names made one.
fn undotted<'t>(all: &[Token<'t>]) -> Vec<Token<'t>> {
    let mut out: Vec<Token<'t>> = Vec::with_capacity(all.len());
    let mut rest = all;
    while let Some(token) = rest.first() {
        rest = match rest {
            [Token::Dot, Token::Word(_) | Token::Name, after @ ..]
                if matches!(out.last(), Some(Token::Word(_) | Token::Name)) =>
            {
                after
            }
            _ => {
                out.push(*token);
                &rest[1..]
            }
        };
    }
    out
}

pub(super) fn has_condition(all: &[Token<'_>]) -> bool {
    let place =
        all.iter().position(|token| matches!(token, Token::Word(word) if is_one_of(word, &["where"])));
    place.is_some_and(|at| all[at..].contains(&Token::Compare))
        || matches!(all.last(), Some(Token::Semicolon | Token::Comment(_)))
}

/// `WAITFOR DELAY '0:0:5'`.
pub(super) fn waits(all: &[Token<'_>]) -> Found {
    match all {
        [Token::Word(delay), Token::String(..) | Token::Variable, ..]
            if is_one_of(delay, &["delay", "time"]) =>
        {
            Some((Confidence::High, "waits, to ask a question by time"))
        }
        _ => None,
    }
}
