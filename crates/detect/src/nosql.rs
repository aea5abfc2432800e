//! NoSQL injection: query operators where a value is expected, JavaScript for databases that run it, and commands of
//! key-value stores.

use crate::byte_mask::{ByteMask, any_of};
use crate::bytes::{begins, cut, has, has_any, name, strip_any, tail};
use crate::candidate::{Candidate, Found};
use crate::confidence::Confidence;

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
    if memchr::memchr_iter(b'$', &lower).any(|at| is_operator(&lower, at)) && !candidate.is_prose() {
        return Some((Confidence::High, "a document database operator"));
    }
    let code = || candidate.has_any(CODE) || has_any(&lower, &["while", "return", "db.", "this."]);
    if candidate.is_prose() || !code() {
        return None;
    }
    if is_javascript(&lower) {
        return Some((Confidence::High, "JavaScript for a document database"));
    }
    is_key_value_command(value, &lower).then_some((Confidence::High, "commands of a key-value store"))
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
            ],
        );
    }
}
