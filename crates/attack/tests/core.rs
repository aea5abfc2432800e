//! What a run does and does not, against a small API whose every request is looked at.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use attack::{Account, HttpClient, Options, Summary, Surface};
use openapi::{Document, Source};
use report::{Level, Report, Verdict};
use serde_json::{Value, json};

/// What browsers ask for, so that nothing is found where nothing is.
const HEADERS: &str = "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n\
    Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nPermissions-Policy: camera=()\r\n\
    Strict-Transport-Security: max-age=63072000; includeSubDomains\r\nCache-Control: no-store\r\n";

/// A request as a test looks at it.
#[derive(Debug, Clone)]
struct Seen {
    method: String,
    path: String,
    headers: String,
    body: Value,
}

impl Seen {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path.split('?').next().unwrap_or(""))
    }
}

/// A status and a body.
type Answer = (u16, Value);

/// An API, with everything that it was asked.
struct Api {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Api {
    /// Serves so many requests, each on a connection of its own, and then listens no more.
    fn serve(count: usize, answer: impl Fn(&Seen) -> Answer + Send + 'static) -> Api {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().take(count) {
                // A client that goes away early is no failure of the server.
                let _ = stream.and_then(|mut stream| {
                    let seen = read(&stream)?;
                    log.lock().unwrap().push(seen.clone());
                    let (status, body) = answer(&seen);
                    stream.write_all(written(status, &body).as_bytes())
                });
            }
        });
        Api { url, seen }
    }

    async fn attacked(&self, options: Options) -> (Report, Summary) {
        let document = Document::parse(&Source::new("notes.json", document().to_string()), None).unwrap();
        let client = HttpClient::new(self.url.parse().unwrap());
        attack::run(&client, &Surface::of(&document), &options, &|_| {}).await
    }

    fn names(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(Seen::name).collect()
    }
}

fn written(status: u16, body: &Value) -> String {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let wait = if status == 429 { "Retry-After: 1\r\n" } else { "" };
    let length = text.len();
    format!(
        "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\
         {HEADERS}{wait}\r\n{text}"
    )
}

/// Reads one request with its body.
fn read(stream: &TcpStream) -> std::io::Result<Seen> {
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut reader = BufReader::new(stream);
    let (mut line, mut headers, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut line)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header == "\r\n" {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        headers.push_str(&header);
    }
    let mut body = vec![0; length.min(1 << 20)];
    reader.read_exact(&mut body)?;
    Ok(Seen { method, path, headers, body: serde_json::from_slice(&body).unwrap_or_default() })
}

fn document() -> Value {
    let ok = json!({ "200": { "description": "ok" } });
    let text = json!({ "type": "string" });
    let body = |names: &[&str]| {
        let properties: BTreeMap<&str, &Value> = names.iter().map(|name| (*name, &text)).collect();
        let schema = json!({ "type": "object", "required": names, "properties": properties });
        json!({ "content": { "application/json": { "schema": schema } } })
    };
    let id = json!([{ "name": "note_id", "in": "path", "required": true, "schema": { "type": "integer" } }]);
    let query = json!([{ "name": "q", "in": "query", "required": true, "schema": text }]);
    json!({
        "openapi": "3.1.0",
        "info": { "title": "notes", "version": "1" },
        "paths": {
            "/login": { "post": { "requestBody": body(&["username", "password"]), "responses": ok } },
            "/notes": {
                "get": { "responses": ok },
                "post": { "requestBody": body(&["title"]), "responses": ok },
                "delete": { "responses": ok },
            },
            "/notes/{note_id}": {
                "get": { "parameters": id, "responses": ok },
                "delete": { "parameters": id, "responses": ok },
            },
            "/search": { "get": { "parameters": query, "responses": ok } },
            "/admin/reset": { "post": { "responses": ok } },
        },
    })
}

/// Notes with their owners.
type Notes = Arc<Mutex<BTreeMap<u64, String>>>;

/// The notes before the run.
fn notes() -> Notes {
    Arc::new(Mutex::new(BTreeMap::from([
        (1, "alice".to_owned()),
        (2, "bob".to_owned()),
        (3, "eve".to_owned()),
    ])))
}

/// A well-made API: everybody sees and removes what is their own.
fn well_made(notes: &Notes) -> impl Fn(&Seen) -> Answer + Send + 'static {
    let notes = Arc::clone(notes);
    move |seen: &Seen| {
        let mut notes = notes.lock().unwrap();
        let path = seen.path.split('?').next().unwrap_or("");
        if path == "/login" {
            let name = seen.body["username"].as_str().unwrap_or("");
            return match ["alice", "bob"].contains(&name)
                && seen.body["password"] == format!("{name}-password")
            {
                true => (200, json!({ "token": format!("{name}-token") })),
                false => (401, json!({ "error": "no" })),
            };
        }
        let lower = seen.headers.to_ascii_lowercase();
        let of = |name: &&str| lower.contains(&format!("authorization: bearer {name}-token\r\n"));
        let Some(who) = ["alice", "bob"].into_iter().find(of) else {
            return (401, json!({ "error": "who?" }));
        };
        let object = |id: &u64| json!({ "id": id, "owner": who });
        let own = |notes: &BTreeMap<u64, String>| -> Vec<u64> {
            notes.iter().filter(|(_, owner)| *owner == who).map(|(id, _)| *id).collect()
        };
        match (seen.method.as_str(), path) {
            ("GET", "/notes") => (200, own(&notes).iter().map(object).collect()),
            ("POST", "/notes") => {
                if !seen.body["title"].is_string() {
                    return (422, json!({ "error": "a title is a text" }));
                }
                let id = notes.keys().max().copied().unwrap_or(0) + 1;
                notes.insert(id, who.to_owned());
                (201, object(&id))
            }
            ("GET", "/search") => (200, json!([])),
            (method, path) => match path.strip_prefix("/notes/").and_then(|id| id.parse().ok()) {
                Some(id) if notes.get(&id).is_some_and(|owner| owner == who) => match method {
                    "GET" => (200, object(&id)),
                    "DELETE" => {
                        notes.remove(&id);
                        (204, Value::Null)
                    }
                    _ => (405, Value::Null),
                },
                _ => (404, json!({ "error": "not found" })),
            },
        }
    }
}

fn options() -> Options {
    Options {
        accounts: ["alice", "bob"]
            .map(|name| Account::with_password(name, &format!("{name}-password")))
            .into(),
        ..Options::default()
    }
}

fn with_verdict(report: &Report, verdict: Verdict) -> Vec<&str> {
    report.checks.iter().filter(|check| check.verdict == verdict).map(|check| check.name.as_str()).collect()
}

/// What was found, but for what is only worth knowing, and for log ins: these servers do not count them.
fn open(report: &Report) -> Vec<&str> {
    let findings = report
        .findings
        .iter()
        .filter(|finding| finding.level() > Level::Info && finding.rule != "log-in-limit");
    findings.map(|finding| finding.message.as_str()).collect()
}

#[tokio::test]
async fn without_an_answer_every_attack_is_unknown() {
    let api = Api { url: "http://127.0.0.1:1".into(), seen: Arc::default() };
    let (report, summary) = api.attacked(options()).await;
    assert_eq!(report.checks.len(), attack::all().count());
    assert_eq!(with_verdict(&report, Verdict::Unknown).len(), report.checks.len(), "{report:#?}");
    assert_eq!(summary.operations.1, 0);
    assert!(summary.ended.is_some());
}

#[tokio::test]
async fn an_api_that_dies_is_never_shut_from_then_on() {
    let (_, summary) = Api::serve(usize::MAX, well_made(&notes())).attacked(options()).await;
    let all = usize::try_from(summary.requests).unwrap();
    for count in [1, all / 8, all / 4, all / 2, all * 3 / 4] {
        let (report, summary) = Api::serve(count, well_made(&notes())).attacked(options()).await;
        // Where it dies while what was made is removed, the attacks are over, and objects stay.
        assert!(summary.ended.is_some() || summary.left > 0, "{count}");
        let after = report.checks.iter().skip_while(|check| check.verdict != Verdict::Unknown);
        // This one judges the answers that came before.
        let after = after.filter(|check| check.name != "data-exposure");
        let shut: Vec<_> = after.filter(|check| check.verdict == Verdict::Shut).collect();
        assert!(shut.is_empty(), "{count}: {shut:#?}");
        assert_eq!(open(&report), [""; 0], "{count}: {report:#?}");
    }
}

#[tokio::test]
async fn where_nothing_is_served_nothing_could_be_tried() {
    for status in [401, 403, 404, 422, 500] {
        let api = Api::serve(usize::MAX, move |_| (status, json!({ "error": "no" })));
        let (report, summary) = api.attacked(options()).await;
        assert_eq!(with_verdict(&report, Verdict::Shut), [""; 0], "{status}: {report:#?}");
        assert_eq!(open(&report), [""; 0], "{status}: {report:#?}");
        assert_eq!(summary.operations.1, 0);
        assert!(summary.unserved.iter().any(|text| text.contains(&status.to_string())), "{summary:#?}");
        assert!(!summary.troubles.is_empty(), "{summary:#?}");
    }
}

#[tokio::test]
async fn a_budget_and_a_time_limit_end_a_run_that_says_so() {
    let api = Api::serve(usize::MAX, well_made(&notes()));
    let (report, summary) = api.attacked(Options { max_requests: 20, ..options() }).await;
    assert_eq!(summary.ended.as_deref(), Some("the 20 requests of a run are spent"));
    // What was made is removed even so.
    let names = api.names();
    let (spent, after) = names.split_at(20);
    assert!(
        after.iter().all(|name| name.starts_with("DELETE /notes/") || name.starts_with("GET /notes/")),
        "{after:?}"
    );
    assert_eq!(summary.left, 0, "{spent:?}");
    assert!(with_verdict(&report, Verdict::Shut).is_empty());
    let (report, summary) = api.attacked(Options { time_limit: Duration::ZERO, ..options() }).await;
    assert_eq!(summary.ended.as_deref(), Some("the time of a run is over"));
    assert_eq!(with_verdict(&report, Verdict::Unknown).len(), report.checks.len());
}

#[tokio::test]
async fn nothing_is_destroyed_and_what_was_made_is_removed() {
    let all = notes();
    let api = Api::serve(usize::MAX, well_made(&all));
    let (report, summary) = api.attacked(options()).await;
    assert_eq!(open(&report), [""; 0], "{report:#?}");
    assert_eq!(*all.lock().unwrap(), *notes().lock().unwrap(), "{summary:#?}");
    assert_eq!((summary.left, &summary.ended, &summary.troubles), (0, &None, &Vec::new()));
    assert!(!with_verdict(&report, Verdict::Shut).is_empty(), "{report:#?}");
    assert!(summary.ordinary > 0 && summary.refused.is_empty(), "{summary:#?}");
    for name in api.names() {
        assert!(!["POST /admin/reset", "DELETE /notes"].contains(&name.as_str()), "{name}");
    }
}

#[tokio::test]
async fn a_safe_run_only_reads_and_logs_in() {
    let api = Api::serve(usize::MAX, well_made(&notes()));
    let (_, summary) = api.attacked(Options { is_safe: true, ..options() }).await;
    assert_eq!(summary.troubles, [""; 0]);
    let writes: Vec<String> = api
        .names()
        .into_iter()
        .filter(|name| !["GET ", "HEAD ", "OPTIONS ", "TRACE "].iter().any(|m| name.starts_with(m)))
        .collect();
    assert!(writes.iter().all(|name| name == "POST /login"), "{writes:?}");
}

#[tokio::test]
async fn only_what_is_wanted_is_asked() {
    let api = Api::serve(usize::MAX, well_made(&notes()));
    let wanted = Options { only: vec!["/notes".into()], exclude: vec!["DELETE".into()], ..options() };
    let (_, summary) = api.attacked(wanted).await;
    assert_eq!(summary.operations, (3, 3), "{summary:#?}");
    let others: Vec<String> = api.names().into_iter().filter(|name| name.contains("/search")).collect();
    assert_eq!(others, [""; 0]);
}

#[tokio::test]
async fn a_limit_that_says_how_long_is_waited_for() {
    let made = well_made(&notes());
    let count = Mutex::new(0);
    let api = Api::serve(usize::MAX, move |seen| {
        let mut count = count.lock().unwrap();
        *count += 1;
        if *count == 5 { (429, json!({ "error": "slowly" })) } else { made(seen) }
    });
    let (_, summary) = api.attacked(Options { only: vec!["/notes".into()], ..options() }).await;
    assert_eq!(summary.operations.1, 4, "{summary:#?}");
    let names = api.names();
    assert_eq!(names[4], names[5], "{names:?}");
}
