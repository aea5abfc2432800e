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

/// Whether an object tells of something that has happened: members that reports of errors and recorded sessions have beside a
/// request, and that no order to make one has.
fn is_record(holder: Option<&Value>) -> bool {
    const TELLING: [&str; 7] =
        ["startedDateTime", "exception", "exceptions", "stacktrace", "culprit", "breadcrumbs", "event_id"];
    holder
        .and_then(Value::as_object)
        .is_some_and(|object| TELLING.iter().any(|name| object.contains_key(*name)))
}

/// Whether a value is a query of a table and nothing else, from its first word on: one that closes nothing which it has not
/// opened, ends nowhere but at its end, and calls and joins nothing that an attack needs.
fn is_query(value: &[u8]) -> bool {
    const UNUSUAL: [&str; 16] = [
        "union",
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
    ];
    let Ok(text) = std::str::from_utf8(value) else { return false };
    let text = text.trim().trim_end_matches(';').to_lowercase();
    let mut depth = 0_i32;
    let is_balanced = text.chars().all(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth >= 0
    }) && depth == 0;
    let is_even = |quote: char| text.matches(quote).count().is_multiple_of(2);
    let is_plain = !["--", "#", "/*", ";", "\\", "\0", "@@", "pg_", "xp_", "sys."]
        .iter()
        .any(|mark| text.contains(mark));
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    is_balanced
        && is_plain
        && is_even('\'')
        && is_even('"')
        && is_even('`')
        && words.next() == Some("select")
        && words.clone().any(|word| word == "from")
        && !words.any(|word| UNUSUAL.contains(&word))
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
            (Class::Sql, "/blocks/0/text", "drop table users", false),
            (Class::Sql, "/blocks/0/text", "select pg_sleep(10)", false),
            (Class::Html, "/blocks/0/text", "<script>alert(1)</script>", false),
        ] {
            let body = json!({
                "data": { "event": { "exception": {}, "request": {} } },
                "event": { "culprit": "x", "request": {} },
                "log": { "entries": [{ "startedDateTime": "2026-01-01T00:00:00Z", "request": {} }] },
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
