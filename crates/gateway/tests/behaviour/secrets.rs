//! What is secret by its name reaches neither the events nor the audit log, wherever a request has it.

use serde_json::json;

use crate::support::{Recorder, Running, status};

const KEY: (&str, &str) = ("X-Api-Key", "alice");
const POLICY: &str = "[rate]\nlimits = []\n\
    [[auth.api_key]]\nsubject = 'alice'\nscopes = ['read']\nsha256 = '2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90'\n\
    [[route]]\npath = '/bound'\nbind = { 'query.access_token' = 'sub', 'body./password' = 'sub' }\n\
    [[route]]\npath = '/u/{token}'\nbind = { 'path.token' = 'sub' }\n";
/// A secret, and an attack behind it.
const SECRET: &str = "Zs3cr";
const VALUE: &str = "Zs3cr' UNION SELECT username,password FROM users -- ";
const QUOTED: &str = "Zs3cr%27%20UNION%20SELECT%20username,password%20FROM%20users%20--%20";

/// Target, headers beside the key, and body.
type Written = (String, Vec<(&'static str, String)>, String);

/// Requests that are refused.
fn requests() -> Vec<Written> {
    let of = |kind: &str| vec![("Content-Type", kind.to_owned())];
    let json = |body: serde_json::Value| ("/".to_owned(), of("application/json"), body.to_string());
    let form = |body: String| ("/".to_owned(), of("application/x-www-form-urlencoded"), body);
    let get = |target: String| (target, Vec::new(), String::new());
    let part = |head: &str, content: String| {
        let body =
            format!("--B\r\nContent-Disposition: form-data; name=\"{head}\r\n\r\n{content}\r\n--B--\r\n");
        ("/".to_owned(), of("multipart/form-data; boundary=B"), body)
    };
    let mut all = vec![
        get(format!("/?password={QUOTED}")),
        get(format!("/?access_token={SECRET}&a=%27%20OR%201=1%20--%20")),
        get(format!("/bound?access_token={SECRET}")),
        get(format!("/u/{SECRET}")),
        (
            "/bound?access_token=alice".to_owned(),
            of("application/json"),
            json!({ "password": SECRET }).to_string(),
        ),
        json(json!({ "user": { "password": { "new": VALUE } } })),
        json(json!({ "passwords": [VALUE] })),
        json(json!({ "query": format!("mutation{{login(password:\"{VALUE}\")}}") })),
        json(
            json!({ "query": "mutation($p:String){login(password:$p){a}}", "variables": { "password": VALUE } }),
        ),
        json(json!({ "note": format!("{{\"password\":\"{VALUE}\"}}") })),
        form(format!("password={QUOTED}")),
        form(format!("user[password]={QUOTED}")),
        form(format!("a=1;password={QUOTED}")),
        part("password\"", VALUE.to_owned()),
        part("a\"\r\nContent-Type: application/json", json!({ "password": VALUE }).to_string()),
        ("/".to_owned(), of("application/xml"), format!("<u><password>{VALUE}</password></u>")),
        ("/".to_owned(), of("application/xml"), format!("<u password=\"{VALUE}\"/>")),
        ("/".to_owned(), of("text/plain"), json!({ "password": VALUE }).to_string()),
        ("/".to_owned(), of("text/plain"), format!("password={VALUE}")),
        ("/".to_owned(), Vec::new(), format!("password={QUOTED}")),
        (
            "/".to_owned(),
            vec![("Referer", format!("https://a.example/?access_token={VALUE}"))],
            String::new(),
        ),
        ("/".to_owned(), vec![("Cookie", format!("sid={QUOTED}"))], String::new()),
    ];
    for name in ["passphrase", "pass", "pin", "otp", "cvv", "jwt", "private_key", "privateKey", "sid"] {
        all.push(json(json!({ name: VALUE })));
    }
    all
}

#[test]
fn secrets_reach_neither_events_nor_the_audit_log() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("rules")).unwrap();
    // As the Core Rule Set looks for it, and tells of it.
    let rule = |id: u8, variables: &str| {
        format!(
            "SecRule {variables} \"@rx (?i)union\" \"id:{id},phase:2,deny,log,capture,t:none,t:urlDecodeUni,msg:'SQL',\
             logdata:'Matched Data: %{{TX.0}} found within %{{MATCHED_VAR_NAME}}: %{{MATCHED_VAR}}',severity:CRITICAL\"\n"
        )
    };
    let rules =
        rule(1, "ARGS|ARGS_NAMES|REQUEST_COOKIES|XML:/*|XML://@*|REQUEST_HEADERS") + &rule(2, "REQUEST_BODY");
    std::fs::write(directory.path().join("rules/own.conf"), rules).unwrap();
    let rule_set = format!("[waf]\ndetectors = 'off'\n[waf.crs]\npath = '{}'\n", directory.path().display());
    let upstream = Recorder::plain();
    for policy in [POLICY.to_owned(), POLICY.to_owned() + &rule_set] {
        let gate = Running::start(&policy, &[upstream.url()]);
        for (target, headers, body) in requests() {
            let mut sent = vec![("Accept", "*/*"), ("User-Agent", "curl/8.5.0"), KEY];
            sent.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
            let before = gate.events.all().len();
            let answer = gate.ask("POST", &target, &sent, body.as_bytes());
            let told: Vec<String> = gate.events.all().split_off(before);
            // What comes without a finding has nothing to tell.
            let is_told = told.iter().any(|line| line.contains("\"refused\""));
            assert_eq!(is_told, status(&answer) != 200, "{target} {body}: {told:?}");
            for line in told.iter().filter(|line| !line.contains("\"path\":\"/u/")) {
                assert!(!line.contains(SECRET), "{target} {body}: {line}");
            }
        }
        let all = gate.events.all().concat();
        assert!(all.matches("[redacted]").count() >= 20, "{all}");
    }
}

#[test]
fn what_is_no_secret_is_shown() {
    let upstream = Recorder::plain();
    let gate = Running::start(POLICY, &[upstream.url()]);
    for name in ["shipping", "passenger", "author", "note", "side"] {
        gate.get(&format!("/?{name}=shown%27%20OR%201=1%20--%20"));
        assert!(gate.events.has(&[&format!("\"parameter\":\"{name}\""), "shown' OR 1=1"]), "{name}");
    }
}
