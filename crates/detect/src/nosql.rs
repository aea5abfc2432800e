//! NoSQL: operators where values are expected, and code for those databases that run it.

use crate::bytes::{begins, has};
use crate::{Confidence, Found, Text, marks};

/// Operators of MongoDB and CouchDB that change what a query asks. Those that change documents are names of trackers, too.
const OPERATORS: &[&str] = &[
    "$eq",
    "$ne",
    "$gt",
    "$gte",
    "$lt",
    "$lte",
    "$in",
    "$nin",
    "$regex",
    "$exists",
    "$where",
    "$or",
    "$and",
    "$nor",
    "$not",
    "$expr",
    "$elemmatch",
    "$jsonschema",
    "$function",
    "$accumulator",
];

/// Judges one reading.
pub(crate) fn detect(text: &Text<'_>) -> Found {
    let value = text.bytes;
    const NEEDS: u64 = marks::of(b"$;|&(");
    if !text.any(NEEDS) {
        return None;
    }
    let high = |reason| Some((Confidence::High, reason));
    let lower = value.to_ascii_lowercase();
    for at in memchr::memchr_iter(b'$', &lower) {
        let behind = &lower[at..];
        let length = 1 + crate::bytes::name(&behind[1..]).len();
        if !OPERATORS.iter().any(|operator| operator.as_bytes() == &behind[..length]) {
            continue;
        }
        let before = &lower[..at];
        let after = behind[length..].trim_ascii_start();
        // `[$ne]`, `"$ne":`, `{$ne:`, and a name that is one as a whole.
        let bracketed = before.ends_with(b"[") && after.starts_with(b"]");
        let quoted = before.ends_with(b"\"") || before.ends_with(b"'");
        let keyed = after
            .strip_prefix(b"\"")
            .or(after.strip_prefix(b"'"))
            .unwrap_or(after)
            .trim_ascii_start()
            .starts_with(b":");
        let opened =
            before.trim_ascii_end().ends_with(b"{") || before.trim_ascii_end().ends_with(b",") || quoted;
        let whole = at == 0 && behind.len() == length;
        if (bracketed || (keyed && opened) || whole || (at == 0 && keyed)) && !text.is_prose() {
            return high("an operator of a document database");
        }
    }
    // Each of what follows has one of these.
    const CODE: u64 = marks::of(b"$'\"=|");
    let words = || ["while", "return", "db.", "this."].iter().any(|word| has(&lower, word));
    if text.is_prose() || !text.any(CODE) && !words() {
        return None;
    }
    let javascript = ["this.password", "this.username", "this.", "db."].iter().any(|word| has(&lower, word))
        && (has(&lower, "==") || has(&lower, ".match(") || has(&lower, "return ") || has(&lower, "||"))
        && (value.contains(&b'\'') || value.contains(&b'"') || has(&lower, "return"));
    let broken = ["'||'", "' || '", "\"||\"", "'&&'", "' && '"].iter().any(|word| has(&lower, word))
        && has(&lower, "==")
        || has(&lower, "';return")
        || has(&lower, "'; return")
        || has(&lower, "\";return")
        || has(&lower, "0;return true")
        || has(&lower, ";while(")
        || has(&lower, "; while(")
        || has(&lower, "||1==1")
        || has(&lower, "|| 1==1")
        || has(&lower, "true, $where");
    let collection = has(&lower, "db.")
        && [
            "insert(",
            ".find(",
            ".drop(",
            "getcollectionnames",
            ".remove(",
            ".update(",
            "dropdatabase",
            "stores.mapreduce",
            "injection.insert",
        ]
        .iter()
        .any(|word| has(&lower, word));
    if javascript || broken || collection {
        return high("code for a database that runs JavaScript");
    }
    // Commands of Redis and memcached on lines of their own.
    let lines = value.contains(&b'\n');
    let meant = lines && ["flushall", "config set", "slaveof", " 0 "].iter().any(|word| has(&lower, word));
    let protocol = lines
        && value.split(|b| *b == b'\n').any(|line| {
            let line = line.trim_ascii();
            [
                "flushall",
                "config set",
                "config get",
                "slaveof ",
                "eval \"",
                "*1",
                "*2",
                "*3",
                "save",
                "module load",
                "get ",
                "set ",
            ]
            .iter()
            .any(|command| begins(line, command))
                && (meant || line.starts_with(b"*"))
        });
    protocol.then_some((Confidence::High, "commands of a key-value store"))
}
