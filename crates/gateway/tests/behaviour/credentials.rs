//! What an operation asks for is asked of every request, and every credential counts as what it is. Beside each attack
//! stands its honest neighbour.

use crate::support::{Recorder, Running, status};

const DOCUMENT: &str = r#"
openapi: 3.1.0
info: { title: schemes, version: "1" }
components:
  securitySchemes:
    bearer: { type: http, scheme: bearer }
    basic: { type: http, scheme: basic }
    oauth: { type: oauth2, flows: {} }
    header: { type: apiKey, in: header, name: X-Key }
    query: { type: apiKey, in: query, name: api_key }
    cookie: { type: apiKey, in: cookie, name: sid }
    tls: { type: mutualTLS }
paths:
  /public: { get: { responses: {} } }
  /optional: { get: { security: [{ bearer: [] }, {}], responses: {} } }
  /bearer: { get: { security: [{ bearer: [] }], responses: {} } }
  /basic: { get: { security: [{ basic: [] }], responses: {} } }
  /header: { get: { security: [{ header: [] }], responses: {} } }
  /query: { get: { security: [{ query: [] }], responses: {} } }
  /cookie: { get: { security: [{ cookie: [] }], responses: {} } }
  /both: { get: { security: [{ basic: [], header: [] }], responses: {} } }
  /either: { get: { security: [{ oauth: [write] }, { header: [] }], responses: {} } }
  /tls: { get: { security: [{ tls: [] }], responses: {} } }
  /users/token: { post: { security: [{ header: [] }], responses: {} } }
  /session: { post: { responses: {} } }
  /methods:
    post: { security: [{ header: [] }], responses: {} }
    delete: { security: [{ bearer: [] }], responses: {} }
"#;

/// The key of alice is `alice`, and allows reading.
const KEYS: &str = "[[auth.api_key]]\nsubject = 'alice'\nscopes = ['read']\nsha256 = '2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90'\n";
/// `{"alg":"HS256"}`, `{"sub":"alice"}`, and a signature.
const SIGNED: &str = "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl";
/// The same with `{"alg":"none"}`, and with `{"alg":"nOnE"}`.
const UNSIGNED: [&str; 9] = [
    "eyJhbGciOiJub25lIn1.eyJzdWIiOiJhbGljZSJ9.",
    "eyJ!hbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.",
    "eyJhbGciOiJub25lIiwieCI6TmFOfQ.eyJzdWIiOiJhbGljZSJ9.",
    "eyJhbGciOiJub25lIiwiYWxnIjoiSFMyNTYifQ.eyJzdWIiOiJhbGljZSJ9.eA",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl",
    "eyJhbGciOiJuT25FIn0=.eyJzdWIiOiJhbGljZSJ9.eA",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.",
];
const BASIC: (&str, &str) = ("Authorization", "Basic YWxpY2U6c2VjcmV0");

fn gate(upstream: &Recorder, policy: &str) -> (Running, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("api.yaml"), DOCUMENT).unwrap();
    let file = directory.path().join("doorward.toml");
    std::fs::write(&file, format!("[gateway]\nopenapi = 'api.yaml'\n[rate]\nlimits = []\n{policy}")).unwrap();
    (Running::from_file(&file, &[upstream.url()]), directory)
}

#[test]
fn a_declared_credential_is_asked_for_where_nobody_verifies_it() {
    let upstream = Recorder::plain();
    let (gate, _directory) = gate(&upstream, "");
    let bearer = ("Authorization", SIGNED);
    let (key, session) = (("X-Key", "k"), ("Cookie", "a=1; sid=7"));
    for (target, headers, expected) in [
        ("/public", &[][..], 200),
        ("/optional", &[], 200),
        ("/bearer", &[], 401),
        ("/bearer", &[bearer], 200),
        ("/bearer", &[("Authorization", "Bearer ")], 401),
        ("/bearer", &[BASIC], 401),
        ("/bearer", &[key], 401),
        ("/Bearer", &[], 404),
        ("/basic", &[], 401),
        ("/basic", &[BASIC], 200),
        ("/basic", &[bearer], 401),
        ("/header", &[bearer], 401),
        ("/header", &[key], 200),
        ("/query", &[key], 401),
        ("/query?api_key=", &[], 401),
        ("/query?api_key=k", &[], 200),
        ("/cookie", &[("Cookie", "a=1")], 401),
        ("/cookie", &[session], 200),
        ("/both", &[key], 401),
        ("/both", &[key, BASIC], 200),
        ("/either", &[], 401),
        ("/either", &[key], 200),
        ("/either", &[bearer], 200),
        ("/tls", &[bearer], 401),
    ] {
        assert_eq!(status(&gate.ask("GET", target, headers, b"")), expected, "{target} {headers:?}");
    }
    upstream.take();
    gate.get("/query?api_key=k&other=1");
    assert!(upstream.take().starts_with("GET /query?api_key=k "), "a declared key is not stripped");
    assert!(gate.events.has(&["no-credential", "X-Key"]), "the event names what is asked for");
}

#[test]
fn a_token_that_nobody_signed_never_passes() {
    let upstream = Recorder::plain();
    let (documented, _directory) = gate(&upstream, "");
    let bare = Running::start("", &[upstream.url()]);
    for token in UNSIGNED {
        for gate in [&documented, &bare] {
            for (name, value) in [
                ("Authorization", format!("Bearer {token}")),
                ("Authorization", format!("bearer\t{token}")),
                ("Authorization", token.to_owned()),
                ("Authorization", format!("JWT {token}")),
                ("Cookie", format!("a=1; session={token}")),
                ("Cookie", format!("session=%65{}", token.trim_start_matches('e'))),
                ("Cookie", format!("session=Bearer%20{token}")),
                ("Cookie", format!("session=j:\"{token}\"")),
            ] {
                assert_eq!(
                    status(&gate.ask("GET", "/public", &[(name, &value)], b"")),
                    401,
                    "{name}: {value}"
                );
            }
            for name in [
                "access_token",
                "access.token",
                "access_token[]",
                "Access_Token",
                "access%5Ftoken",
                "access%20token",
            ] {
                assert_eq!(status(&gate.get(&format!("/public?{name}={token}"))), 401, "{name}");
            }
        }
    }
    assert_eq!(upstream.take(), "");
    for (name, value) in [
        ("Authorization", SIGNED),
        ("Authorization", "Bearer opaque.token."),
        ("Cookie", "session=eyJhIjoxfQ.eyJiIjoyfQ."),
        ("Cookie", "a=1.2.; b=eyJhbGciOiJub25lIn0"),
    ] {
        assert_eq!(status(&bare.ask("GET", "/public", &[(name, value)], b"")), 200, "{name}: {value}");
    }
}

#[test]
fn a_credential_that_the_gate_knows_counts_as_what_it_is() {
    let upstream = Recorder::plain();
    let policy = format!("[auth]\napi_key_header = 'X-Key'\n{KEYS}");
    let (gate, _directory) = gate(&upstream, &policy);
    let key = ("X-Key", "alice");
    for (target, headers, expected) in [
        ("/header", &[key][..], 200),
        ("/header", &[("X-Key", "mallory")], 401),
        ("/query?api_key=alice", &[], 200),
        ("/query?api_key=mallory", &[], 401),
        ("/query?api_key=alice&api_key=alice", &[], 401),
        ("/query", &[key], 401),
        // Only the API knows its own sessions and passwords.
        ("/cookie", &[("Cookie", "sid=7")], 200),
        ("/basic", &[BASIC], 200),
        ("/basic", &[key], 401),
        ("/bearer", &[key], 401),
        ("/both", &[BASIC, key], 200),
        ("/both", &[BASIC, ("X-Key", "mallory")], 401),
        ("/either", &[key], 200),
        ("/public", &[key], 200),
        // Only the API knows its own tokens, where no issuer is configured.
        ("/bearer", &[("Authorization", SIGNED)], 200),
        ("/either", &[("Authorization", SIGNED)], 200),
    ] {
        assert_eq!(status(&gate.ask("GET", target, headers, b"")), expected, "{target} {headers:?}");
    }
    // A login asks for what it declares, and what does not hold is taken away there.
    for (target, key, expected) in
        [("/users/token", "alice", 200), ("/users/token", "mallory", 401), ("/session", "mallory", 200)]
    {
        let headers = [("X-Key", key), ("Content-Type", "application/json")];
        upstream.take();
        assert_eq!(status(&gate.ask("POST", target, &headers, b"{}")), expected, "{target} {key}");
        assert!(!upstream.take().contains("mallory"), "{target}");
    }
    for (authorization, is_kept) in
        [("Basic YWxpY2U6c2VjcmV0", true), ("opaque-token", false), ("JWT x", false)]
    {
        let headers = [("Authorization", authorization), ("Content-Type", "application/json")];
        upstream.take();
        gate.ask("POST", "/session", &headers, b"{}");
        assert_eq!(upstream.take().contains(authorization), is_kept, "{authorization}");
    }
    // A reading with another method asks for its own credential.
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(status(&gate.ask("POST", "/methods", &[key, form], b"a=1")), 200);
    assert_eq!(status(&gate.ask("POST", "/methods", &[key, form], b"_method=DELETE")), 401);
    upstream.take();
    gate.ask("GET", "/basic", &[BASIC], b"");
    assert!(upstream.take().contains("Basic YWxpY2U6c2VjcmV0"), "the API verifies it");
    gate.ask("GET", "/public", &[BASIC], b"");
    assert!(!upstream.take().contains("Basic"), "nobody has asked for it");
}

#[test]
fn a_session_that_some_server_reads_is_taken_away_when_nobody_has_verified_it() {
    let upstream = Recorder::plain();
    let gate = Running::start(&format!("[auth]\ncookie = 'session'\n{KEYS}"), &[upstream.url()]);
    for cookie in [
        "session=forged",
        "a session = forged",
        "a=b session = forged",
        "a=b session=forged",
        "%73ession=forged",
        "session[a]=forged",
        "a=1,session=forged",
        "Session=forged",
    ] {
        assert_eq!(status(&gate.ask("GET", "/x", &[("Cookie", cookie)], b"")), 200, "{cookie}");
        assert!(!upstream.take().contains("forged"), "{cookie}");
    }
    for cookie in ["sessions=kept", "a=session kept", "a=my session, kept"] {
        gate.ask("GET", "/x", &[("Cookie", cookie)], b"");
        assert!(upstream.take().contains("kept"), "{cookie}");
    }
}
