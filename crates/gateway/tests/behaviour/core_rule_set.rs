//! The OWASP Core Rule Set behind the injection door: from `CRS_DIR`, from beside the clone, or from Debian's package.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::support::{Recorder, Running, status, until};

/// Where the rule set is; said to be left out when it is nowhere, and an error in CI.
fn rule_set() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/crs");
    let candidates = [
        std::env::var_os("CRS_DIR").map(PathBuf::from),
        Some(beside),
        Some("/usr/share/modsecurity-crs".into()),
    ];
    let found = candidates.into_iter().flatten().find(|directory| directory.join("rules").is_dir());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no core rule set: set CRS_DIR or install modsecurity-crs");
        eprintln!("left out: no core rule set (CRS_DIR, ../shared/crs, modsecurity-crs)");
    }
    found
}

#[test]
fn attacks_are_refused_and_what_apis_do_is_not() {
    let Some(directory) = rule_set() else { return };
    let upstream = Recorder::plain();
    let policy = format!(
        "[rate]\nlimits = []\n[injection]\ndetectors = {{ scanner = 'off' }}\n[[route]]\npath = '/upload'\nbody = 'stream'\n[waf.crs]\npath = '{}'",
        directory.display()
    );
    let gate = Running::start(&policy, &[upstream.url()]);
    let accept = ("Accept", "*/*");
    for (method, target, agent, body) in [
        ("GET", "/", "sqlmap/1.7", ""),
        ("POST", "/upload", "sqlmap/1.7", "streamed"),
        ("GET", "/?page=php://filter/convert.base64-encode/resource=index", "t", ""),
        ("GET", "/ping/$(whoami)", "t", ""),
        ("POST", "/", "t", r#"{"a":{"b":["<?php system($_GET['c']); ?>"]}}"#),
    ] {
        let headers = [accept, ("User-Agent", agent), ("Content-Type", "application/json")];
        let answer = gate.ask(method, target, &headers, body.as_bytes());
        assert_eq!(status(&answer), 403, "{method} {target} {body}: {answer}");
        assert_eq!(upstream.take(), "", "{method} {target} {body}");
    }
    assert!(gate.events.has(&["\"rule\":\"crs\"", "refused", "9131"]), "{:?}", gate.events.all());
    for (method, target, kind, body) in [
        ("GET", "/api/orders?page=2&sort=-created_at", "", ""),
        ("PUT", "/api/orders/7", "application/json", r#"{"note":"I'd like two, please","quantity":2}"#),
        ("PATCH", "/api/orders/7", "application/merge-patch+json", r#"{"note":null}"#),
        ("DELETE", "/api/orders/7", "", ""),
        ("POST", "/api/events", "application/cloudevents+json", r#"{"id":"a1","data":[1,2.5,true,null]}"#),
    ] {
        let headers = [accept, ("User-Agent", "curl/8.5.0"), ("Content-Type", kind)];
        let answer = gate.ask(method, target, &headers, body.as_bytes());
        assert_eq!(status(&answer), 200, "{method} {target} {body}: {answer} {:?}", gate.events.all().last());
    }
}

/// A body in every place where the rule engine has no reader of its own, and bodies and queries of APIs that look odd to
/// rules for websites.
#[test]
fn the_rules_judge_what_the_gate_reads_and_no_more() {
    let Some(directory) = rule_set() else { return };
    let upstream = Recorder::plain();
    let policy = format!(
        "[rate]\nlimits = []\n[waf]\ndetectors = 'off'\n[[route]]\npath = '/doc'\nexempt = ['src']\n[waf.crs]\npath = '{}'",
        directory.display()
    );
    let gate = Running::start(&policy, &[upstream.url()]);
    let ask = |target: &str, kind: &str, body: &[u8]| {
        let mut headers = vec![("Accept", "*/*"), ("User-Agent", "curl/8.5.0")];
        headers.extend(Some(("Content-Type", kind)).filter(|_| !kind.is_empty()));
        let answer = gate.ask("POST", target, &headers, body);
        let told = gate.events.all().pop();
        (status(&answer), format!("{target} {kind} {}: {told:?}", String::from_utf8_lossy(body)))
    };
    let sql = "1' UNION SELECT username,password FROM users -- ";
    let escaped: String = sql.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let references: String = sql.chars().map(|c| format!("&#{};", u32::from(c))).collect();
    let part = |head: &str, content: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"a\"{head}\r\n\r\n{content}\r\n--B--\r\n")
    };
    let (multipart, json) = ("multipart/form-data; boundary=B", format!("{{\"a\":\"{escaped}\"}}"));
    for (target, kind, body) in [
        ("/", "text/plain", sql.to_owned()),
        ("/", "text/plain", format!("<a>{references}</a>")),
        ("/", "text/plain", json.clone()),
        ("/", "", json.clone()),
        ("/", "", "a=1%27%20UNION%20SELECT%20username,password%20FROM%20users--%20".to_owned()),
        ("/", "application/octet-stream", json.clone()),
        ("/", "application/x-www-form-urlencoded", json.clone()),
        ("/", "text/csv", format!("a,b\n1,{sql}\n")),
        ("/", "application/x-ndjson", format!("{{\"a\":1}}\n{{\"a\":\"{sql}\"}}\n")),
        ("/", "application/yaml", format!("a: \"{sql}\"\n")),
        ("/", multipart, part("; filename=\"blob\"", sql)),
        ("/", multipart, part("; filename=\"blob\"\r\nContent-Type: application/json", &json)),
        ("/", multipart, part("\r\nContent-Type: application/json", &json)),
        (
            "/",
            "multipart/related; boundary=B",
            format!("--B\r\nContent-Type: application/json\r\n\r\n{json}\r\n--B--\r\n"),
        ),
        (
            "/",
            "application/json",
            format!(r#"{{"query":"{{u(n:\"{}\"){{id}}}}"}}"#, escaped.replace('\\', "\\\\")),
        ),
        ("/", "application/graphql", format!("{{u(n:\"{escaped}\"){{id}}}}")),
        (
            "/",
            "application/x-www-form-urlencoded",
            "a=1%27+UNION+&a=SELECT+username&a=password+FROM+users--+".to_owned(),
        ),
        (
            "/",
            "application/x-www-form-urlencoded",
            "b=1;a=1'+UNION+SELECT+username,password+FROM+users--+".to_owned(),
        ),
        ("/?a=1%27%20UNION%20&a=SELECT%20username&a=password%20FROM%20users--%20", "", String::new()),
        ("/?b=1;a=1%27%20UNION%20SELECT%20username,password%20FROM%20users--%20", "", String::new()),
        ("/doc", "application/json", format!("{{\"a.src\":\"{sql}\"}}")),
        ("/doc", "application/json", format!("{{\"src\":{{\"a\":\"{sql}\"}}}}")),
        (
            "/doc",
            "application/x-www-form-urlencoded",
            "json.src=1'+UNION+SELECT+username,password+FROM+users--+".to_owned(),
        ),
    ] {
        let (status, told) = ask(target, kind, body.as_bytes());
        assert_eq!(status, 403, "{told}");
        assert_eq!(upstream.take(), "", "{told}");
    }
    let noise: Vec<u8> = (0..5000u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[1]).collect();
    let pdf = [&b"%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\n"[..], &b"\xe2\xe3\xcf\xd3\0"[..]].concat();
    let quoted = format!("{{\"src\":\"{sql}\",\"a\":[{{\"src\":[\"{sql}\"]}}]}}");
    for (target, kind, body) in [
        ("/", "text/plain", &b"line one\nline two\n"[..]),
        ("/", "text/plain", b"Dear all,\r\n\r\nit's 5% off & more = better.\r\n"),
        ("/", "text/csv", b"a,b\n1,2\n"),
        ("/", "application/x-ndjson", b"{\"a\":1}\n{\"a\":2}\n"),
        ("/", "application/octet-stream", &noise),
        ("/", "application/octet-stream", b"\x01\x02\n\x80\x81\r\n\xff\0"),
        ("/", "application/pdf", &pdf),
        ("/", "application/graphql", b"query {\n  a {\n    b\n  }\n}\n"),
        ("/", "application/grpc-web", b"\0\0\0\0\x0a\x0a\x08hello\nyo"),
        ("/", "application/scim+json", br#"{"userName":"x"}"#),
        ("/", "application/cbor", b"\xa1\x61a\x01"),
        ("/", "application/msgpack", b"\x81\xa1a\x01"),
        ("/", "application/x-protobuf", b"\x0a\x05hello\x10\x01"),
        ("/", "application/yaml", b"a: 1\nb:\n  - c\n"),
        ("/", "text/calendar", b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"),
        ("/", "image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xff\xff\xff\0\0\xff"),
        ("/", "", b"{\n  \"phone\": \"+49 30 1234\",\n  \"share\": \"5%\"\n}\n"),
        ("/", "", b"a=1&b=two"),
        (
            "/Products?$filter=Price%20gt%205&$top=5&$count=true&$orderby=Name&$expand=Supplier&$select=Name",
            "",
            b"",
        ),
        ("/doc", "application/json", quoted.as_bytes()),
    ] {
        let (status, told) = ask(target, kind, body);
        assert_eq!(status, 200, "{told}");
        upstream.take();
    }
}

#[test]
fn what_an_answer_gives_away_is_refused_and_told_as_modsecurity_tells_it() {
    let Some(directory) = rule_set() else { return };
    let leaking = Recorder::start(
        "HTTP/1.1 200 Oops\r\nContent-Type: text/html\r\nContent-Length: 78\r\n\r\n\
         You have an error in your SQL syntax; check the manual near 'x' MySQL Driver  ",
    );
    let plain = Recorder::plain();
    let policy = format!("[rate]\nlimits = []\n[waf.crs]\npath = '{}'\n", directory.display());
    let gate = Running::start(&policy, &[leaking.url()]);
    let headers = [("Accept", "*/*"), ("Authorization", "Bearer of-a-secret")];
    let answer = gate.ask("GET", "/orders?token=hidden", &headers, b"");
    assert_eq!(status(&answer), 403, "{answer}");
    assert!(!answer.contains("SQL syntax"), "{answer}");
    let entry = gate.events.all().into_iter().find(|line| line.starts_with("{\"transaction\""));
    let entry = entry.unwrap_or_else(|| panic!("no entry of the audit log: {:?}", gate.events.all()));
    for part in ["\"client_ip\":\"127.0.0.1\"", "\"ruleId\":\"951", "\"http_code\":403", "token=[redacted]"] {
        assert!(entry.contains(part), "{part}: {entry}");
    }
    assert!(!entry.contains("of-a-secret") && !entry.contains("hidden"), "{entry}");
    // Where answers are not to be judged they pass as they come, as do those that give nothing away.
    let gate = Running::start(&(policy.clone() + "responses = false"), &[leaking.url()]);
    assert_eq!(status(&gate.ask("GET", "/orders", &headers, b"")), 200);
    let gate = Running::start(&policy, &[plain.url()]);
    assert_eq!(status(&gate.ask("GET", "/orders", &headers, b"")), 200);
}

#[test]
fn what_rules_and_detectors_find_adds_up() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("rules")).unwrap();
    let rule = "SecRule ARGS:b \"@streq odd\" \"id:1,phase:2,pass,log,msg:'odd',severity:NOTICE,\
                setvar:tx.blocking_inbound_anomaly_score=+3\"\n";
    std::fs::write(directory.path().join("rules/own.conf"), rule).unwrap();
    let upstream = Recorder::plain();
    let gate =
        Running::start(&format!("[waf.crs]\npath = '{}'", directory.path().display()), &[upstream.url()]);
    let suspect = "a=%3Cmarquee%3Ex%3C/marquee%3E";
    assert_eq!(status(&gate.get(&format!("/?{suspect}"))), 200);
    assert_eq!(status(&gate.get("/?b=odd")), 200);
    assert_eq!(status(&gate.get(&format!("/?{suspect}&b=odd"))), 403);
    // Two of medium confidence are enough by themselves.
    assert_eq!(status(&gate.get(&format!("/?{suspect}&c=%3Cmath%3Ex"))), 403);
}

#[test]
fn records_outlive_the_exchange() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("rules")).unwrap();
    let rules = "SecAction \"id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR},setvar:ip.count=+1,expirevar:ip.count=60\"\n\
                 SecRule IP:count \"@gt 2\" \"id:2,phase:1,deny,status:429,log,msg:'often'\"\n";
    std::fs::write(directory.path().join("rules/own.conf"), rules).unwrap();
    let upstream = Recorder::plain();
    let gate =
        Running::start(&format!("[waf.crs]\npath = '{}'", directory.path().display()), &[upstream.url()]);
    let statuses: Vec<u16> = (0..4).map(|_| status(&gate.get("/"))).collect();
    assert_eq!(statuses, [200, 200, 429, 429]);
}

#[test]
fn a_broken_rule_file_changes_nothing_and_is_told() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("rules")).unwrap();
    let rules = directory.path().join("rules/own.conf");
    let own = |pattern: &str| {
        format!("SecRule ARGS \"@rx {pattern}\" \\\n  \"id:1,phase:2,deny,status:418,msg:'own'\"\n")
    };
    std::fs::write(&rules, own("^magic$")).unwrap();
    let file = directory.path().join("doorward.toml");
    std::fs::write(&file, "[waf.crs]\npath = '.'").unwrap();
    let upstream = Recorder::plain();
    let gate = Running::from_file(&file, &[upstream.url()]);
    assert_eq!(status(&gate.get("/?a=magic")), 418);
    assert_eq!(status(&gate.get("/?a=plain")), 200);
    std::fs::write(&rules, own("(")).unwrap();
    until("the bad rules are refused", || gate.events.has(&["was not reloaded", "own.conf:1:"]));
    assert_eq!(status(&gate.get("/?a=magic")), 418, "the running rules stay");
    std::fs::write(&rules, own("^other$")).unwrap();
    until("the new rules hold", || status(&gate.get("/?a=other")) == 418);
    assert_eq!(status(&gate.get("/?a=magic")), 200);
}

#[test]
fn json_costs_the_rules_in_proportion_to_its_size() {
    let Some(directory) = rule_set() else { return };
    let upstream = Recorder::plain();
    let policy = format!(
        "[rate]\nlimits = []\n[waf]\ndetectors = 'off'\n[waf.crs]\npath = '{}'\n",
        directory.display()
    );
    let gate = Running::start(&policy, &[upstream.url()]);
    let numbers = |count: usize| vec!["1"; count].join(",");
    let long = "a".repeat(20_000);
    let form = |count: usize| vec!["a=1"; count].join("&");
    let attack = "&a=%27%20OR%20%271%27=%271";
    let (json, form_type) = ("application/json", "application/x-www-form-urlencoded");
    for (name, target, kind, body, expected) in [
        // A name of 20 kB for each of 2,000 values.
        ("a long key over many values", "/", json, format!("{{\"{long}\":[{}]}}", numbers(2000)), 400),
        ("a long key over one", "/", json, format!("{{\"{long}\":1}}"), 200),
        ("a long list", "/", json, format!("[{}]", numbers(3000)), 200),
        ("an attack behind a thousand fields", "/", form_type, form(1000) + attack, 400),
        ("a long form", "/", form_type, form(1000), 200),
        (
            "an attack behind a thousand parameters",
            &format!("/?{}{attack}", form(1000)),
            "",
            String::new(),
            400,
        ),
    ] {
        let headers = [("Accept", "*/*"), ("User-Agent", "curl/8.5.0"), ("Content-Type", kind)];
        let answer = gate.ask("POST", target, &headers, body.as_bytes());
        assert_eq!(status(&answer), expected, "{name}: {answer} {:?}", gate.events.all().last());
        assert_eq!(upstream.take().is_empty(), expected != 200, "{name}");
    }
    assert!(gate.events.has(&["crs-arguments", "many times as long", "refused"]));
    assert!(gate.events.has(&["crs-arguments", "the query than SecArgumentsLimit, which is 1000"]));
}

#[test]
fn what_the_rules_found_is_told_though_the_client_has_left() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("rules")).unwrap();
    let rules = "SecRule ARGS:a \"@streq odd\" \"id:1,phase:2,pass,log,auditlog,msg:'odd'\"\n\
                 SecRule RESPONSE_STATUS \"@streq 499\" \"id:2,phase:5,pass,log,auditlog,msg:'left'\"\n";
    std::fs::write(directory.path().join("rules/own.conf"), rules).unwrap();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = format!("http://{}", silent.local_addr().unwrap());
    let gate = Running::start(&format!("[waf.crs]\npath = '{}'", directory.path().display()), &[upstream]);
    let mut client = std::net::TcpStream::connect(gate.address).unwrap();
    client.write_all(b"GET /left?a=odd HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\n\r\n").unwrap();
    let _waited_for = silent.accept().unwrap();
    drop(client);
    until("it is told", || gate.events.has(&["{\"transaction\"", "\"ruleId\":\"1\"", "\"http_code\":499"]));
}
