//! The API, played by a server on this machine.

use std::sync::{Arc, Mutex};

use scan::deps::osv::HyperClient;
use scan::deps::osv::online::{OnlineError, advisories};
use scan::deps::{Ignores, judge};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::{found, read, today, tree};

type Answer = fn(&str, &Value) -> (u16, String);

/// Serves until the test ends; returns the base URL and what was asked.
async fn serve(answer: Answer) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, answer, log.clone()));
        }
    });
    (base, asked)
}

async fn connection(stream: TcpStream, answer: Answer, log: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut request = String::new();
        if stream.read_line(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).await.unwrap();
            if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if header.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let line = request.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
        log.lock().unwrap().push(line.clone());
        let (status, text) = answer(&line, &serde_json::from_slice(&body).unwrap_or_default());
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{text}", text.len());
        stream.get_mut().write_all(head.as_bytes()).await.unwrap();
    }
}

fn record(id: &str) -> String {
    json!({
        "id": id, "summary": "s", "database_specific": { "severity": "HIGH" },
        "affected": [{
            "package": { "ecosystem": "PyPI", "name": "web" },
            "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "0" }, { "fixed": "1.1" }] }],
        }],
    })
    .to_string()
}

fn api(line: &str, body: &Value) -> (u16, String) {
    match line {
        "POST /osv/v1/querybatch" => {
            let answers = body["queries"].as_array().unwrap().iter().map(|query| {
                match (query["package"]["name"].as_str().unwrap(), query["page_token"].as_str()) {
                    ("web", None) => {
                        json!({ "vulns": [{ "id": "PYSEC-1", "modified": "x" }], "next_page_token": "p2" })
                    }
                    ("web", Some("p2")) => {
                        json!({ "vulns": [{ "id": "PYSEC-2" }, { "id": "GONE-1" }, { "id": "../x" }] })
                    }
                    _ => json!({}),
                }
            });
            (200, json!({ "results": answers.collect::<Vec<_>>() }).to_string())
        }
        "GET /osv/v1/vulns/PYSEC-1" => (200, record("PYSEC-1")),
        "GET /osv/v1/vulns/PYSEC-2" => (200, record("PYSEC-2")),
        _ => (404, "{}".to_owned()),
    }
}

#[tokio::test]
async fn packages_are_asked_for_once_and_records_fetched() {
    let (base, asked) = serve(api).await;
    let tree = tree(&[("a/requirements.txt", "web==1.0\nsix==1.0\n"), ("b/requirements.txt", "Web==1.0\n")]);
    let inventory = read(tree.path());
    let client = HyperClient::new(&format!("{base}/osv/")).unwrap();
    let answers = advisories(&client, &inventory.packages).await.unwrap();
    let outcome = judge(&inventory, &answers, &Ignores::default(), today());
    assert_eq!(found(&outcome), ["web 1.0 PYSEC-1", "web 1.0 PYSEC-1", "web 1.0 PYSEC-2", "web 1.0 PYSEC-2"]);
    assert_eq!(outcome.vulnerabilities[0].fixed.as_deref(), Some("1.1"));
    let failures: Vec<&str> = outcome.failures.iter().map(|failure| failure.reason.as_str()).collect();
    assert_eq!(failures.len(), 2, "{failures:?}");
    assert!(failures[0].starts_with("../x: ") && failures[0].contains("is no id"), "{failures:?}");
    assert!(failures[1].starts_with("GONE-1: ") && failures[1].contains("404"), "{failures:?}");
    let mut asked = asked.lock().unwrap().clone();
    asked.sort();
    assert_eq!(
        asked,
        [
            "GET /osv/v1/vulns/GONE-1",
            "GET /osv/v1/vulns/PYSEC-1",
            "GET /osv/v1/vulns/PYSEC-2",
            "POST /osv/v1/querybatch",
            "POST /osv/v1/querybatch",
        ]
    );
}

#[tokio::test]
async fn no_answer_is_an_error_not_a_result() {
    let tree = tree(&[("requirements.txt", "web==1.0\n")]);
    let packages = read(tree.path()).packages;
    let answers: [Answer; 4] = [
        |_, _| (500, "{}".to_owned()),
        |_, _| (200, "<html>".to_owned()),
        |_, _| (200, "{}".to_owned()),
        |_, _| (200, "{\"results\": [{}, {}]}".to_owned()),
    ];
    for (index, answer) in answers.into_iter().enumerate() {
        let (base, _) = serve(answer).await;
        let error = advisories(&HyperClient::new(&base).unwrap(), &packages).await.unwrap_err();
        assert_eq!(matches!(error, OnlineError::Http(_)), index == 0, "{error}");
    }
    let nobody = HyperClient::new("http://127.0.0.1:1").unwrap();
    assert!(matches!(advisories(&nobody, &packages).await, Err(OnlineError::Http(_))));
    for no_url in ["", "api.osv.dev", "ftp://a", "https://user@a", "https://a/?b"] {
        assert!(HyperClient::new(no_url).is_err(), "{no_url}");
    }
}
