//! How much one GraphQL request may ask for, wherever the document stands; and what looks like GraphQL and is none.

use sha2::{Digest, Sha256};

use crate::support::{Recorder, Running, status};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

fn query(document: &str) -> String {
    serde_json::json!({ "query": document }).to_string()
}

fn log_ins(count: usize) -> String {
    let fields =
        (0..count).map(|nth| format!("a{nth}: login(user: \"ann\", password: \"{nth}\") {{ token }}"));
    format!("mutation {{ {} }}", fields.collect::<Vec<_>>().join(" "))
}

#[test]
fn documents_are_measured_with_their_fragments() {
    let upstream = Recorder::plain();
    let policy = "[rate]\nlimits = []\nlogin = []\n[protocol.graphql]\nmax_depth = 4\nmax_fields = 40\nmax_same = 5\nmax_batch = 3\nintrospection = 'refuse'";
    let gate = Running::start(policy, &[upstream.url()]);
    for (target, kind, body, rule) in [
        ("/graphql", JSON, query(&log_ins(5)), ""),
        ("/graphql", JSON, query(&log_ins(6)), "graphql-same"),
        (
            "/graphql",
            JSON,
            query("mutation { ...F } fragment F on M { a: f b: f c: f d: f e: f g: f }"),
            "graphql-same",
        ),
        ("/graphql", "application/graphql", log_ins(6), "graphql-same"),
        (
            "/graphql",
            FORM,
            format!("query={}", log_ins(6).replace(' ', "+").replace('"', "%22")),
            "graphql-same",
        ),
        ("/graphql", "text/plain", query(&log_ins(6)), "graphql-same"),
        ("/graphql?query=%7Ba:f+b:f+c:f+d:f+e:f+g:f%7D", JSON, String::new(), "graphql-same"),
        ("/graphql", JSON, query("{ a { b { c { d } } } }"), ""),
        ("/graphql", JSON, query("{ a { b { c { d { e } } } } }"), "graphql-depth"),
        ("/graphql", JSON, query("{ a { ...F } } fragment F on T { b { c { d { e } } } }"), "graphql-depth"),
        ("/graphql", JSON, query("{ ...F } fragment F on T { a { ...F } }"), "graphql-depth"),
        (
            "/graphql",
            JSON,
            query("{ a { ...F } b { ...F } c { ...F } d { ...F } } fragment F on T { e f g h i j k l m n }"),
            "graphql-fields",
        ),
        ("/graphql", JSON, format!("[{}]", vec![query("{ a }"); 3].join(",")), ""),
        ("/graphql", JSON, format!("[{}]", vec![query("{ a }"); 4].join(",")), "graphql-batch"),
        ("/graphql", JSON, query("{ __schema { types { name } } }"), "graphql-introspection"),
        ("/graphql", JSON, query("query Q { me { __typename id } }"), ""),
        // What servers read and our parser does not, and where lenient readers look.
        ("/graphql", JSON, query(&format!("\"d\" {}", log_ins(6))), "graphql-same"),
        ("/graphql", JSON, query(&format!("{} {{ x: e(s: \"\\u{{41}}\") }}", log_ins(6))), "graphql-same"),
        ("/graphql", JSON, query("{ a(x: \"\\ud83d\\ude00\") __schema { b } }"), "graphql-introspection"),
        ("/graphql", JSON, r#"{"Query":"{__schema{a}}"}"#.to_owned(), "graphql-introspection"),
        ("/graphql", "text/plain", r#"{"x":NaN,"query":"{a}","query":"{__schema{a}}"}"#.to_owned(), "graphql-introspection"),
        (
            "/graphql",
            "multipart/form-data; boundary=B",
            "--B\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{\"query\":\"{__schema{a}}\",\"e\":NaN}\r\n--B--\r\n"
                .to_owned(),
            "graphql-introspection",
        ),
        // Brackets that a comment seems to close; not measured, they would end the process.
        (
            "/graphql",
            JSON,
            query(&format!("{{a(x:{}1{})}}", "[#]\n".repeat(3000), "]".repeat(3000))),
            "graphql-depth",
        ),
        ("/graphql", JSON, query("{ a(x: \"]]]]]] }}}}\") { b } }"), ""),
        ("/graphql", JSON, query("\"What it is for\" query Q { a { b } }"), ""),
        // What is no GraphQL is left alone.
        ("/search", JSON, query("shoes {red} {red} {red} {red} {red} {red}"), ""),
        ("/search", JSON, format!("[{}]", vec![query("shoes"); 10].join(",")), ""),
        ("/search", JSON, r#"{"query":{"bool":{"must":[{"a":{"b":{"c":{"d":{"e":1}}}}}]}}}"#.to_owned(), ""),
        ("/search?query=%7Bnot+graphql", JSON, String::new(), ""),
    ] {
        let answer = gate.ask("POST", target, &[("Content-Type", kind)], body.as_bytes());
        let expected = if rule.is_empty() {
            200
        } else if rule == "graphql-introspection" {
            403
        } else {
            400
        };
        assert_eq!(status(&answer), expected, "{kind} {body}: {:?}", gate.events.all().last());
        if !rule.is_empty() {
            assert!(
                gate.events.has(&[&format!("\"rule\":\"{rule}\""), "[protocol.graphql]"]) || expected == 403,
                "{rule}"
            );
        }
    }
    let form = |content: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{content}\r\n--B--\r\n")
    };
    let multipart = [("Content-Type", "multipart/form-data; boundary=B")];
    for (count, expected) in [(5, 200), (6, 400)] {
        let body = form(&query(&log_ins(count)));
        assert_eq!(
            status(&gate.ask("POST", "/graphql", &multipart, body.as_bytes())),
            expected,
            "{count} by a form with files"
        );
        let fields: String = (0..count).map(|nth| format!("a{nth}:f+")).collect();
        assert_eq!(status(&gate.get(&format!("/graphql?query=%7B{fields}%7D"))), expected, "{count} by GET");
    }
}

#[test]
fn what_clients_usually_ask_for_passes_without_a_setting() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    // What GraphiQL and code generators ask first.
    let introspection = "query IntrospectionQuery { __schema { queryType { name } mutationType { name } types { ...FullType } directives { name args { ...InputValue } } } } \
        fragment FullType on __Type { kind name fields(includeDeprecated: true) { name args { ...InputValue } type { ...TypeRef } } inputFields { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name } possibleTypes { ...TypeRef } } \
        fragment InputValue on __InputValue { name type { ...TypeRef } defaultValue } \
        fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }";
    let aliases: Vec<String> =
        (0..60).map(|nth| format!("repo{nth}: repository(name: \"r{nth}\") {{ stars }}")).collect();
    for document in [introspection.to_owned(), format!("{{ {} }}", aliases.join(" "))] {
        let answer = gate.ask("POST", "/graphql", &[("Content-Type", JSON)], query(&document).as_bytes());
        assert_eq!(status(&answer), 200, "{document}: {:?}", gate.events.all().last());
    }
    let answer = gate.ask("POST", "/graphql", &[("Content-Type", JSON)], query(&log_ins(200)).as_bytes());
    assert_eq!(status(&answer), 400, "two hundred guesses in one request");
}

/// Guesses by GraphQL are log ins like any other, how many stand in one request and whatever path it has.
#[test]
fn log_ins_by_graphql_are_counted_each() {
    let upstream = Recorder::answering(|head| {
        let body = if head.contains("right") {
            r#"{"data":{"login":{"token":"0123456789abcdef"}}}"#
        } else {
            r#"{"data":{"login":null},"errors":[{"message":"wrong password"}]}"#
        };
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    });
    let gate = Running::start("[gateway]\ntrusted_proxies = ['127.0.0.1/32']", &[upstream.url()]);
    let ask = |address: &str, target: &str, body: &str| {
        let headers = [("Content-Type", JSON), ("X-Forwarded-For", address)];
        status(&gate.ask("POST", target, &headers, body.as_bytes()))
    };
    // Six in one are more than five, and so are five after one.
    assert_eq!(ask("192.0.2.1", "/graphql", &query(&log_ins(6))), 429);
    assert_eq!(ask("192.0.2.2", "/api", &query(&log_ins(1))), 200);
    assert_eq!(ask("192.0.2.2", "/api", &query(&log_ins(5))), 429);
    // In the URL, too, beside a body of anything.
    let in_url = format!("/graphql?query={}", log_ins(6).replace(' ', "+").replace('"', "%22"));
    assert_eq!(ask("192.0.2.7", &in_url, "{}"), 429);
    // A right one among wrong ones forgives nothing.
    assert_eq!(ask("192.0.2.3", "/graphql?right", &query(&log_ins(3))), 200);
    assert_eq!(ask("192.0.2.3", "/graphql?right", &query(&log_ins(3))), 429);
    // Guesses one by one, by whatever way.
    for _ in 0..3 {
        assert_eq!(ask("192.0.2.4", "/graphql", &query(&log_ins(1))), 200);
    }
    for _ in 0..2 {
        assert_eq!(ask("192.0.2.4", "/login", r#"{"user":"ann","password":"x"}"#), 200);
    }
    assert_eq!(ask("192.0.2.4", "/graphql", &query(&log_ins(1))), 429);
    assert!(
        gate.events
            .has(&["limit", "5 per 15m by ip counting failures; log ins by GraphQL in this request: 1"])
    );
    // Who logs in rightly, and who asks for other things, waits for nothing.
    let plain = query("mutation { login(user: \"ann\", password: \"x\") { token } }");
    for _ in 0..10 {
        assert_eq!(ask("192.0.2.5", "/graphql?right", &plain), 200);
        assert_eq!(
            ask("192.0.2.6", "/graphql", &query("mutation { addStar(id: 1) { owner { login } } }")),
            200
        );
        assert_eq!(ask("192.0.2.6", "/graphql", &query("mutation { updateLoginSettings(a: 1) { b } }")), 200);
        assert_eq!(ask("192.0.2.6", "/graphql", &query("{ me { lastLogin } }")), 200);
    }
}

/// Nobody has his guesses forgiven by the shape of what he asks for, or hides them.
#[test]
fn guesses_by_graphql_are_not_hidden() {
    const TOKEN: &str = "0123456789abcdef";
    let upstream = Recorder::answering(|head| {
        const JSON_TYPE: &str = "application/json";
        let (kind, body) = match head.split_whitespace().nth(1).unwrap_or_default() {
            "/graphql?right" => (JSON_TYPE, format!(r#"{{"data":{{"login":{{"token":"{TOKEN}"}}}}}}"#)),
            "/graphql?large" => {
                (JSON_TYPE, format!(r#"{{"data":{{"login":null,"e":"{}"}}}}"#, "x".repeat(12 << 20)))
            }
            "/graphql?auth" => (JSON_TYPE, r#"{"data":{"auth":{"login":null}}}"#.to_owned()),
            "/graphql?parts" => {
                let part = "--b\r\nContent-Type: application/json\r\n\r\n{\"data\":{\"login\":{\"token\":null}}}\r\n--b--\r\n";
                ("multipart/mixed; boundary=b", part.to_owned())
            }
            "/graphql?stream" => {
                ("text/event-stream", "event: next\ndata: {\"data\":{\"login\":null}}\n\n".to_owned())
            }
            "/graphql?visitor-wrong" => {
                (JSON_TYPE, r#"{"errors":[{"message":"no"}],"data":{"login":null}}"#.to_owned())
            }
            "/graphql?visitor-right" => {
                (JSON_TYPE, r#"{"data":{"login":{"id":7,"avatar":null}}}"#.to_owned())
            }
            "/graphql?password-right" => (JSON_TYPE, r#"{"data":{"verifyPassword":true}}"#.to_owned()),
            "/graphql?password-wrong" => (JSON_TYPE, r#"{"data":{"verifyPassword":false}}"#.to_owned()),
            // What the client has called a token.
            _ => (JSON_TYPE, r#"{"data":{"login":null,"token":"Mutation"}}"#.to_owned()),
        };
        // Some servers give a session to whoever comes.
        let cookie = if head.contains("?visitor") { "Set-Cookie: sid=0123456789; HttpOnly\r\n" } else { "" };
        format!(
            "HTTP/1.1 200 OK\r\n{cookie}Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    });
    let gate = Running::start("[gateway]\ntrusted_proxies = ['127.0.0.1/32']", &[upstream.url()]);
    let ask = |address: &str, target: &str, body: &str| {
        let headers = [("Content-Type", JSON), ("X-Forwarded-For", address)];
        status(&gate.ask("POST", target, &headers, body.as_bytes()))
    };
    let hash_of =
        |text: &str| Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    const LOG_IN: &str = "login(user: \"ann\", password: \"x\") { token }";
    let stored =
        |hash: &str| format!(r#""extensions":{{"persistedQuery":{{"version":1,"sha256Hash":"{hash}"}}}}"#);
    let registered = |document: &str, hash: &str| {
        format!(r#"{{"query":{},{}}}"#, serde_json::json!(document), stored(hash))
    };
    let aliased = format!("mutation {{ a: {LOG_IN} }}");
    for (nth, target, body) in [
        (1, "/graphql", query(&format!("mutation {{ {LOG_IN} token: __typename }}"))),
        (2, "/graphql", query("mutation { login(user: \"ann\", password: \"x\") { token: __typename } }")),
        (3, "/graphql?large", query(&format!("mutation {{ {LOG_IN} }}"))),
        (4, "/graphql?auth", query(&format!("mutation {{ auth {{ {LOG_IN} }} }}"))),
        (5, "/graphql", registered(&aliased, &hash_of(&aliased).to_uppercase())),
        // An answer in parts, or as a stream, shows nothing; and what the client has said is no token.
        (6, "/graphql?parts", query(&format!("mutation {{ {LOG_IN} }}"))),
        (7, "/graphql?stream", query(&format!("mutation {{ {LOG_IN} }}"))),
        (8, "/graphql?right", query(&format!("mutation {{ login(id: \"{TOKEN}\") {{ token }} }}"))),
        (
            9,
            "/graphql?right",
            query(&format!("mutation {{ login(id: \"\\\\u0030{}\") {{ token }} }}", &TOKEN[1..])),
        ),
        // On the path of a log in, too.
        (10, "/login", query(&aliased)),
        (11, "/graphql/token", query(&format!("mutation {{ {LOG_IN} token: __typename }}"))),
        (12, "/graphql?visitor-wrong", query(&format!("mutation {{ {LOG_IN} }}"))),
        (13, "/graphql?password-wrong", query("mutation { verifyPassword(password: \"x\") }")),
        (14, "/graphql?auth", query("query { login(email: \"a\", password: \"x\") { id } }")),
        (
            15,
            "/graphql?auth",
            format!(
                "{}{}",
                " ".repeat(5000),
                query(&format!("{}mutation {{ {LOG_IN} }}", "\n".repeat(5000)))
            ),
        ),
    ] {
        let address = format!("192.0.2.{nth}");
        let answers: Vec<u16> = (0..6).map(|_| ask(&address, target, &body)).collect();
        assert_eq!(answers, [200, 200, 200, 200, 200, 429], "{body}");
    }
    // Several at once are several on the path of a log in.
    assert_eq!(ask("192.0.2.30", "/login", &query(&log_ins(6))), 429);
    // A log in that is right costs nothing, with a cookie that it is given; neither does a right password.
    for (nth, target, document) in [
        (31, "/graphql?visitor-right", format!("mutation {{ {LOG_IN} }}")),
        (32, "/graphql?password-right", "mutation { verifyPassword(password: \"x\") }".to_owned()),
        // And what is about something else.
        (33, "/graphql", "mutation { createSession(title: \"Yoga\") { id } }".to_owned()),
        (34, "/graphql", "mutation { movePin(pin: 3) { id } }".to_owned()),
    ] {
        let address = format!("192.0.2.{nth}");
        assert_eq!(
            (0..8).map(|_| ask(&address, target, &query(&document))).collect::<Vec<_>>(),
            [200; 8],
            "{document}"
        );
    }
    // Another spelling of the name beside the document does not hide it.
    let spelled = format!("mutation {{ b: {LOG_IN} }}");
    let beside = format!(
        r#"{{"Query":"{{n}}","query":{},{}}}"#,
        serde_json::json!(spelled),
        stored(&hash_of(&spelled))
    );
    assert_eq!(ask("192.0.2.35", "/graphql", &beside), 200);
    let by_hash = format!("{{{}}}", stored(&hash_of(&spelled)));
    assert_eq!(
        (0..6).map(|_| ask("192.0.2.36", "/graphql", &by_hash)).collect::<Vec<_>>(),
        [200, 200, 200, 200, 200, 429]
    );
    // The hash in the URL, and the text in the body.
    let parted = format!("mutation {{ c: {LOG_IN} }}");
    let in_url = format!(
        "/graphql?extensions=%7B%22persistedQuery%22:%7B%22sha256Hash%22:%22{}%22%7D%7D",
        hash_of(&parted)
    );
    assert_eq!(ask("192.0.2.37", &in_url, &query(&parted)), 200);
    assert_eq!(
        (0..6).map(|_| ask("192.0.2.38", &in_url, "{}")).collect::<Vec<_>>(),
        [200, 200, 200, 200, 200, 429]
    );
    // What is refused is not remembered: nobody stored it.
    let refused: String = (0..6).map(|nth| format!("d{nth}: {LOG_IN} ")).collect();
    let refused = format!("mutation {{ {refused} }}");
    assert_eq!(ask("192.0.2.39", "/graphql", &registered(&refused, &hash_of(&refused))), 429);
    assert_eq!(ask("192.0.2.40", "/graphql", &format!("{{{}}}", stored(&hash_of(&refused)))), 200);
    // What was seen once is known by its hash, wherever it is asked for from; another is not.
    let by_hash = format!("{{{},\"variables\":{{\"p\":\"y\"}}}}", stored(&hash_of(&aliased)));
    let answers: Vec<u16> = (0..6).map(|_| ask("192.0.2.20", "/graphql", &by_hash)).collect();
    assert_eq!(answers, [200, 200, 200, 200, 200, 429]);
    // Some servers take an empty text for none.
    let beside = format!("{{\"query\":\"\",{}}}", stored(&hash_of(&aliased)));
    let answers: Vec<u16> = (0..6).map(|_| ask("192.0.2.26", "/graphql", &beside)).collect();
    assert_eq!(answers, [200, 200, 200, 200, 200, 429]);
    let batch = format!("[{}]", [by_hash.as_str(); 6].join(","));
    assert_eq!(ask("192.0.2.21", "/graphql", &batch), 429);
    let in_url = format!(
        "/graphql?extensions=%7B%22persistedQuery%22:%7B%22sha256Hash%22:%22{}%22%7D%7D",
        hash_of(&aliased)
    );
    let answers: Vec<u16> = (0..6).map(|_| ask("192.0.2.22", &in_url, "{}")).collect();
    assert_eq!(answers, [200, 200, 200, 200, 200, 429]);
    // A hash beside another document is none of it: nobody shuts a document of others.
    let home = hash_of("{ home }");
    assert_eq!(ask("192.0.2.25", "/graphql", &registered(&aliased, &home)), 200);
    let other = format!("{{{}}}", stored(&home));
    assert_eq!((0..8).map(|_| ask("192.0.2.23", "/graphql", &other)).collect::<Vec<_>>(), [200; 8]);
    // A right password costs nothing, by a stored document neither.
    let document = format!("mutation {{ {LOG_IN} }}");
    let plain = registered(&document, &hash_of(&document));
    let by_hash = format!("{{{}}}", stored(&hash_of(&document)));
    for _ in 0..8 {
        assert_eq!(ask("192.0.2.24", "/graphql?right", &plain), 200);
        assert_eq!(ask("192.0.2.24", "/graphql?right", &by_hash), 200);
    }
}

/// A form that is too large to be held is judged part by part: its documents are measured, and nobody logs in by one.
#[test]
fn documents_in_large_uploads_are_measured() {
    let upstream = Recorder::plain();
    let gate =
        Running::start("[protocol.graphql]\nintrospection = 'refuse'\nmax_depth = 5", &[upstream.url()]);
    let kind = [("Content-Type", "multipart/form-data; boundary=B")];
    let form = |fields: &[(&str, &str)]| {
        let mut body = Vec::new();
        for (name, text) in fields {
            let head = format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
            body.extend_from_slice(head.as_bytes());
        }
        let head = "--B\r\nContent-Disposition: form-data; name=\"0\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n";
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(b"\x89PNG\r\n\x1a\n");
        body.extend(std::iter::repeat_n(7_u8, 1_300_000));
        body.extend_from_slice(b"\r\n--B--\r\n");
        body
    };
    const MAP: (&str, &str) = ("map", r#"{"0":["variables.file"]}"#);
    let upload = query("mutation($file: Upload!) { upload(file: $file) { id name } }");
    for (target, fields, expected) in [
        ("/graphql", vec![("operations", upload.as_str()), MAP], 200),
        ("/graphql", vec![("query", "mutation { rename(id: 1) { id } }")], 200),
        ("/files", vec![("title", "{ a picture }")], 200),
        ("/graphql", vec![("operations", &query(&log_ins(2))), MAP], 403),
        ("/graphql", vec![MAP, ("operations", &query("{ __schema { types { name } } }"))], 403),
        ("/graphql", vec![("operations", &query("{ a { b { c { d { e { f } } } } } }")), MAP], 403),
        ("/graphql", vec![("operations", "{}"), ("map", r#"{"0":["query"]}"#)], 403),
        ("/graphql?query=%7B__schema%7Btypes%7Bname%7D%7D%7D", vec![("title", "a")], 403),
    ] {
        assert_eq!(status(&gate.ask("POST", target, &kind, &form(&fields))), expected, "{target} {fields:?}");
    }
}

/// A document that servers read differently is read by nobody; what looks odd and is not passes.
#[test]
fn documents_that_servers_read_differently_are_refused() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let many: String = (0..150).map(|nth| format!("a{nth}:user(name:\"x\") ")).collect();
    for (kind, body) in [
        (JSON, query(&format!("{{\u{e9}:user {many}}}"))),
        (JSON, query(&format!("mutation{{q:login(password:\"\"\"x\\\\\"\"\") {many}}}"))),
        (
            JSON,
            query(
                "#\u{2028}{\na:user(name:\"x\ny:1 #\") q:user(name:\"\"\"x\"\"\"\") b:user(name:\"y\" #\n)}",
            ),
        ),
        (JSON, query(r#"{user(name:"\U00000027 OR 1\U0000003d1 --")}"#)),
        ("application/graphql", format!("%7B{}%7D", many.replace(':', "%3A"))),
        (FORM, format!("mutation{{{many}}}")),
        (FORM, format!("query=mutation{{a(x:\"&\") {many}}}")),
        (JSON, query(&format!("type T {{ a: Int }} mutation {{ {many} }}"))),
        (JSON, query(&format!("type T mutation {{ {many} }}"))),
        (
            JSON,
            query(&format!(
                "query A{{user(name:\"\"\"a\"\\\"\"\"\")}} mutation M{{ {many} }} query B{{user(name:\"\"\")}}#\"\"\")}}"
            )),
        ),
        (JSON, query(&format!("query Q{{num(n:[.5])}} mutation M{{ {many} }}"))),
        (JSON, query(&format!("mutationM{{ {many} }}"))),
        (
            "multipart/form-data; boundary=B",
            [("operations", "{}"), ("map", r#"{"0":["query"]}"#), ("0", &format!("mutation{{ {many} }}"))]
                .map(|(name, content)| {
                    format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
                })
                .concat()
                + "--B--\r\n",
        ),
        (
            JSON,
            query(&format!(
                "mutation M {{ {many} }} query Q {{ a(ratio: 1e999) b(id: {}) }}",
                "9".repeat(400)
            )),
        ),
        (JSON, query(&format!("mutation {{ a(ids: [1-2]) {many} }}"))),
        (JSON, query(&format!("mutation {{ . . .on Mutation {{ {many} }} }}"))),
        ("application/graphql", format!("%7B{}%7D", many.replace(' ', "+").replace(':', "%3A"))),
    ] {
        let answer = gate.ask("POST", "/graphql", &[("Content-Type", kind)], body.as_bytes());
        assert_eq!(status(&answer), 400, "{body}");
        assert!(gate.events.has(&["graphql-"]), "{body}");
    }
    for (kind, body) in [
        (
            JSON,
            query(
                "# r\u{e9}sum\u{e9}\n{ user(name: \"Zo\u{eb} \\\"Z\\\" \\u00e9\", b: \"\"\"\n a \"quoted\" word \n\"\"\") { id } }",
            ),
        ),
        (JSON, query("{job=\"api\", city=\"Z\u{fc}rich\"} |= \"a\nb\"")),
        (JSON, query("PREFIX d: <urn:d> SELECT * WHERE { ?s d:name \"\"\"a\nb\"\"\" }")),
        (JSON, query("caf\u{e9} {and} cr\u{e8}me")),
        (FORM, "query=%7Bjob%3D%22api%22%7D&time=1".to_owned()),
        (FORM, "note=%7Ba%7D&b=1".to_owned()),
        (JSON, query("{gr\u{f6}\u{df}e, breite}")),
        (JSON, query(&format!("type errors, and {{a}} \"b\nc\" {}", "\u{e4} ".repeat(40_000)))),
        (FORM, format!("type=page&body={}", "%3Cp%3E%7B%22a%22%0A%7D%C3%A4+".repeat(4_000))),
        (
            JSON,
            query(&format!(
                "{{ {} }}",
                (0..900)
                    .map(|nth| format!(
                        "\n  # \u{e4}\n  f{nth}(a: \"\u{e4}\", b: \"\"\" c\n \"\"\") {{ id }}"
                    ))
                    .collect::<String>()
            )),
        ),
    ] {
        let answer = gate.ask("POST", "/search", &[("Content-Type", kind)], body.as_bytes());
        assert_eq!(status(&answer), 200, "{body}: {:?}", gate.events.all().last());
    }
}
