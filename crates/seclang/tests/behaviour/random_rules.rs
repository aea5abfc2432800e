//! Random rules and requests: rules match the same with and without the filter.

use std::path::Path;

use proptest::prelude::*;
use seclang::{Phase, RequestHead, RuleSet, Transaction};

const TRANSFORMATIONS: [&str; 24] = [
    "urlDecodeUni",
    "urlDecode",
    "lowercase",
    "uppercase",
    "htmlEntityDecode",
    "jsDecode",
    "cssDecode",
    "escapeSeqDecode",
    "removeNulls",
    "replaceNulls",
    "removeWhitespace",
    "compressWhitespace",
    "cmdLine",
    "normalizePath",
    "normalizePathWin",
    "replaceComments",
    "removeComments",
    "removeCommentsChar",
    "utf8toUnicode",
    "base64Decode",
    "hexEncode",
    "trim",
    "length",
    "sqlHexDecode",
];

/// Pieces of expressions, and of values that they match in some encoding.
const EXPRESSIONS: [&str; 16] = [
    "ab",
    "a",
    "[a-c]+x",
    "(?:union|select)\\\\s",
    "<s",
    "^a",
    "b$",
    "\\\\.\\\\./",
    ";",
    "[;|]\\\\s*id",
    "j\\\\s*s:",
    "(?:a|b)(?:c|d)",
    ".",
    "x{2,3}",
    "\\\\bor\\\\b",
    "--",
];
const PIECES: [&str; 36] = [
    "a", "b", "ab", "AB", "x", "xx", "c", "union", "select", "SeLeCt", " ", "  ", "\t", "<s", "%3Cs",
    "&lt;s", "../", "%2e", "/", ";", "| id", "id", "j s:", "js", ":", "or", "'", "\"", "\\x61", "\\u0062",
    "--", "/**/", "+", "%00", "0x6162", "YWI=",
];

fn rule(id: usize) -> impl Strategy<Value = String> {
    let operator = prop_oneof![
        6 => prop::collection::vec(prop::sample::select(&EXPRESSIONS[..]), 1..4)
            .prop_map(|parts| format!("@rx {}", parts.concat())),
        4 => prop::collection::vec(prop::sample::select(&EXPRESSIONS[..]), 1..4)
            .prop_map(|parts| format!("@rx (?i){}", parts.join("|"))),
        3 => prop::collection::vec(prop::sample::select(vec!["ab", "union", "../", "x", "<s", "id;"]), 1..4)
            .prop_map(|words| format!("@pm {}", words.join(" "))),
        1 => Just("@detectSQLi".to_owned()),
        1 => Just("@detectXSS".to_owned()),
        1 => Just("@validateByteRange 32-120".to_owned()),
        1 => Just("!@rx ab".to_owned()),
        1 => Just("@contains ab".to_owned()),
    ];
    let targets = prop::collection::vec(
        prop::sample::select(vec![
            "ARGS",
            "ARGS_NAMES",
            "ARGS:a",
            "ARGS:/b/",
            "!ARGS:ab",
            "REQUEST_COOKIES",
            "REQUEST_HEADERS",
            "REQUEST_HEADERS:X-Own",
            "REQUEST_BODY",
            "REQUEST_FILENAME",
            "QUERY_STRING",
        ]),
        0..3,
    );
    let chain = prop::collection::vec(prop::sample::select(&TRANSFORMATIONS[..]), 0..4);
    (operator, targets, chain, 0u8..4, any::<bool>(), any::<bool>()).prop_map(
        move |(operator, targets, chain, level, multi, capture)| {
            let targets: String = targets.iter().map(|target| format!("|{target}")).collect();
            let chain: String = chain.iter().map(|name| format!(",t:{name}")).collect();
            let level = if level == 0 { String::new() } else { format!(",tag:'paranoia-level/{level}'") };
            let multi = if multi { ",multiMatch" } else { "" };
            let capture = if capture { ",capture" } else { "" };
            format!(
                "SecRule REQUEST_URI_RAW{targets} \"{operator}\" \"id:{id},phase:2,pass,log,t:none{chain}{level}{multi}{capture},\
                 logdata:'%{{TX.0}} %{{MATCHED_VAR_NAME}} %{{MATCHED_VAR}} %{{TX.count}}',setvar:'tx.count=+1'\"\n"
            )
        },
    )
}

fn text(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..most).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn rules_match_the_same_with_and_without_the_filter(
        rules in (1..14usize).prop_flat_map(|count| (1..=count).map(rule).collect::<Vec<_>>()),
        query in text(8),
        cookie in text(4),
        body in text(12),
        json in any::<bool>(),
    ) {
        let parsed = RuleSet::parse("random", &rules.concat(), Path::new(""));
        // Some random expressions are invalid.
        prop_assume!(parsed.is_ok());
        let rules = parsed.unwrap();
        let body = if json { json_object(&body) } else { format!("a={body}&b={cookie}") };
        let kind: &[u8] = if json { b"application/json" } else { b"application/x-www-form-urlencoded" };
        let target = format!("/{query}?a={query}&ab={cookie}&{query}");
        let headers: [(&[u8], &[u8]); 3] =
            [(b"Content-Type", kind), (b"Cookie", cookie.as_bytes()), (b"X-Own", query.as_bytes())];
        let head = RequestHead {
            method: b"POST",
            target: target.as_bytes(),
            protocol: b"HTTP/1.1",
            headers: &headers,
            client: None,
        };
        let run = |with_filter: bool| {
            let mut transaction = Transaction::new(&rules, &head, b"id");
            if !with_filter {
                transaction.without_filter();
            }
            let _ = transaction.run(Phase::RequestHeaders);
            transaction.request_body(body.as_bytes());
            let _ = transaction.run(Phase::RequestBody);
            transaction.matches().to_vec()
        };
        prop_assert_eq!(run(false), run(true));
    }
}

/// A JSON object with a text as name, value and item.
fn json_object(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| {
            if c == '"' || c == '\\' || c.is_control() {
                format!("\\u{:04x}", c as u32)
            } else {
                c.to_string()
            }
        })
        .collect();
    format!("{{\"a\":\"{text}\",\"b\":[\"{text}x\",1,null],\"{text}\":true}}")
}
