//! Whoever is refused finds the setting in the event: with it, and nothing else, the same request passes.

use serde_json::Value;

use crate::support::{Recorder, Running, status};

/// What the last refusal says: its rule, and the setting.
fn last_refusal(gate: &Running) -> (String, Option<String>) {
    let mut lines = gate.events.all().into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let refusal = lines.rfind(|line| line["verdict"] == "refused" && line["type"] == "event").unwrap();
    (refusal["rule"].as_str().unwrap().to_owned(), refusal["allow_with"].as_str().map(str::to_owned))
}

const DOCUMENT: &str = "openapi: 3.1.0
info: { title: t, version: '1' }
paths:
  /notes:
    post:
      requestBody:
        content: { application/json: { schema: { type: object, properties: { text: { type: string } } } } }
      responses: { '200': { description: ok } }
";

/// A credential is asked for everywhere.
const KEY: &str = "[auth]
require = 'required'
[[auth.api_key]]
subject = 'batch'
sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'";

#[test]
fn the_setting_in_the_event_lets_the_request_pass() {
    const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
    const JSON: (&str, &str) = ("Content-Type", "application/json");
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("api.yaml"), DOCUMENT).unwrap();
    let with_document = |more: &str| {
        format!("[gateway]\nopenapi = '{}'\n{more}", directory.path().join("api.yaml").display())
    };
    let long = format!("/?q={}", "a".repeat(9 * 1024));
    let foreign = [("Origin", "https://other.example"), ("Cookie", "session=1"), FORM];
    type Request<'r> = (&'r str, &'r str, &'r [(&'r str, &'r str)], &'r str);
    let cases: &[(&str, String, Request<'_>, &str)] = &[
        ("sql", String::new(), ("GET", "/search?q=%27%20OR%20%271%27=%271", &[], ""), "exempt = [\"q\"]"),
        (
            "sql",
            String::new(),
            ("POST", "/notes", &[JSON], r#"{"text":"' OR '1'='1"}"#),
            "exempt = [\"text\"]",
        ),
        ("nosql", String::new(), ("POST", "/find", &[JSON], r#"{"name":{"$gt":""}}"#), "nosql = \"off\""),
        (
            "no-user-agent",
            String::new(),
            ("GET", "/", &[("User-Agent", "")], ""),
            "require_user_agent = false",
        ),
        ("target-too-long", String::new(), ("GET", &long, &[], ""), "max_target"),
        ("body-unreadable", String::new(), ("POST", "/", &[JSON], "{\"a\":"), "protocol = \"observe\""),
        ("forged", String::new(), ("POST", "/", &foreign, "a=1"), "origins = [\"https://other.example\"]"),
        (
            "address-denied",
            "[network]\ndeny = ['127.0.0.0/8']".into(),
            ("GET", "/", &[], ""),
            "network = \"observe\"",
        ),
        ("no-credential", KEY.into(), ("GET", "/mine", &[], ""), "authentication = \"observe\""),
        ("undeclared-path", with_document(""), ("GET", "/else", &[], ""), "undeclared = \"report\""),
        (
            "unknown-property",
            with_document("[schema]\nunknown_properties = 'refuse'"),
            ("POST", "/notes", &[JSON], r#"{"text":"a","more":1}"#),
            "unknown_properties = \"allow\"",
        ),
    ];
    let upstream = Recorder::plain();
    for (rule, policy, (method, target, headers, body), words) in cases {
        let gate = Running::start(policy, &[upstream.url()]);
        let answer = gate.ask(method, target, headers, body.as_bytes());
        assert!(status(&answer) >= 400, "{rule}: {answer}");
        let (told, setting) = last_refusal(&gate);
        let setting = setting.unwrap_or_else(|| panic!("{rule}: no setting"));
        assert!(told == *rule && setting.contains(words), "{rule}: {told} {setting}");
        let mended = Running::start(&format!("{policy}\n{setting}"), &[upstream.url()]);
        let answer = mended.ask(method, target, headers, body.as_bytes());
        assert_eq!(status(&answer), 200, "{rule}: {setting}: {answer} {:?}", mended.events.all());
    }
}

#[test]
fn what_nothing_allows_has_no_setting() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    for (target, rule) in [("/%2e%2e/etc", "path-dot-segment"), ("/a%00", "target-control-byte")] {
        assert_eq!(status(&gate.get(target)), 400, "{target}");
        assert_eq!(last_refusal(&gate), (rule.to_owned(), None));
    }
    // Observed, it is told, too.
    let gate = Running::start("[doors]\ninjection = 'observe'", &[upstream.url()]);
    gate.get("/?q=%27%20OR%20%271%27=%271");
    assert!(
        gate.events
            .has(&["would-refuse", "\"allow_with\":\"[[route]]\\npath = \\\"/\\\"\\nexempt = [\\\"q\\\"]\""])
    );
}
