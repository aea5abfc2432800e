//! What the prober says of APIs that answer in known ways.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use attack::{AttackReport, HttpClient, Identity, Options, Status, Surface};
use openapi::{Document, Source};

/// An API with something for every attack to try.
const DOCUMENT: &str = include_str!("everything.openapi.yaml");

/// Claims `{"sub":"1"}` and `{"sub":"2"}`, signed with `secret`.
const ALICE: &str =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.8qZF8vbN3UpcanXFc-mPXJkOPN01-bRch8XX3rToP1U";
const BOB: &str =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIyIn0.g7d2rNUyURkjUm-MmuPpPE6-av2up3Cy3QvzkphKB88";

/// A request as a test looks at it.
struct Seen {
    method: String,
    target: String,
}

/// Serves `count` requests, each on a connection of its own, and then listens no more. Returns the URL.
fn serve(count: usize, answer: fn(&Seen) -> String) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().take(count) {
            // A client that goes away early is no failure of the server.
            let _ = stream.and_then(|mut stream| {
                let seen = read(&stream)?;
                stream.write_all(answer(&seen).as_bytes())
            });
        }
    });
    url
}

/// Reads one request with its body.
fn read(stream: &TcpStream) -> std::io::Result<Seen> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line)?;
    let mut words = line.split(' ').map(str::to_owned);
    let seen = Seen { method: words.next().unwrap_or_default(), target: words.next().unwrap_or_default() };
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header == "\r\n" {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    Ok(seen)
}

fn response(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}")
}

fn options() -> Options {
    Options {
        identities: vec![Identity::bearer("alice", ALICE), Identity::bearer("bob", BOB)],
        destructive: true,
        login: Some(("alice".into(), "wonderland".into())),
        ..Options::default()
    }
}

async fn attack(url: &str, options: &Options) -> AttackReport {
    let client = HttpClient::new(url.parse().unwrap());
    attack::run(&client, &surface(DOCUMENT), options, &|_| {}).await
}

fn surface(document: &str) -> Surface {
    Surface::of(&Document::parse(&Source::new("api.yaml", document), None).unwrap())
}

/// Names of the attacks that ended so.
fn ended(report: &AttackReport, status: Status) -> Vec<&'static str> {
    report.with_status(status).map(|result| result.attack).collect()
}

#[tokio::test]
async fn without_an_answer_every_attack_has_failed() {
    let report = attack("http://127.0.0.1:1", &options()).await;
    assert_eq!(ended(&report, Status::Failed).len(), attack::all().count(), "{report:#?}");
    assert_eq!(report.ordinary, report.refused.len());
}

#[tokio::test]
async fn an_api_that_dies_is_never_shown_as_shut_from_then_on() {
    const SECURITY_HEADERS: &str = "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: \
        no-referrer\r\nContent-Security-Policy: default-src 'none'\r\nPermissions-Policy: camera=()\r\n";
    for count in [1, 50, 80, 150] {
        let url = serve(count, |seen| match seen.target.as_str() {
            "/api/login" => response("429 Too Many Requests", "", ""),
            _ => response("403 Forbidden", SECURITY_HEADERS, ""),
        });
        let report = attack(&url, &options()).await;
        let failed = ended(&report, Status::Failed);
        assert!(!failed.is_empty(), "{count}");
        assert_eq!(ended(&report, Status::Exploited), [""; 0], "{count}: {report:#?}");
        // From the first that failed, none is blocked.
        for result in report.results.iter().skip_while(|result| result.verdict.status != Status::Failed) {
            assert_ne!(result.verdict.status, Status::Blocked, "{count}: {}", result.attack);
        }
    }
}

#[tokio::test]
async fn what_lacks_an_account_a_login_or_permission_is_not_applicable_with_its_reason() {
    let with = |identities: &[&str], login: bool, destructive: bool| Options {
        identities: identities.iter().map(|token| Identity::bearer("somebody", token)).collect(),
        login: login.then(|| ("alice".to_owned(), "wonderland".to_owned())),
        destructive,
        ..Options::default()
    };
    for (options, attacks, reason) in [
        (
            with(&[ALICE, BOB], true, false),
            &["sql-stacked", "rate-flood"][..],
            "destroys data or sends thousands of requests; needs --destructive",
        ),
        (
            with(&[ALICE, BOB], false, true),
            &[
                "xss-cookie",
                "refresh-replay",
                "token-after-logout",
                "login-enumeration",
                "waf-no-agent",
                "waf-large-login",
            ],
            "needs a login operation and a password",
        ),
        (
            with(&[ALICE], true, true),
            &[
                "bola-profile",
                "bola-created",
                "bola-neighbours",
                "bola-list",
                "bola-write",
                "bola-delete",
                "bola-batch",
                "bola-nested",
                "bola-graphql",
            ],
            "needs two identities",
        ),
        (
            with(&["opaque", "opaque"], true, true),
            &[
                "token-unsigned",
                "token-weak-secret",
                "token-own-key",
                "token-key-id",
                "token-expired",
                "token-lifetime",
            ],
            "needs a JWT",
        ),
        (
            with(&["opaque", "opaque"], true, true),
            &["bola-neighbours", "bola-list", "bola-nested"],
            "the attacker's token names no subject",
        ),
    ] {
        let report = attack("http://127.0.0.1:1", &options).await;
        let because: Vec<&str> = report
            .with_status(Status::NotApplicable)
            .filter(|result| result.verdict.summary == reason)
            .map(|result| result.attack)
            .collect();
        assert_eq!(because, attacks, "{reason}");
    }
}

#[tokio::test]
async fn an_api_without_operations_has_nothing_to_try() {
    let client = HttpClient::new("http://127.0.0.1:1".parse().unwrap());
    let report = attack::run(&client, &Surface::default(), &options(), &|_| {}).await;
    // These two need no operation.
    assert_eq!(ended(&report, Status::Failed), ["headers-on-errors", "waf-smuggling"]);
    assert_eq!(ended(&report, Status::NotApplicable).len(), attack::all().count() - 2);
}

#[tokio::test]
async fn the_root_is_where_the_url_says_or_else_the_document() {
    let document = DOCUMENT.replacen(
        "paths:",
        "servers: [{ url: \"https://shop.example/v1\" }, { url: /v2 }]\npaths:",
        1,
    );
    let url = serve(usize::MAX, |seen| match seen.target.starts_with("/v1/") {
        true => response("200 OK", "", "{}"),
        false => response("404 Not Found", "", ""),
    });
    let options = Options { doors: vec![attack::GuideDoor::Cors], ..options() };
    for (path, is_served) in [("", true), ("/", true), ("/v1", true), ("/v1/", true), ("/shop", false)] {
        let client = HttpClient::new(format!("{url}{path}").parse().unwrap());
        let report = attack::run(&client, &surface(&document), &options, &|_| {}).await;
        let refused = if is_served { 0 } else { report.ordinary };
        assert_eq!(report.refused.len(), refused, "{path}: {:?}", report.refused);
    }
}

#[tokio::test]
async fn a_control_that_is_not_served_leaves_the_attack_unjudged() {
    // Every GET fails, every write creates an object: nothing can be compared.
    let url = serve(usize::MAX, |seen| match seen.method.as_str() {
        "GET" => response("404 Not Found", "", ""),
        _ => response("201 Created", "", r#"{"id":7,"user_id":1}"#),
    });
    let report = attack(&url, &Options { destructive: false, ..options() }).await;
    for name in ["sql-boolean", "bola-created", "bola-write", "bola-delete", "waf-lookup", "waf-traversal"] {
        let result = report.results.iter().find(|result| result.attack == name).unwrap();
        assert_eq!(result.verdict.status, Status::NotApplicable, "{name}: {}", result.verdict.summary);
    }
}

#[tokio::test]
async fn only_the_chosen_doors_are_tried() {
    for door in attack::GuideDoor::ALL {
        let report = attack("http://127.0.0.1:1", &Options { doors: vec![door], ..options() }).await;
        assert!(report.results.len() >= 3 && report.results.iter().all(|result| result.door == door));
    }
}
