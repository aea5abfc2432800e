//! NoSQL injection: query operators where a value is expected, JavaScript for databases that run it, and commands of
//! key-value stores.

use crate::byte_mask::{ByteMask, any_of};
use crate::bytes::{begins, cut, has, has_any, name, strip_any, tail};
use crate::candidate::{Candidate, Found};
use crate::confidence::Confidence;
use crate::prose::is_sentence;

/// Query operators of MongoDB and CouchDB. Update operators are left out: web trackers use the same names.
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

/// Inspects one variant.
pub(crate) fn detect(candidate: &Candidate<'_>) -> Found {
    const NEEDS: ByteMask = any_of(b"$;|&(");
    const CODE: ByteMask = any_of(b"$'\"=|");
    if !candidate.has_any(NEEDS) {
        return None;
    }
    let value = candidate.bytes;
    let lower = value.to_ascii_lowercase();
    let reason = if memchr::memchr_iter(b'$', &lower).any(|at| is_operator(&lower, at)) {
        "a document database operator"
    } else if candidate.is_prose()
        || !(candidate.has_any(CODE) || has_any(&lower, &["while", "return", "db.", "this."]))
    {
        return None;
    } else if is_javascript(&lower) {
        "JavaScript for a document database"
    } else if is_key_value_command(value, &lower) {
        "commands of a key-value store"
    } else {
        return None;
    };
    // A query within a sentence is none: neither JSON nor a script has words around it.
    let is_mention = || is_sentence(value, true) || is_quoted(candidate);
    (!candidate.is_prose() && !is_mention()).then_some((Confidence::High, reason))
}

/// Whether what looks like a query stands in code that a text quotes.
fn is_quoted(candidate: &Candidate<'_>) -> bool {
    candidate.said(|_| false).is_some_and(|said| detect(&Candidate::new(&said)).is_none())
}

/// Whether an operator stands at a `$` where a query reads one: `[$ne]`, `"$ne":`, `{$ne:`, or the whole name.
fn is_operator(lower: &[u8], at: usize) -> bool {
    let (outer, rest) = cut(lower, at);
    let (operator, rest) = cut(rest, 1 + name(tail(rest, 1)).len());
    if !OPERATORS.iter().any(|known| known.as_bytes() == operator) {
        return false;
    }
    let bracketed = outer.ends_with(b"[") && rest.trim_ascii_start().starts_with(b"]");
    let key_ends = strip_any(rest.trim_ascii_start(), &[b"\"", b"'"]).trim_ascii_start().starts_with(b":");
    let key_begins = outer.ends_with(b"\"")
        || outer.ends_with(b"'")
        || matches!(outer.trim_ascii_end().last(), Some(b'{' | b','));
    let whole = outer.is_empty() && rest.is_empty();
    bracketed || whole || key_ends && (key_begins || outer.is_empty())
}

/// Conditions and statements of a `$where`, and calls of the database's shell.
fn is_javascript(lower: &[u8]) -> bool {
    let condition = has_any(lower, &["this.", "db."])
        && has_any(lower, &["==", ".match(", "return ", "||"])
        && has_any(lower, &["'", "\"", "return"]);
    let breaks_out = has_any(lower, &["'||'", "' || '", "\"||\"", "'&&'", "' && '"]) && has(lower, "==")
        || has_any(
            lower,
            &[
                "';return",
                "'; return",
                "\";return",
                "0;return true",
                ";while(",
                "; while(",
                "||1==1",
                "|| 1==1",
                "true, $where",
            ],
        );
    let call = has(lower, "db.")
        && has_any(
            lower,
            &[
                "insert(",
                ".find(",
                ".drop(",
                "getcollectionnames",
                ".remove(",
                ".update(",
                "dropdatabase",
                "stores.mapreduce",
                "injection.insert",
            ],
        );
    condition || breaks_out || call
}

/// Commands of Redis and memcached on lines of their own.
fn is_key_value_command(value: &[u8], lower: &[u8]) -> bool {
    const COMMANDS: &[&str] = &[
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
    ];
    if !value.contains(&b'\n') {
        return false;
    }
    let several = has_any(lower, &["flushall", "config set", "slaveof", " 0 "]);
    value.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).any(|line| {
        COMMANDS.iter().any(|command| begins(line, command)) && (several || line.starts_with(b"*"))
    })
}

#[cfg(test)]
mod tests {
    use crate::Class::NoSql;
    use crate::Confidence::*;
    use crate::testing::{finds, passes};

    #[test]
    fn attacks_are_found() {
        finds(
            NoSql,
            High,
            &[
                "user[$ne]",
                "{\"password\": {\"$gt\": \"\"}}",
                "{$where: 1}",
                "$regex",
                "' || '1'=='1",
                "'; return true; var x='",
                "this.password.match(/a.*/) || '",
                "db.users.drop()",
                "1; while(1);",
                "x\nflushall\n",
                "*1\r\n$8\r\nflushall",
                // Neighbours of sentences that a database reads.
                "{ age: { $gt: 18 } } is slow",
                "db.users.find({ age: { $gt: 18 } })",
                "x', $or: [{ a: 1 }, { 'a': 'it is slow",
                "x', $or: [{ a: 1 }], 'a': 'it is slow",
                "true, $where: '1 == 1'",
                "db.users.drop() // it is slow",
                "return db.users.find({ a: { $gt: 18 } })",
                "`db.users.drop()`",
            ],
        );
    }

    #[test]
    fn honest_neighbours_pass() {
        passes(
            NoSql,
            &[
                "$5.99",
                "$name",
                "{\"$ref\": \"#/a\"}",
                "$filter=a eq 1",
                "{\"$set\": 1}",
                "a || b",
                "see db. Then return",
                "get it\nset it",
                "price[$]",
                "mongo: db.users.find({ age: { $gt: 18 }, $or: [{name:'x'},{name:'y'}] }) is slow",
                "db.users.find({ age: { $gt: 18 } }) is slow",
                "why does {$ne: 1} not work",
                "look at `db.users.drop()`",
                "use the `{$ne: 1}` here",
            ],
        );
    }
}
