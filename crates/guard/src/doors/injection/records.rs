//! Values in a JSON body that only tell what happened, or what somebody wrote, as their place shows. A server does not act
//! on them: what is found there is reported.

use detect::{Class, Finding};
use serde_json::Value;

use super::addresses;

/// Whether the place of a value could make what was found in it none.
pub(super) fn may_be_harmless(finding: &Finding, value: &[u8]) -> bool {
    match finding.class {
        Class::Ssrf => addresses::on_loopback(value).is_some(),
        Class::Sql => finding.reason == "reads tables" && is_query(value),
        _ => false,
    }
}

/// Whether what was found in the value at this place (a JSON Pointer, RFC 6901) is no attack there.
pub(super) fn is_harmless(finding: &Finding, body: &Value, pointer: &str, value: &[u8]) -> bool {
    if !may_be_harmless(finding, value) {
        return false;
    }
    let steps: Vec<&str> = pointer.split('/').skip(1).collect();
    match finding.class {
        // A developer's error report, or a recorded session (HAR), has the address of the request that was served.
        // `/request/url` by itself may be an order to fetch.
        Class::Ssrf => {
            matches!(steps[..], [_, .., "request", "url"])
                && pointer.strip_suffix("/request/url").is_some_and(|holder| is_record(body.pointer(holder)))
        }
        // A node of rich text, a part of a message, a turn of a conversation. No value beside it is joined with it.
        Class::Sql => {
            matches!(steps[..], [_, .., index, "text" | "content"] if index.parse::<usize>().is_ok())
        }
        _ => false,
    }
}

/// Whether an object tells of something that has happened: an error with what was thrown (Sentry's event), or an entry of a
/// recorded session (HAR).
fn is_record(holder: Option<&Value>) -> bool {
    let Some(Value::Object(holder)) = holder else { return false };
    let is_thrown = |thrown: &Value| thrown.get("type").is_some_and(Value::is_string);
    let thrown = holder.get("exception").map(|exception| exception.get("values").unwrap_or(exception));
    let is_error =
        thrown.and_then(Value::as_array).is_some_and(|all| !all.is_empty() && all.iter().all(is_thrown));
    let is_entry = ["startedDateTime", "response"].iter().all(|name| holder.contains_key(*name));
    is_error || is_entry
}

/// Whether a value is a query of a table and nothing else, from its first word on, which does the same wherever it is put: it
/// closes nothing that it has not opened, ends nowhere but at its end, asks for nothing but columns and numbers, and calls
/// nothing but functions that count and compare.
fn is_query(value: &[u8]) -> bool {
    const UNUSUAL: [&str; 25] = [
        "union",
        "intersect",
        "except",
        "minus",
        "into",
        "sleep",
        "benchmark",
        "waitfor",
        "delay",
        "outfile",
        "dumpfile",
        "load_file",
        "exec",
        "execute",
        "delete",
        "update",
        "insert",
        "drop",
        "copy",
        "exists",
        "case",
        "like",
        "glob",
        "regexp",
        "rlike",
    ];
    const FUNCTIONS: [&str; 12] =
        ["count", "sum", "avg", "min", "max", "now", "date", "coalesce", "lower", "upper", "round", "in"];
    let Ok(text) = std::str::from_utf8(value) else { return false };
    let text = text.trim().trim_end_matches(';').to_lowercase();
    let Some(text) = without_words_in_quotes(&text) else { return false };
    let is_allowed = |c: char| c.is_alphanumeric() || "_.,*=<>()+- \t\r\n".contains(c);
    if !text.chars().all(is_allowed) || text.contains("--") {
        return false;
    }
    let mut depth = 0_i32;
    let is_balanced = text.chars().all(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth >= 0
    }) && depth == 0;
    let calls = text.match_indices('(').map(|(at, _)| text.get(..at).unwrap_or_default());
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let called =
        |before: &str| before.trim_end().rsplit(|c| !is_word(c)).next().unwrap_or_default().to_owned();
    let mut words = text.split(|c: char| !is_word(c)).filter(|word| !word.is_empty());
    is_balanced
        && calls.map(called).all(|name| FUNCTIONS.contains(&name.as_str()))
        && words.next() == Some("select")
        && words.clone().any(|word| word == "from")
        && !words.any(|word| word == "select" || UNUSUAL.contains(&word) || word.starts_with("0x"))
}

/// A query without the words that stand in quotes as values (`= 'open'`); nothing if anything else does. Within somebody's
/// quotes, such a word stands alone between two texts: no database runs that.
fn without_words_in_quotes(text: &str) -> Option<String> {
    const OPERATORS: [&str; 24] = [
        "or", "and", "xor", "div", "mod", "like", "ilike", "in", "is", "not", "between", "union", "collate",
        "regexp", "rlike", "glob", "match", "similar", "sounds", "overlaps", "escape", "isnull", "notnull",
        "member",
    ];
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\'') {
        let (word, after) = behind.split_once('\'')?;
        let is_value = before.trim_end().ends_with(['=', '<', '>', ',', '(']);
        let is_word = word.starts_with(|c: char| c.is_alphanumeric())
            && word.chars().all(|c| c.is_alphanumeric() || "_@.-".contains(c))
            && !word.contains("--");
        let is_end = after.is_empty() || after.starts_with([' ', ')', ',', '\n', '\r', '\t']);
        if !(is_value && is_word && is_end) || OPERATORS.contains(&word) {
            return None;
        }
        plain.push_str(before);
        plain.push('0');
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_and_texts_are_known_by_their_place() {
        const LOCAL: &str = "http://localhost:8000/?q=1";
        const QUERY: &str = "SELECT count(*) FROM orders WHERE ts > now() - interval 1 day;";
        for (class, pointer, value, harmless) in [
            (Class::Ssrf, "/data/event/request/url", LOCAL, true),
            (Class::Ssrf, "/log/entries/0/request/url", "http://127.0.0.1:3000/a", true),
            (Class::Ssrf, "/event/request/url", LOCAL, true),
            (Class::Ssrf, "/job/request/url", LOCAL, false),
            (Class::Ssrf, "/request/url", LOCAL, false),
            (Class::Ssrf, "/event/url", LOCAL, false),
            (Class::Ssrf, "/event/request/url/0", LOCAL, false),
            (Class::Ssrf, "/item/0/request/url", LOCAL, false),
            (Class::Ssrf, "/event/request/url", "http://169.254.169.254/latest/meta-data", false),
            (Class::Ssrf, "/event/request/url", "http://10.0.0.1/", false),
            (Class::Ssrf, "/event/request/url", "http://localhost@10.0.0.1/", false),
            (Class::Ssrf, "/event/request/url", "gopher://127.0.0.1:6379/_", false),
            (Class::Sql, "/blocks/0/elements/1/text", QUERY, true),
            (Class::Sql, "/messages/0/content/0/text", "select name from users where id = 1", true),
            (Class::Sql, "/text", QUERY, false),
            (Class::Sql, "/0/text", QUERY, false),
            (Class::Sql, "/filters/0/value", QUERY, false),
            (Class::Sql, "/blocks/0/text", "1' UNION SELECT password FROM users--", false),
            (Class::Sql, "/blocks/0/text", "x'; select pg_sleep(5)--", false),
            (Class::Sql, "/messages/0/content", QUERY, true),
            (
                Class::Sql,
                "/filters/any/0/text",
                "select 1 from t) union select password,role from users-- ",
                false,
            ),
            (Class::Sql, "/filters/any/0/text", "select 1 from t) or 1=1-- ", false),
            (Class::Sql, "/filters/any/0/text", "select id from t; delete from users where 1=1", false),
            (Class::Sql, "/filters/any/0/text", "select * from users into outfile '/var/www/x.php'", false),
            (Class::Sql, "/filters/any/0/text", "select sleep(10) from users", false),
            (Class::Sql, "/terms/0/text", "select ' or body like '%' and 'from'='from", false),
            (Class::Sql, "/terms/0/text", "select a from t where b = 'or' and c = 'x'", false),
            (Class::Sql, "/terms/0/text", "select a from t where b = ' or 1=1 or c = '", false),
            (Class::Sql, "/terms/0/text", "select 2 from users where substr(password,1,1)='h'", false),
            (Class::Sql, "/terms/0/text", "select 2 from users where password > 0x68", false),
            (
                Class::Sql,
                "/terms/0/text",
                "select 2 from t intersect select 2 from users where a = 'h'",
                false,
            ),
            (Class::Sql, "/terms/0/text", "select lo_import(1) from users", false),
            (Class::Sql, "/terms/0/text", "select a from t where b in (select c from users)", false),
            (Class::Sql, "/terms/0/text", "select name from users where state = 'open' order by name", true),
            (Class::Sql, "/blocks/0/text", "drop table users", false),
            (Class::Sql, "/blocks/0/text", "select pg_sleep(10)", false),
            (Class::Html, "/blocks/0/text", "<script>alert(1)</script>", false),
        ] {
            let body = json!({
                "data": { "event": { "exception": { "values": [{ "type": "E" }] }, "request": {} } },
                "event": { "exception": [{ "type": "E" }], "request": {} },
                "job": { "event_id": "1", "exception": 1, "request": {} },
                "log": { "entries": [{ "startedDateTime": "2026-01-01T00:00:00Z", "request": {}, "response": {} }] },
                "item": [{ "response": [], "request": {} }],
            });
            let finding = detect::inspect(value.as_bytes(), 3, &[class])
                .unwrap_or_else(|| panic!("nothing is found: {value}"));
            assert_eq!(
                is_harmless(&finding, &body, pointer, value.as_bytes()),
                harmless,
                "{pointer} {value}"
            );
        }
    }
}
