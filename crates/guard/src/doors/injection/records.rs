//! Values in a JSON body that only tell what happened, or what somebody wrote, as their place shows. A server does not act
//! on them: what is found there is reported.

use detect::{Class, Finding};

use super::addresses;

/// Whether what was found in the value at this place (a JSON Pointer, RFC 6901) is no attack there.
pub(super) fn is_harmless(finding: &Finding, pointer: &str, value: &[u8]) -> bool {
    let steps: Vec<&str> = pointer.split('/').skip(1).collect();
    match finding.class {
        // A developer's error report, or a recorded session (HAR), has the address of the request that was served.
        // `/request/url` by itself may be an order to fetch.
        Class::Ssrf => {
            matches!(steps[..], [_, .., "request", "url"]) && addresses::on_loopback(value).is_some()
        }
        // A node of rich text, a part of a message. A query that is the whole value cannot get into another one.
        Class::Sql => {
            finding.reason == "reads tables"
                && matches!(steps[..], [_, .., index, "text"] if index.parse::<usize>().is_ok())
                && is_query(value)
        }
        _ => false,
    }
}

/// Whether a value is a query of a table, from its first word on.
fn is_query(value: &[u8]) -> bool {
    let is_word = |word: &[u8], wanted: &[u8]| word.eq_ignore_ascii_case(wanted);
    let mut words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.next().is_some_and(|verb| is_word(verb, b"select")) && words.any(|word| is_word(word, b"from"))
}

#[cfg(test)]
mod tests {
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
            (Class::Sql, "/blocks/0/text", "drop table users", false),
            (Class::Sql, "/blocks/0/text", "select pg_sleep(10)", false),
            (Class::Html, "/blocks/0/text", "<script>alert(1)</script>", false),
        ] {
            let finding = detect::inspect(value.as_bytes(), 3, &[class])
                .unwrap_or_else(|| panic!("nothing is found: {value}"));
            assert_eq!(is_harmless(&finding, pointer, value.as_bytes()), harmless, "{pointer} {value}");
        }
    }
}
