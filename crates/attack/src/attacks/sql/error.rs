//! A quote that the database stumbles over.
//!
//! A value that is pasted into a statement ends its string there, and the rest is no SQL. The database complains, and many
//! APIs pass its words on. An ordinary answer never has them: where it does, the words prove nothing.

use super::mend::{MEND_AT_GATE, MEND_IN_CODE};
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::attacks::aim::{self, Aim, Takes};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "sql-error",
    door: GuideDoor::SqlInjection,
    shut_by: ShutBy::Code,
    thought: "If I send a quote, does the database complain of my statement?",
    level: Level::Critical,
    references: &["CWE-89", "API8:2023"],
    mend_in_code: MEND_IN_CODE,
    mend_at_gate: MEND_AT_GATE,
    run: |p, tried| Box::pin(run(p, tried)),
};

/// What databases and their drivers say of a statement that they cannot read, in small letters.
const ERRORS: [&str; 40] = [
    // SQLite.
    "unrecognized token: \"",
    "sqlite3.operationalerror",
    "sqlite_error",
    "near \"%\": syntax error",
    "\": syntax error",
    "sqlite3::sqlexception",
    "incomplete input",
    // MySQL and MariaDB.
    "you have an error in your sql syntax",
    "er_parse_error",
    "check the manual that corresponds to your mysql server",
    "check the manual that corresponds to your mariadb server",
    "com.mysql.jdbc",
    "com.mysql.cj",
    // PostgreSQL.
    "syntax error at or near",
    // A shell says the first words, too.
    "unterminated quoted string at or near",
    "unterminated quoted identifier at or near",
    "pg::syntaxerror",
    "psycopg2.errors",
    "psycopg.errors",
    "org.postgresql.util.psqlexception",
    "npgsql.postgresexception",
    // SQL Server.
    "unclosed quotation mark",
    "incorrect syntax near",
    "system.data.sqlclient",
    "microsoft.data.sqlclient",
    "odbc sql server driver",
    // Oracle, Db2, H2, HSQLDB, CockroachDB, ClickHouse.
    "ora-00933",
    "ora-00907",
    "ora-01756",
    "ora-00936",
    "sql command not properly ended",
    "sqlcode=-104",
    "org.h2.jdbc",
    "org.hsqldb",
    "lexical error: invalid token",
    "code: 62. db::exception",
    // What stands above them.
    "sqlstate[42",
    "sqlalchemy.exc.",
    "sequelizedatabaseerror",
    "java.sql.sqlsyntaxerrorexception",
];

async fn run<'a>(p: &'a Prober<'a>, tried: &mut Tried) -> Result<(), Stop> {
    aim::each(p, tried, |_, _| true, |p, aim, tried| Box::pin(try_slot(p, aim, tried))).await
}

async fn try_slot(p: &Prober<'_>, aim: &Aim, tried: &mut Tried) -> Result<(), Stop> {
    let (baseline, who) = (&aim.baseline, aim.baseline.who);
    let payloads: &[&str] = if aim.takes == Takes::Number { &["'\""] } else { &["x'", "x\"", "x'\")"] };
    for payload in payloads {
        let reply = aim::send(p, &aim.behind(payload), who).await?;
        let Some(error) = error_of(&reply).filter(|error| !says(&baseline.reply, error)) else {
            tried.shut(&reply.seen);
            continue;
        };
        // An ordinary value does not bring it, and the quote brings it again.
        let ordinary = aim::send(p, &baseline.draft, who).await?;
        if says(&ordinary, error) || !says(&aim::send(p, &aim.behind(payload), who).await?, error) {
            tried.unknown(format!(
                "{}, {}: the same request has an error and has none",
                aim.operation, aim.slot
            ));
            continue;
        }
        let message = format!("a quote makes the database say `{}`", error.trim_matches(['"', ':', ' ']));
        tried.open(Hole::shown(&aim.operation, &aim.slot, message, &baseline.reply, &reply));
        return Ok(());
    }
    Ok(())
}

fn error_of(reply: &Reply) -> Option<&'static str> {
    error_in(&reply.text())
}

fn says(reply: &Reply, error: &str) -> bool {
    plain(&reply.text()).contains(error)
}

fn error_in(text: &str) -> Option<&'static str> {
    let text = plain(text);
    ERRORS.into_iter().find(|error| text.contains(error))
}

/// A text in small letters, without what JSON and HTML write before quotes.
fn plain(text: &str) -> String {
    text.to_ascii_lowercase().replace("\\\"", "\"").replace("&quot;", "\"").replace("&#34;", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_known_by_what_they_say() {
        for (text, is_error) in [
            (r#"{"detail":"near \"x\": syntax error"}"#, true),
            (r#"{"detail":"unrecognized token: \"'\""}"#, true),
            ("ERROR: syntax error at or near \"'\" at character 41", true),
            ("You have an error in your SQL syntax; check the manual", true),
            ("Unclosed quotation mark after the character string 'x'", true),
            ("SQLSTATE[42601]: Syntax error: 7 ERROR", true),
            ("ORA-01756: quoted string not properly terminated", true),
            (r#"{"message":"We teach SQL syntax to beginners"}"#, false),
            (r#"{"error":"Syntax error in JSON at position 3"}"#, false),
            (r#"{"detail":"SQLSTATE is a five-letter code"}"#, false),
            (r#"{"detail":"Unexpected token ' in JSON"}"#, false),
            ("ERROR: unterminated quoted string at or near \"'x\"", true),
            ("sh: 1: Syntax error: Unterminated quoted string", false),
        ] {
            assert_eq!(error_in(text).is_some(), is_error, "{text}");
        }
    }
}
