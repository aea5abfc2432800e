//! SQL statements: `UNION SELECT`, and statements after a semicolon.

use super::context::Context;
use super::expression::{Shape, operand};
use super::lexer::{Token, is_word};
use super::words::{compares, is_catalogue, is_determiner, is_function, is_reserved};
use crate::bytes::{begins, is_one_of, tail};
use crate::candidate::Found;
use crate::confidence::Confidence;

/// What follows `UNION`.
pub(super) fn union(all: &[Token<'_>], context: Context) -> Found {
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
        return matches!(context, Context::String { .. } | Context::Bare)
            .then_some((Confidence::High, "adds rows by UNION"));
    }
    if !is_one_of(select, &["select"]) {
        return None;
    }
    let is_certain = match selection(rest)? {
        Selection::Plain { from } => from || context != Context::AfterWord,
        Selection::Telling => true,
    };
    (is_certain || rest.is_empty()).then_some((Confidence::High, "reads other tables by UNION SELECT"))
}

/// What a `SELECT` selects.
pub(super) enum Selection {
    /// One name, as in "select one from the list".
    Plain { from: bool },
    /// A list, constants, calls, all columns.
    Telling,
}

/// Parses the list after `SELECT`.
pub(super) fn selection(all: &[Token<'_>]) -> Option<Selection> {
    let all = match all {
        [Token::Word(word), rest @ ..] if is_one_of(word, &["all", "distinct", "top"]) => rest,
        all => all,
    };
    if matches!(all, [] | [Token::Operator(b'*'), ..]) {
        return Some(Selection::Telling);
    }
    let (shape, rest) = operand(all, 0)?;
    let from = |word: &&[u8]| is_one_of(word, &["from", "into", "where"]);
    Some(match (shape, rest) {
        (Shape::Name, [Token::Comma | Token::Comment(_) | Token::Dot, ..]) => Selection::Telling,
        (Shape::Name, [Token::Word(word), table, ..]) if from(word) => match table {
            Token::Word(table) if is_determiner(table) => return None,
            Token::Word(table) if is_catalogue(table) => Selection::Telling,
            _ => Selection::Plain { from: true },
        },
        (
            Shape::Name,
            [Token::Word(_), Token::Comma, ..] | [Token::Word(_), Token::Word(_), Token::Comma, ..],
        ) => Selection::Telling,
        (Shape::Name, [Token::Join, ..]) => Selection::Telling,
        (Shape::Name, [] | [Token::Close | Token::Semicolon | Token::String(..), ..]) => {
            Selection::Plain { from: false }
        }
        (Shape::Name, _) => return None,
        _ => Selection::Telling,
    })
}

/// What follows `;`: other statements.
pub(super) fn statements(all: &[Token<'_>], context: Context) -> Found {
    let in_string = matches!(context, Context::String { is_quoted: false, .. });
    let all = tail(all, all.iter().take_while(|token| **token == Token::Semicolon).count());
    if let [Token::Comment(_), ..] = all {
        return in_string.then_some((Confidence::High, "ends the statement and comments out the rest"));
    }
    // `'; x y --`: an unknown statement, with the rest commented out.
    let is_cut = || matches!(all, [Token::Word(_), .., Token::Comment(rest)] if rest.trim_ascii().is_empty());
    statement(all, in_string || context == Context::Bare)
        .or_else(|| (in_string && is_cut()).then_some("ends the statement and begins another"))
        .map(|reason| (Confidence::High, reason))
}

/// A statement, split into its verb and the rest.
struct Statement<'a, 't> {
    verb: &'a [u8],
    rest: &'a [Token<'t>],
    /// What stands before it is no sentence.
    is_certain: bool,
}

/// What a statement does, if one begins here. `is_certain` says that what stands before it is no sentence; then less
/// evidence is enough.
pub(super) fn statement(all: &[Token<'_>], is_certain: bool) -> Option<&'static str> {
    let [Token::Word(verb), rest @ ..] = all else { return None };
    // `schema.table` is one name.
    let undotted: Vec<Token<'_>>;
    let rest = match rest.iter().take(8).any(|token| *token == Token::Dot) {
        true => {
            undotted = without_qualifiers(rest);
            undotted.as_slice()
        }
        false => rest,
    };
    let verb = verb.to_ascii_lowercase();
    let statement = Statement { verb: &verb, rest, is_certain };
    if is_certain && let Some(reason) = statement.certain() {
        return Some(reason);
    }
    match statement.verb {
        b"drop" | b"truncate" | b"create" | b"alter" => {
            statement.defines().then_some("changes the database's structure")
        }
        b"insert" | b"replace" => statement.inserts().then_some("inserts rows"),
        b"update" => statement.updates().then_some("updates rows"),
        b"delete" => statement.deletes().then_some("deletes rows"),
        b"select" => statement.selects().then_some("reads tables"),
        b"exec" | b"execute" | b"call" => statement.executes(),
        b"declare" | b"set" => matches!(rest, [Token::Variable, ..]).then_some("declares a variable"),
        b"waitfor" => waits(rest).map(|(_, reason)| reason),
        b"attach" => statement.word_at(0, &["database"]).then_some("opens a file as a database"),
        b"load" => (statement.word_at(0, &["data"]) && statement.word_at(1, &["infile", "local"]))
            .then_some("reads a file"),
        b"handler" => statement.word_at(1, &["open"]).then_some("reads tables"),
        _ => None,
    }
}

impl Statement<'_, '_> {
    fn word_at(&self, at: usize, words: &[&str]) -> bool {
        self.rest.get(at).is_some_and(|token| is_word(token, words))
    }

    fn has_word(&self, words: &[&str]) -> bool {
        self.rest.iter().any(|token| is_word(token, words))
    }

    /// Whether the name of a table, a column or the like stands at a position.
    fn name_at(&self, at: usize) -> bool {
        match self.rest.get(at) {
            Some(Token::Word(word)) => !is_determiner(word) && !is_reserved(word),
            Some(Token::Name | Token::Variable) => true,
            Some(Token::String(_, true)) => self.is_certain,
            _ => false,
        }
    }

    /// Whether the statement ends here, or continues with a clause.
    fn ends_at(&self, at: usize) -> bool {
        match tail(self.rest, at) {
            [] | [Token::Comment(_) | Token::Semicolon, ..] => true,
            [token, ..] => is_word(token, &["cascade", "where", "set", "values", "limit", "with"]),
        }
    }

    /// Statements that are judged only where no sentence stands before them.
    fn certain(&self) -> Option<&'static str> {
        const OWN: &str = "runs a statement of its own";
        Some(match self.verb {
            b"begin"
                if self.word_at(0, &["declare", "dbms_lock"])
                    || self.rest.iter().any(|token| matches!(token, Token::Semicolon | Token::Dot)) =>
            {
                "begins a block"
            }
            b"if" if self.has_word(&["waitfor", "select", "exec"]) => "asks a question by waiting",
            b"shutdown" if self.ends_at(0) => "stops the server",
            b"copy" if self.has_word(&["program"]) => "runs a program",
            b"grant" | b"revoke" if self.has_word(&["to", "from"]) => "changes access rights",
            b"rename" if self.word_at(0, &["table", "user"]) && self.name_at(1) => {
                "changes the database's structure"
            }
            b"load_extension" if self.rest.first() == Some(&Token::Open) => "loads code",
            b"vacuum" | b"analyze" | b"checkpoint" if matches!(self.rest, [Token::Comment(_), ..]) => OWN,
            b"pragma"
                if self.name_at(0) && matches!(self.rest.get(1), Some(Token::Open | Token::Compare)) =>
            {
                OWN
            }
            b"describe" | b"desc" | b"show" | b"use" | b"rename" | b"merge" | b"with" | b"analyze"
            | b"vacuum" | b"pragma"
                if self.name_at(0) && self.ends_at(1) =>
            {
                OWN
            }
            _ => return None,
        })
    }

    /// `DROP TABLE x`, `CREATE TABLE x (`, `ALTER TABLE x ADD`, `TRUNCATE x`.
    fn defines(&self) -> bool {
        const OBJECTS: &[&str] = &[
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
        const CLAUSES: &[&str] = &["add", "change", "modify", "drop", "rename", "alter", "as", "returns"];
        let truncates = self.verb == b"truncate" && self.name_at(0) && self.ends_at(1) && self.is_certain;
        let name = if self.word_at(1, &["if"]) { 3 } else { 1 };
        let has_clause = match self.rest.get(name + 1) {
            Some(Token::Open) => true,
            Some(Token::Word(word)) => self.is_certain || is_one_of(word, CLAUSES),
            _ => false,
        };
        let is_named =
            self.word_at(0, OBJECTS) && (self.name_at(name) || self.word_at(name, &["not", "exists"]));
        truncates || is_named && (self.ends_at(name + 1) || has_clause)
    }

    /// `INSERT INTO x VALUES`, `INSERT INTO x (a, b)`.
    fn inserts(&self) -> bool {
        self.word_at(0, &["into", "ignore"])
            && self.name_at(1)
            && (self.rest.get(2) == Some(&Token::Open)
                || self.word_at(2, &["values", "select", "set", "value"]))
    }

    /// `UPDATE x SET y =`.
    fn updates(&self) -> bool {
        self.name_at(0)
            && (1..4).any(|at| self.word_at(at, &["set"]) && tail(self.rest, at).contains(&Token::Compare))
    }

    /// `DELETE FROM x`, with a condition or with nothing after it.
    fn deletes(&self) -> bool {
        let compares = |token: &Token<'_>| match token {
            Token::Compare => true,
            Token::Word(word) => compares(word) || is_one_of(word, &["true", "not"]),
            _ => false,
        };
        self.word_at(0, &["from"])
            && self.name_at(1)
            && (self.has_word(&["where"]) && self.rest.iter().any(compares)
                || self.is_certain && self.ends_at(2)
                || matches!(self.rest.get(2), Some(Token::Comment(_) | Token::Semicolon)))
    }

    fn selects(&self) -> bool {
        let rest = self.rest;
        match selection(rest) {
            Some(Selection::Telling) => {
                let is_constant =
                    matches!(rest, [Token::Variable | Token::Number | Token::String(..) | Token::Open, ..]);
                let is_call = match rest {
                    [Token::Word(word), Token::Open, ..] => self.is_certain || is_function(word),
                    _ => false,
                };
                self.has_word(&["from", "into"]) || is_call || is_constant && self.is_certain
            }
            Some(Selection::Plain { from }) => {
                let is_short = rest.len() < 3 || rest.get(1) == Some(&Token::Open);
                (from || is_short) && self.is_certain || from && has_condition(rest)
            }
            None => false,
        }
    }

    /// `EXEC xp_cmdshell`, `EXEC('...')`, `EXECUTE IMMEDIATE`, `CALL x(`.
    fn executes(&self) -> Option<&'static str> {
        match self.rest.first()? {
            Token::Word(name) if is_catalogue(name) || begins(name, "xp_") || begins(name, "sp_") => {
                Some("calls a procedure")
            }
            Token::Open | Token::Variable if self.is_certain => Some("runs a text as SQL"),
            Token::Word(word) if is_one_of(word, &["immediate"]) => Some("runs a text as SQL"),
            Token::Word(_) if self.is_certain && self.verb == b"call" => {
                self.rest.contains(&Token::Open).then_some("calls a procedure")
            }
            _ => None,
        }
    }
}

/// Removes the qualifiers of names: `schema.table` becomes `schema`.
fn without_qualifiers<'t>(all: &[Token<'t>]) -> Vec<Token<'t>> {
    let mut out: Vec<Token<'t>> = Vec::with_capacity(all.len());
    let mut rest = all;
    while let [token, next @ ..] = rest {
        rest = match rest {
            [Token::Dot, Token::Word(_) | Token::Name, after @ ..]
                if matches!(out.last(), Some(Token::Word(_) | Token::Name)) =>
            {
                after
            }
            _ => {
                out.push(*token);
                next
            }
        };
    }
    out
}

/// Whether a `SELECT` has a comparison after `WHERE`, or an end that sentences do not have.
fn has_condition(all: &[Token<'_>]) -> bool {
    let condition = all.iter().position(|token| is_word(token, &["where"]));
    condition.is_some_and(|at| tail(all, at).contains(&Token::Compare))
        || matches!(all.last(), Some(Token::Semicolon | Token::Comment(_)))
}

/// What follows `WAITFOR`: `DELAY '0:0:5'`.
pub(super) fn waits(all: &[Token<'_>]) -> Found {
    match all {
        [Token::Word(delay), Token::String(..) | Token::Variable, ..]
            if is_one_of(delay, &["delay", "time"]) =>
        {
            Some((Confidence::High, "asks a question by waiting"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::*;

    /// What a statement does, if a sentence may stand before it, and if none does.
    fn actions(text: &str) -> [Option<&'static str>; 2] {
        [false, true].map(|is_certain| statement(&tokens(text.as_bytes()), is_certain))
    }

    #[test]
    fn statements_are_recognised_anywhere() {
        for (text, action) in [
            ("drop table users", "changes the database's structure"),
            ("DROP TABLE IF EXISTS shop.users;", "changes the database's structure"),
            ("create table x (y int)", "changes the database's structure"),
            ("alter table x add y", "changes the database's structure"),
            ("insert into x values (1)", "inserts rows"),
            ("insert into x (a) select 1", "inserts rows"),
            ("update x set y = 1", "updates rows"),
            ("delete from x where y = 1", "deletes rows"),
            ("delete from x;", "deletes rows"),
            ("select * from x", "reads tables"),
            ("select a, b from x", "reads tables"),
            ("select a from x where b = 1", "reads tables"),
            ("exec xp_cmdshell 'id'", "calls a procedure"),
            ("execute immediate 'x'", "runs a text as SQL"),
            ("declare @x int", "declares a variable"),
            ("waitfor delay '0:0:5'", "asks a question by waiting"),
            ("attach database 'x' as y", "opens a file as a database"),
            ("load data infile 'x'", "reads a file"),
            ("handler x open", "reads tables"),
        ] {
            assert_eq!(actions(text), [Some(action); 2], "{text}");
        }
    }

    #[test]
    fn some_statements_are_recognised_only_where_no_sentence_is() {
        for (text, action) in [
            ("truncate x", "changes the database's structure"),
            ("delete from x", "deletes rows"),
            ("select a from x", "reads tables"),
            ("exec ('x')", "runs a text as SQL"),
            ("call x(1)", "calls a procedure"),
            ("begin declare x", "begins a block"),
            ("if 1 waitfor delay '1'", "asks a question by waiting"),
            ("shutdown", "stops the server"),
            ("copy x to program 'y'", "runs a program"),
            ("grant all to x", "changes access rights"),
            ("rename table x to y", "changes the database's structure"),
            ("load_extension('x')", "loads code"),
            ("vacuum --", "runs a statement of its own"),
            ("pragma x(y)", "runs a statement of its own"),
            ("show x", "runs a statement of its own"),
        ] {
            assert_eq!(actions(text), [None, Some(action)], "{text}");
        }
    }

    #[test]
    fn sentences_are_no_statements() {
        for text in [
            "drop the table here",
            "drop me a line",
            "create your account",
            "insert a coin",
            "update the settings now",
            "delete from the list",
            "select one of these",
            "select from the menu",
            "call me",
            "use the door",
            "show me more",
            "declare victory",
            "load more data",
            "begin here",
            "",
        ] {
            assert_eq!(actions(text), [None, None], "{text}");
        }
    }
}
