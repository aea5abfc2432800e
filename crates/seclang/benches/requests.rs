//! The cost of the Core Rule Set for ordinary requests: `CRS_DIR=... cargo bench -p seclang`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};

use divan::Bencher;
use seclang::{Phase, RequestHead, RuleSet, Transaction};

fn main() {
    divan::main();
}

// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn rule_set() -> RuleSet {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/crs");
    let candidates = [std::env::var_os("CRS_DIR").map(PathBuf::from), Some(beside)];
    let directory = candidates.into_iter().flatten().find(|d| d.join("rules").is_dir());
    let directory = directory.unwrap_or_else(|| panic!("no core rule set: set CRS_DIR"));
    let text =
        "IncludeOptional crs-setup.conf.example\nIncludeOptional crs-setup.conf\nInclude rules/*.conf\n";
    let rules = RuleSet::parse("bench", text, &directory).unwrap();
    rules.prepare(1);
    rules
}

const HEADERS: [(&[u8], &[u8]); 13] = [
    (b"host", b"api.shop.example"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"),
    (b"accept", b"application/json, text/plain, */*"),
    (b"accept-language", b"en-GB,en;q=0.9,de;q=0.8"),
    (b"accept-encoding", b"gzip, deflate, br"),
    (b"referer", b"https://shop.example/orders?page=2"),
    (b"sec-fetch-dest", b"empty"),
    (b"sec-fetch-mode", b"cors"),
    (b"sec-fetch-site", b"same-site"),
    (b"connection", b"keep-alive"),
    (b"authorization", b"Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.NHVaYe26MbtOYhSKkoKYdFVomg4i8ZJd8_-RU8VNbftc4TSMb4bXP3l3YlNWACwyXPGffz5aXHc6lty1Y2t4SWRqGteragsVdZufDn5BlnJl9pdR_kdVFUsra2rWKEofkZeIC4yWytE58sMIihvo9H1ScmmVwBcQP6XETqYd0aSHp1gOa9RdUPDvoXQ5oqygTqVtxaDr6wUFKrKItgBMzWIdNZ6y7O9E0DhEPTbE9rfBo6KTFsHAZnMg4k68CDp2woYIaXbmYTWcvbzIuHO7_37GT79XdIwkm95QJ7hYC9RiwrV7mesbY4PAahERJawntho0my942XheVLmGwLMBkQ"),
    (b"cookie", b"sid=8f14e45fceea167a5a36dedd4bea2543; theme=dark; lang=en"),
    (b"content-type", b"application/json"),
];

/// A JSON body of a given size; all values differ.
fn body(bytes: usize) -> Vec<u8> {
    let mut body = String::from("{\"items\":[");
    let mut number = 0;
    while body.len() < bytes.saturating_sub(150) {
        let comma = if number == 0 { "" } else { "," };
        body.push_str(&format!(
            "{comma}{{\"id\":{number},\"name\":\"Blue cotton shirt {number}, size M\",\"quantity\":{},\"note\":\"Please leave order {number} at the door, thanks!\",\"email\":\"alice{number}@shop.example\"}}",
            number % 7
        ));
        number += 1;
    }
    body.push_str("],\"total\":12.5}");
    body.into_bytes()
}

fn request(rules: &RuleSet, method: &[u8], body: &[u8]) -> usize {
    let count = if body.is_empty() { 12 } else { 13 };
    let head = RequestHead {
        method,
        target: b"/api/orders?page=2&sort=-created_at&status=open",
        protocol: b"HTTP/1.1",
        headers: &HEADERS[..count],
        client: Some([192, 0, 2, 7].into()),
    };
    let mut transaction = Transaction::new(rules, &head, b"01a20ff2b78486afe5f66003f838b7a2");
    transaction.set("allowed_methods", b"GET POST");
    assert!(transaction.run(Phase::RequestHeaders).is_none());
    transaction.request_body(body);
    assert!(transaction.run(Phase::RequestBody).is_none());
    transaction.matches().len()
}

#[divan::bench(min_time = 1)]
fn get(bencher: Bencher<'_, '_>) {
    let rules = rule_set();
    bencher.bench_local(|| request(&rules, b"GET", b""));
}

#[divan::bench(args = [500, 10_240, 102_400], min_time = 1)]
fn post(bencher: Bencher<'_, '_>, bytes: usize) {
    let (rules, body) = (rule_set(), body(bytes));
    bencher.bench_local(|| request(&rules, b"POST", &body));
}

#[divan::bench]
fn load() -> usize {
    rule_set().len()
}
