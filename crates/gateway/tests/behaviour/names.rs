//! What a client calls something is judged whatever the policy exempts: `exempt` and `prose` name values, and no setting
//! names names. Beside each attack stands the value that the setting is for.

use serde_json::Value;

use crate::frames::Http2;
use crate::readings::{FORM, MULTIPART};
use crate::support::{Recorder, Running, status, until};

const JSON: &str = "application/json";
const XML: &str = "application/xml";

fn policy(setting: &str, fields: &str) -> String {
    format!("[rate]\nlimits = []\n[injection]\n{setting} = {fields}\n[[route]]\npath = '/s'\nbody = 'stream'")
}

/// The last refusal.
fn refusal(gate: &Running) -> Value {
    let mut lines = gate.events.all().into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    lines.rfind(|line| line["type"] == "event" && line["verdict"] == "refused").unwrap()
}

fn part(name: &str, content: &str) -> String {
    format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n--B--\r\n")
}

#[test]
fn no_setting_that_names_fields_lets_a_name_pass() {
    let upstream = Recorder::plain();
    let operator = |name: &str| format!("the name of {name}");
    // Path, media type, body, and what the event says of the name and of its place.
    let attacks = [
        ("/a", JSON, r#"{"name":{"$ne":""}}"#.to_owned(), "name.$ne", Some("/name/$ne")),
        ("/a", JSON, r#"{"a":[{"name":{"$gt":1}}]}"#.to_owned(), "a.0.name.$gt", Some("/a/0/name/$gt")),
        ("/a", JSON, r#"{"__proto__":{"a":1}}"#.to_owned(), "__proto__", Some("/__proto__")),
        ("/a", FORM, "name[$ne]=1".to_owned(), "name[$ne]", None),
        ("/a", FORM, "__proto__[a]=1".to_owned(), "__proto__[a]", None),
        ("/a", XML, "<r><__proto__>1</__proto__></r>".to_owned(), "__proto__", None),
        ("/a", MULTIPART, part("name[$ne]", "1"), "name[$ne]", None),
        ("/a", MULTIPART, part("__proto__[a]", "1"), "__proto__[a]", None),
        ("/s", JSON, r#"{"name":{"$ne":""}}"#.to_owned(), "$ne", None),
        ("/s", JSON, r#"{"__proto__":{"a":1}}"#.to_owned(), "__proto__", None),
        ("/s", FORM, "name[$ne]=1".to_owned(), "name[$ne]", None),
        ("/s", FORM, "__proto__[a]=1".to_owned(), "__proto__[a]", None),
        ("/s", MULTIPART, part("name[$ne]", "1"), "name[$ne]", None),
    ];
    for setting in ["exempt", "prose"] {
        for fields in [
            "['name']",
            "['member name', 'query name', 'cookie name', 'a stream', 'the name of name.$ne', '$ne', '__proto__']",
        ] {
            let gate = Running::start(&policy(setting, fields), &[upstream.url()]);
            for (path, kind, body, name, pointer) in &attacks {
                let case = format!("{setting} = {fields}: {path} {kind} {body}");
                let answer = gate.ask("POST", path, &[("Content-Type", kind)], body.as_bytes());
                assert_eq!(status(&answer), 403, "{case}");
                let refusal = refusal(&gate);
                let evidence = &refusal["evidence"];
                assert_eq!(evidence["place"], operator(name), "{case}: {refusal}");
                assert_eq!(evidence["pointer"].as_str(), *pointer, "{case}: {refusal}");
                assert_eq!(evidence["parameter"], Value::Null, "{case}: {refusal}");
                let rule = refusal["rule"].as_str().unwrap();
                let setting = format!("detectors = {{ {rule} = \"off\" }}");
                assert!(refusal["allow_with"].as_str().unwrap().ends_with(&setting), "{case}: {refusal}");
                let message = refusal["message"].as_str().unwrap();
                assert!(message.starts_with(&operator(name)), "{case}: {message}");
            }
            for (target, cookie, place) in [
                ("/a?name[$ne]=1", "", "the name of name[$ne] in the query"),
                ("/a?x;name[$ne]=1", "", "the name of x;name[$ne] in the query"),
                ("/a", "name[$ne]=1", "the name of name[$ne] among the cookies"),
            ] {
                assert_eq!(status(&gate.ask("GET", target, &[("Cookie", cookie)], b"")), 403, "{target}");
                assert_eq!(refusal(&gate)["evidence"]["place"], place, "{target} {cookie}");
            }
        }
    }
    assert!(!upstream.take().contains("$ne"));
}

#[test]
fn the_values_that_the_settings_name_pass() {
    let upstream = Recorder::plain();
    for (setting, value) in
        [("exempt", "x' OR 1=1 -- "), ("prose", "I think that select * from users is a statement")]
    {
        let gate = Running::start(&policy(setting, "['name']"), &[upstream.url()]);
        let coded = value.replace(' ', "+").replace('=', "%3D");
        for path in ["/a", "/s"] {
            for (kind, body) in [
                (JSON, serde_json::json!({ "name": value, "$ref": "#/a", "proto": 1 }).to_string()),
                (FORM, format!("name={coded}&a[b]=1")),
                (XML, format!("<r><name>{value}</name></r>")),
                (MULTIPART, part("name", value)),
            ] {
                // What is no form or JSON is judged by its lines where it passes as it comes.
                if path == "/s" && (kind == XML || (kind == JSON && setting == "exempt")) {
                    continue;
                }
                let answer = gate.ask("POST", path, &[("Content-Type", kind)], body.as_bytes());
                assert_eq!(
                    status(&answer),
                    200,
                    "{setting}: {path} {kind} {body} {:?}",
                    gate.events.all().last()
                );
            }
        }
        // Under another name the same is refused.
        if setting == "exempt" {
            let answer =
                gate.ask("POST", "/a", &[("Content-Type", FORM)], format!("other={coded}").as_bytes());
            assert_eq!(status(&answer), 403);
        }
    }
}

#[test]
fn an_attack_that_is_split_over_two_cookie_fields_is_one() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    for (first, second, expected) in [
        ("a=if(1", "sleep(5)", 403),
        ("a=x' or '1", "b='1'='1", 403),
        ("a=1", "b=x' OR 1=1 -- ", 403),
        ("a=if(1", "b=2", 200),
        ("a=sleeping", "b=5", 200),
    ] {
        let text = format!(
            "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nConnection: close\r\nCookie: {first}\r\nCookie: {second}\r\n\r\n"
        );
        let http1 = status(&gate.raw(text.as_bytes()));
        let mut client = Http2::connect(gate.address, 65_535);
        let stream = client.request("GET", "/", &[("cookie", first), ("cookie", second)]);
        let http2 = crate::frames::status(&client.answer(stream).0);
        assert_eq!((http1, http2), (expected, expected), "{first} | {second}");
        let seen = upstream.take();
        assert_eq!(seen.is_empty(), expected == 403, "{first} | {second}: {seen}");
    }
}

#[test]
fn an_event_has_the_place_of_what_was_found() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let before = "a word and another one, ".repeat(40);
    let body =
        serde_json::json!({ "filter": [{ "q": format!("{before}<script>alert(1)</script> and more") }] });
    gate.ask("POST", "/find", &[("Content-Type", JSON)], body.to_string().as_bytes());
    until("it is told", || gate.events.has(&["\"rule\":\"html\""]));
    let event = refusal(&gate);
    let evidence = &event["evidence"];
    assert_eq!(
        (&evidence["parameter"], &evidence["pointer"]),
        (&"q".into(), &"/filter/0/q".into()),
        "{event}"
    );
    let offset = usize::try_from(evidence["offset"].as_u64().unwrap()).unwrap();
    assert!(offset.abs_diff(before.len()) < 20, "{event}");
    assert!(evidence["window"].as_str().unwrap().contains("<script>alert(1)"), "{event}");
    // The path in an event is the one that came, also where it has no reading.
    for path in ["/a/%2e%2e/b", "/a/..;x/b", "/a//../b"] {
        assert_eq!(status(&gate.get(path)), 400, "{path}");
        let event = refusal(&gate);
        assert_eq!((&event["rule"], &event["path"]), (&"path-dot-segment".into(), &path.into()), "{event}");
    }
}

#[test]
fn what_a_reader_takes_for_a_name_is_not_exempt_as_a_value() {
    let upstream = Recorder::plain();
    let gate = Running::start(&policy("exempt", "['name']"), &[upstream.url()]);
    for (pairs, expected) in [
        // Express reads all in front of `]=` as a name.
        ("name=x%27+UNION+SELECT+password+FROM+users+WHERE+%271%27%3D%271%26]=1", 403),
        ("name=x%27+UNION+SELECT+password+FROM+users+WHERE+%271%27%3D%271%5D=1", 403),
        ("name=a[b]=c", 200),
        ("name=[note]=see+below&a[b]=1", 200),
        ("name=x%27+UNION+SELECT+password+FROM+users+WHERE+%271%27%3D%271]", 200),
    ] {
        for (target, body) in [(format!("/a?{pairs}"), ""), ("/a".to_owned(), pairs)] {
            let answer = gate.ask("POST", &target, &[("Content-Type", FORM)], body.as_bytes());
            assert_eq!(status(&answer), expected, "{target} {body}: {:?}", gate.events.all().last());
        }
    }
}
