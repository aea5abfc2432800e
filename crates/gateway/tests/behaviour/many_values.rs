//! How many values a body may have: a refusal names the setting, and what clients send in bulk passes.

use crate::readings::FORM;
use crate::support::{Recorder, Running, status};

const KINDS: [&str; 3] = ["application/json", FORM, "application/xml"];

/// A body of so many values.
fn body(kind: &str, values: usize) -> String {
    match kind {
        "application/json" => format!("[{}]", vec!["1"; values].join(",")),
        // A value has four things at most: a line break before it, where it begins, its text, where it ends.
        "application/xml" => format!("<r>{}</r>", "\n<a>1</a>".repeat(values)),
        _ => vec!["a=1"; values].join("&"),
    }
}

#[test]
fn too_many_values_are_told_with_the_setting() {
    let upstream = Recorder::plain();
    for (policy, most) in
        [("[rate]\nlimits = []", 100_000), ("[rate]\nlimits = []\n[protocol]\nmax_members = 1000", 1000)]
    {
        let gate = Running::start(policy, &[upstream.url()]);
        for kind in KINDS {
            // Whatever counts beside the values: a list, a root.
            for (values, expected) in [(most - 10, 200), (most + 10, 413)] {
                let answer = gate.ask("POST", "/a", &[("Content-Type", kind)], body(kind, values).as_bytes());
                assert_eq!(status(&answer), expected, "{kind} {values} {:?}", gate.events.all().last());
                assert_eq!(upstream.take().is_empty(), expected == 413, "{kind} {values}");
            }
        }
        let told = |line: &&String| line.contains("body-too-many-values") && line.contains("max_members");
        assert_eq!(gate.events.all().iter().filter(told).count(), KINDS.len(), "{:?}", gate.events.all());
    }
}

#[test]
fn too_deep_a_body_is_told_with_the_setting() {
    let upstream = Recorder::plain();
    let gate = Running::start("[protocol]\nmax_depth = 10", &[upstream.url()]);
    for (kind, open, close) in [("application/json", "[", "]"), ("application/xml", "<a>", "</a>")] {
        for (depth, expected) in [(9, 200), (12, 400)] {
            let body = open.repeat(depth) + &close.repeat(depth);
            let answer = gate.ask("POST", "/a", &[("Content-Type", kind)], body.as_bytes());
            assert_eq!(status(&answer), expected, "{kind} {depth} {:?}", gate.events.all().last());
        }
    }
    let told = |line: &&String| line.contains("body-unreadable") && line.contains("max_depth");
    assert_eq!(gate.events.all().iter().filter(told).count(), 2, "{:?}", gate.events.all());
}

#[test]
fn five_thousand_documents_pass_at_once() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let documents: Vec<_> = (0..5000)
        .map(|n| serde_json::json!({ "_id": format!("note:{n}"), "_rev": "1-a", "title": "O'Brien & sons", "tags": ["a", "b"], "n": n }))
        .collect();
    let body = serde_json::json!({ "docs": documents, "new_edits": false }).to_string();
    let answer =
        gate.ask("POST", "/notes/_bulk_docs", &[("Content-Type", "application/json")], body.as_bytes());
    assert_eq!(status(&answer), 200, "{:?}", gate.events.all().last());
    assert!(upstream.take().ends_with(&body));
}

#[test]
fn a_name_that_comes_again_and_again_ends_no_process() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    // What only lenient readers take for JSON: kept one in another, its values would be deeper than any stack.
    let again = format!("{{{}\"x\":NaN}}", "\"a\":1,".repeat(90_000));
    let chain: String = (0..6_000).map(|nth| format!("fragment F{nth} on T{{...F{}}}", nth + 1)).collect();
    let chain = serde_json::json!({ "query": format!("{{...F0}}{chain}") }).to_string();
    for (kind, body, expected) in [("text/plain", again, 200), ("application/json", chain, 400)] {
        for method in ["PUT", "POST"] {
            let answer = gate.ask(method, "/a", &[("Content-Type", kind)], body.as_bytes());
            assert_eq!(status(&answer), expected, "{method} {kind}");
        }
    }
    assert_eq!(status(&gate.get("/a")), 200);
}
