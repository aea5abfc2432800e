//! The prober against APIs that ordinary teams might have written: see `apis/README.md`.
//!
//! Each API with holes is attacked as it is, where every hole must be found, and as its hardened twin, where nothing may
//! be; the well-made APIs are attacked, and nothing may be found there.

#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::panic, clippy::indexing_slicing, unreachable_pub)]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use attack::{Account, HttpClient, Options, Surface};
use openapi::{Document, Source};
use report::{Finding, Level, Report, Verdict};

#[path = "apis/classes.rs"]
mod classes;

use classes::{classes_of, is_general};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/apis")
}

/// A running API; it ends with the value.
struct Api {
    child: Child,
    port: u16,
}

impl Drop for Api {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(name: &str, is_hardened: bool) -> Api {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let mut command = Command::new("python3");
    command.arg(folder().join("start.py")).arg(name).args(["--port", &port.to_string()]);
    if is_hardened {
        command.arg("--hardened");
    }
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let api = Api { child, port };
    for _ in 0..300 {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return api;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{name} does not listen");
}

fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\n\r\n")
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.split_once("\r\n\r\n").unwrap().1.to_owned()
}

fn settings(name: &str) -> toml::Table {
    let text = std::fs::read_to_string(folder().join("apis.toml")).unwrap();
    text.parse::<toml::Table>().unwrap()[name].as_table().unwrap().clone()
}

fn account(entry: &toml::Value) -> Account {
    Account::with_password(entry["username"].as_str().unwrap(), entry["password"].as_str().unwrap())
}

fn surface(name: &str, port: u16, settings: &toml::Table) -> Surface {
    let file = |key: &str| settings.get(key).map(|file| folder().join(file.as_str().unwrap()));
    if let Some(path) = file("schema_file") {
        let text = std::fs::read_to_string(path).unwrap();
        return Surface::of_graphql_schema(&text, settings["endpoint"].as_str().unwrap()).unwrap();
    }
    let text = match file("document_file") {
        Some(path) => std::fs::read_to_string(path).unwrap(),
        None => get(port, settings["document"].as_str().unwrap()),
    };
    Surface::of(&Document::parse(&Source::new(name, text), None).unwrap())
}

async fn attack_api(name: &str, is_hardened: bool) -> Report {
    let api = start(name, is_hardened);
    let settings = settings(name);
    let surface = surface(name, api.port, &settings);
    let options = Options {
        accounts: settings["users"].as_array().unwrap().iter().map(account).collect(),
        administrator: settings.get("administrator").map(account),
        ..Options::default()
    };
    let client = HttpClient::new(format!("http://127.0.0.1:{}", api.port).parse().unwrap());
    let began = std::time::Instant::now();
    let (report, summary) = attack::run(&client, &surface, &options, &|_| {}).await;
    eprintln!("{name}, hardened: {is_hardened}, {:.1?}: {summary:#?}", began.elapsed());
    if std::env::var_os("SHOW").is_some() {
        show(&report);
    }
    assert_eq!(summary.ended, None);
    assert_eq!(summary.troubles, [""; 0]);
    report
}

fn show(report: &Report) {
    for check in &report.checks {
        eprintln!("  {:10} {:24} {}", check.verdict.name(), check.name, check.reason);
    }
    for finding in &report.findings {
        eprintln!(
            "  {:8} {}: {}\n           {}",
            finding.level().name(),
            finding.rule,
            finding.message,
            finding.repeat.as_deref().unwrap_or("")
        );
        if std::env::var("SHOW").is_ok_and(|show| show == "all") {
            for seen in &finding.evidence {
                eprintln!(
                    "    > {}\n    < {}",
                    seen.request.replace('\n', "\n    > "),
                    seen.answer.replace('\n', "\n    < ")
                );
            }
        }
    }
}

/// Whether a finding is that hole.
fn is_hole(finding: &Finding, hole: &toml::Value) -> bool {
    let (class, operation) = (hole["class"].as_str().unwrap(), hole["operation"].as_str().unwrap());
    if !classes_of(&finding.rule).contains(&class) {
        return false;
    }
    let subject = finding.subject.as_deref().unwrap_or("");
    let operation = operation.split(" (").next().unwrap();
    if let Some((_, path)) = operation.split_once("$ROOT") {
        return subject.contains(path);
    }
    is_general(class)
        || operation.contains("every ")
        || operation.starts_with("field ")
        || subject.starts_with(operation)
        || operation.starts_with("GET of a path that is not there")
        || operation.starts_with(subject.split(' ').take(2).collect::<Vec<_>>().join(" ").as_str())
}

async fn finds_the_holes(name: &str) {
    let report = attack_api(name, false).await;
    let text = std::fs::read_to_string(folder().join(name).join("holes.toml")).unwrap();
    let holes = text.parse::<toml::Table>().unwrap()["hole"].as_array().unwrap().clone();
    let found = |hole: &toml::Value| report.findings.iter().any(|finding| is_hole(finding, hole));
    let missed: Vec<String> = holes
        .iter()
        .filter(|hole| !found(hole))
        .map(|hole| format!("{} ({}): {}", hole["id"], hole["class"], hole["operation"]))
        .collect();
    let other: Vec<&Finding> =
        report.findings.iter().filter(|finding| !holes.iter().any(|hole| is_hole(finding, hole))).collect();
    eprintln!("{name}: {} of {} found", holes.len() - missed.len(), holes.len());
    for finding in &other {
        eprintln!("  beside the list: {} {}", finding.rule, finding.message);
    }
    // At least 95 of a hundred.
    assert!(missed.len() * 20 <= holes.len(), "missed in {name}: {missed:#?}");
}

async fn finds_nothing(name: &str, is_hardened: bool) {
    let report = attack_api(name, is_hardened).await;
    let findings: Vec<&Finding> =
        report.findings.iter().filter(|finding| finding.level() > Level::Info).collect();
    if !findings.is_empty() {
        show(&report);
    }
    assert!(findings.is_empty(), "{name}: {} findings", findings.len());
    assert!(report.checks.iter().any(|check| check.verdict == Verdict::Shut), "{name}: nothing was tried");
}

macro_rules! apis {
    ($($name:ident: $api:literal, $check:ident($($hardened:literal)?);)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[ignore = "needs the APIs of tests/apis: start.py --install"]
        async fn $name() {
            $check($api $(, $hardened)?).await;
        })*
    };
}

apis! {
    holes_of_fastapi_are_found: "fastapi", finds_the_holes();
    holes_of_express_are_found: "express", finds_the_holes();
    holes_of_graphql_are_found: "graphql", finds_the_holes();
    nothing_is_found_in_the_twin_of_fastapi: "fastapi", finds_nothing(true);
    nothing_is_found_in_the_twin_of_express: "express", finds_nothing(true);
    nothing_is_found_in_the_twin_of_graphql: "graphql", finds_nothing(true);
    nothing_is_found_in_template: "template", finds_nothing(false);
    nothing_is_found_in_snippets: "snippets", finds_nothing(false);
    nothing_is_found_in_flask: "flask", finds_nothing(false);
    nothing_is_found_in_fastify: "fastify", finds_nothing(false);
    nothing_is_found_in_catalogue: "catalogue", finds_nothing(false);
}
