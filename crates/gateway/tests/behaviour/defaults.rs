//! Defaults: what attacks is refused; what is only unusual passes and is told once, with the setting.

use crate::support::{Recorder, Running, raw, status};

fn count(gate: &Running, words: &[&str]) -> usize {
    let is_one = |line: &String| words.iter().all(|word| line.contains(word));
    gate.events.all().iter().filter(|line| is_one(line)).count()
}

#[test]
fn cookies_are_secure_over_tls_only_and_tokens_for_scripts_stay_readable() {
    let upstream = Recorder::start(
        "HTTP/1.1 200 OK\r\nSet-Cookie: session=1; Path=/\r\nSet-Cookie: csrftoken=2\r\nSet-Cookie: mine=3\r\nContent-Length: 0\r\n\r\n",
    );
    let policy = "[gateway]\ntrusted_proxies = ['127.0.0.1/32']\n[cookies]\nscript_readable = ['mine']";
    let gate = Running::start(policy, &[upstream.url()]);
    for (proto, secure) in [("", ""), ("http", ""), ("https", "; Secure")] {
        let answer = gate.ask("GET", "/a", &[("X-Forwarded-Proto", proto)], b"");
        for cookie in [
            format!("set-cookie: session=1; Path=/; HttpOnly{secure}; SameSite=Lax\r\n"),
            format!("set-cookie: csrftoken=2{secure}; SameSite=Lax\r\n"),
            format!("set-cookie: mine=3{secure}; SameSite=Lax\r\n"),
        ] {
            assert!(answer.contains(&cookie), "{proto}: {cookie} is missing: {answer}");
        }
    }
    // Each cookie is told once for the route, with the setting that changes it.
    assert_eq!(count(&gate, &["\"door\":\"cookies\"", "\"session\"", "script_readable"]), 1);
    assert_eq!(count(&gate, &["\"door\":\"cookies\"", "\"rewritten\""]), 3);
    assert!(gate.events.has(&["\"session\"", "trusted_proxies"]), "{:?}", gate.events.all());
}

#[test]
fn a_page_keeps_its_policy_and_the_first_one_without_is_told() {
    let pages = |head: &str| match head.split(' ').nth(1) {
        Some("/own") => "Content-Type: text/html\r\nContent-Security-Policy: script-src 'unsafe-inline'\r\n",
        Some("/data") => "Content-Type: application/json\r\nContent-Security-Policy: script-src *\r\n",
        _ => "Content-Type: text/html; charset=utf-8\r\n",
    };
    let upstream = Recorder::answering(move |head| {
        format!("HTTP/1.1 200 OK\r\n{}Content-Length: 2\r\n\r\n{{}}", pages(head)).into_bytes()
    });
    let ours = "content-security-policy: default-src 'self'\r\n";
    let policy = "[[route]]\npath = '/report'\nhtml = 'report'\n[[route]]\npath = '/off'\nhtml = 'off'";
    let gate = Running::start(policy, &[upstream.url()]);
    for _ in 0..2 {
        assert!(gate.get("/page").contains(ours));
        let own = gate.get("/own");
        assert!(
            own.contains("content-security-policy: script-src 'unsafe-inline'\r\n") && !own.contains(ours)
        );
        assert!(gate.get("/data").contains(ours), "a policy of JSON that protects less is replaced");
        let report = gate.get("/report");
        assert!(report.contains("content-security-policy-report-only: default-src 'self'\r\n"), "{report}");
        assert!(!report.contains(ours) && !gate.get("/off").contains("content-security-policy"));
    }
    let told = ["\"page-without-policy\"", "\"route\":\"*\"", "html = \\\"report\\\""];
    assert_eq!(count(&gate, &told), 1, "{:?}", gate.events.all());
    assert_eq!(count(&gate, &["\"replaced\"", "content-security-policy"]), 1);
}

#[test]
fn a_request_without_an_agent_passes_where_its_caller_is_known() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let ask = |gate: &Running, headers: &str| {
        let text = format!("GET / HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n{headers}\r\n");
        status(&raw(gate.address, text.as_bytes()))
    };
    assert_eq!(ask(&gate, ""), 403);
    assert!(gate.events.has(&["no-user-agent", "refused", "require_user_agent"]));
    for _ in 0..3 {
        assert_eq!(ask(&gate, "Authorization: Bearer opaque-token-of-the-api\r\n"), 200);
    }
    assert_eq!(count(&gate, &["no-user-agent", "reported"]), 1);
    let handshake = "GET / HTTP/1.1\r\nHost: api.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    assert_eq!(status(&raw(gate.address, handshake.as_bytes())), 200);
    let gate = Running::start("[network]\nrequire_user_agent = false", &[upstream.url()]);
    assert_eq!(ask(&gate, ""), 200);
}

#[test]
fn server_errors_of_a_protocol_keep_its_form_and_lose_their_texts() {
    let soap = |namespace: &str, fault: &str| {
        format!(
            "<?xml version='1.0'?><s:Envelope xmlns:s='{namespace}'><s:Body><s:Fault>{fault}</s:Fault></s:Body></s:Envelope>"
        )
    };
    let one = soap(
        "http://schemas.xmlsoap.org/soap/envelope/",
        "<faultcode>s:Client.NotFound</faultcode><faultstring>secret at /srv/app.py</faultstring><detail>secret</detail>",
    );
    let two = soap(
        "http://www.w3.org/2003/05/soap-envelope",
        "<s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text>secret</s:Text></s:Reason>",
    );
    for (kind, body, kept) in [
        ("text/xml; charset=utf-8", one.as_str(), Some("<faultcode>soap:Client.NotFound</faultcode>")),
        ("application/soap+xml", &two, Some("<soap:Value>soap:Sender</soap:Value>")),
        (
            "application/json",
            r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32000,"message":"secret"}}"#,
            Some("\"code\":-32000"),
        ),
        (
            "application/json",
            r#"{"errors":[{"message":"secret","path":["me"]}],"data":null}"#,
            Some("\"path\":[\"me\"]"),
        ),
        ("application/json", r#"{"error":"secret"}"#, None),
        ("text/xml", "<error>secret</error>", None),
        ("text/xml", "<s:Envelope>secret", None),
        ("text/html", "<pre>secret</pre>", None),
    ] {
        let upstream = Recorder::start(
            format!(
                "HTTP/1.1 500 Oops\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
            .leak(),
        );
        let gate = Running::start("", &[upstream.url()]);
        let answer = gate.get("/");
        assert_eq!(status(&answer), 500, "{body}");
        assert!(!answer.contains("secret"), "{answer}");
        match kept {
            Some(kept) => assert!(answer.contains(kept) && answer.contains(kind), "{answer}"),
            None => assert!(answer.contains("application/problem+json"), "{answer}"),
        }
        assert!(gate.events.has(&["server-error", "rewritten"]));
        let gate = Running::start("[doors]\nschema = 'observe'", &[upstream.url()]);
        assert!(gate.get("/").ends_with(body));
    }
    let failed =
        "HTTP/1.1 599 Oops\r\nContent-Type: text/html\r\nContent-Length: 17\r\n\r\n<pre>secret</pre>";
    let upstream = Recorder::start(failed);
    for (policy, shown) in
        [("", "\"title\":\"Server Error\""), ("[schema]\nserver_errors = 'allow'", "<pre>secret</pre>")]
    {
        let gate = Running::start(policy, &[upstream.url()]);
        let answer = gate.get("/report");
        assert_eq!(status(&answer), 599, "{policy}: {answer}");
        assert!(answer.contains(shown), "{policy}: {answer}");
        assert_eq!(gate.events.has(&["server-error"]), policy.is_empty(), "{policy}");
    }
    let busy =
        "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbusy";
    let upstream = Recorder::start(busy);
    let gate = Running::start("", &[upstream.url()]);
    let answer = gate.get("/");
    assert!(answer.contains("retry-after: 7\r\n") && !answer.contains("busy"), "{answer}");
}

/// The statuses of several logins at a path, answered by the API alike.
fn tries(policy: &str, path: &str, answer: &str, body: &str) -> Vec<u16> {
    let upstream = Recorder::start(answer.to_owned().leak());
    let gate = Running::start(policy, &[upstream.url()]);
    let json = ("Content-Type", "application/json");
    (0..7).map(|_| status(&gate.ask("POST", path, &[json], body.as_bytes()))).collect()
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn a_failed_login_is_one_by_what_the_api_answers() {
    let password = r#"{"username":"a","password":"b"}"#;
    let session = "Set-Cookie: session=abc; Path=/\r\n";
    let csrf = "Set-Cookie: csrftoken=abc\r\n";
    let ended = "Set-Cookie: session=; Max-Age=0\r\n";
    for (path, answer, body, is_failure) in [
        ("/login", answer("200 OK", "", r#"{"ok":false}"#), password, true),
        ("/login", answer("200 OK", csrf, r#"{"ok":false}"#), password, true),
        ("/login", answer("200 OK", ended, "{}"), password, true),
        ("/login", answer("200 OK", session, "{}"), password, false),
        ("/login", answer("200 OK", "", r#"{"data":{"access_token":"abcdefgh"}}"#), password, false),
        ("/login", answer("200 OK", "X-Auth-Token: abcdefgh\r\n", "{}"), password, false),
        ("/login", answer("401 Unauthorized", "", "{}"), password, true),
        ("/login", answer("302 Found", "Location: /\r\n", ""), password, false),
        ("/login", answer("204 No Content", "", ""), password, false),
        // A session of something else is no login.
        ("/api/sessions", answer("422 Unprocessable", "", "{}"), r#"{"title":"Yoga"}"#, false),
        ("/api/sessions", answer("422 Unprocessable", "", "{}"), password, true),
        // Clients of a device flow ask in a loop.
        ("/oauth/token", answer("400 Bad Request", "", r#"{"error":"authorization_pending"}"#), "{}", false),
        ("/oauth/token", answer("400 Bad Request", "", r#"{"error":"slow_down"}"#), "{}", false),
        ("/oauth/token", answer("400 Bad Request", "", r#"{"error":"invalid_grant"}"#), "{}", true),
        ("/oauth/token", answer("401 Unauthorized", "", r#"{"error":"invalid_client"}"#), "{}", true),
        ("/token", answer("400 Bad Request", "", r#"{"detail":"wrong"}"#), password, true),
        ("/token", answer("400 Bad Request", "", r#"{"detail":"wrong"}"#), "{}", false),
        ("/token", answer("404 Not Found", "", "{}"), password, false),
    ] {
        let statuses = tries("", path, &answer, body);
        assert_eq!(statuses.contains(&429), is_failure, "{path} {answer} {body}: {statuses:?}");
        assert!(!statuses[..5].contains(&429), "{statuses:?}");
    }
}

#[test]
fn a_route_says_what_a_failure_is() {
    let password = r#"{"username":"a","password":"b"}"#;
    let route = |failure: &str| format!("[[route]]\npath = '/login'\nfailure = {failure}");
    let failed = answer("200 OK", "Set-Cookie: visit=1\r\n", r#"{"status":"fail"}"#);
    let fine = answer("200 OK", "Set-Cookie: visit=1\r\n", r#"{"status":"ok"}"#);
    for (failure, answer, is_failure) in [
        ("{ json = '/status == fail' }", &failed, true),
        ("{ json = '/status == fail' }", &fine, false),
        ("{ json = '/status != ok' }", &failed, true),
        ("{ status = [200] }", &fine, true),
        ("{ status = [401] }", &answer("403 Forbidden", "", "{}"), false),
        ("{ status = [401], json = '/error' }", &answer("403 Forbidden", "", r#"{"error":1}"#), true),
    ] {
        let statuses = tries(&route(failure), "/login", answer, password);
        assert_eq!(statuses.contains(&429), is_failure, "{failure} {answer}: {statuses:?}");
    }
}

#[test]
fn a_limit_tells_when_there_is_room_again() {
    let upstream = Recorder::plain();
    let gate = Running::start("[rate]\nlimits = ['2 per 5 minutes']", &[upstream.url()]);
    for expected in [200, 200, 429] {
        let answer = gate.get("/");
        assert_eq!(status(&answer), expected);
        let value = |name: &str| -> u64 {
            let line = answer.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
            line.trim().parse().unwrap()
        };
        let reset = value("x-ratelimit-reset:");
        // Two of two have to slide out by half, which takes half of the next window.
        let longest = if expected == 429 { 450 } else { 300 };
        assert!((1..=longest).contains(&reset) && value("retry-after:") <= reset, "{answer}");
    }
}
