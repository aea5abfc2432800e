use super::*;
use crate::check::Check;
use crate::finding::Transcript;
use crate::level::Level;
use crate::results::Failure;
use crate::severity::Severity;

const TOOL: Tool<'_> = Tool { name: "doorward", version: "1.2.3" };

#[test]
fn a_log_names_the_tool_each_rule_once_and_every_place() {
    let report = Report {
        findings: vec![
            Finding::new("open", Severity::Error, "anybody may write")
                .at(Location::position("a b.yaml", 2, 3))
                .help("add `security`"),
            Finding::new("open", Severity::Error, "anybody may delete").at(Location::file("a b.yaml")),
            Finding::new("bola", Severity::Warning, "bob reads it")
                .evidence(vec![Transcript { request: "q".into(), answer: "a".into() }]),
        ],
        ..Report::default()
    };
    let log = log(&TOOL, &report);
    for (at, value) in [
        ("/version", json!("2.1.0")),
        ("/runs/0/tool/driver/name", json!("doorward")),
        ("/runs/0/tool/driver/rules/0/id", json!("bola")),
        ("/runs/0/tool/driver/rules/1/id", json!("open")),
        ("/runs/0/tool/driver/rules/1/help/text", json!("add `security`")),
        ("/runs/0/invocations", json!([{ "executionSuccessful": true }])),
        ("/runs/0/results/0/ruleIndex", json!(1)),
        ("/runs/0/results/0/message/text", json!("anybody may write: add `security`")),
        (
            "/runs/0/results/0/locations",
            json!([{ "physicalLocation": {
                "artifactLocation": { "uri": "a%20b.yaml" },
                "region": { "startLine": 2, "startColumn": 3 } } }]),
        ),
        (
            "/runs/0/results/1/locations",
            json!([{ "physicalLocation": { "artifactLocation": { "uri": "a%20b.yaml" } } }]),
        ),
        (
            "/runs/0/results/2/properties",
            json!({ "level": "medium", "evidence": [{ "request": "q", "answer": "a" }] }),
        ),
    ] {
        assert_eq!(log.pointer(at), Some(&value), "{at}");
    }
    assert_eq!(log.pointer("/runs/0/tool/driver/rules/2"), None);
    assert_eq!(log.pointer("/runs/0/results/2/locations"), None);
}

#[test]
fn a_rule_has_the_worst_level_of_its_findings_and_their_tags_once() {
    let finding = |level| {
        Finding::new("sql", Severity::Error, "m")
            .rated(level)
            .references(["CWE-89", "API8:2023"])
            .tags(["sql"])
    };
    let report = Report {
        findings: vec![
            finding(Level::Low).mend_in_code("bind").mend_at_gate("enforce `injection`"),
            finding(Level::Critical),
            Finding::new("note", Severity::Note, "m"),
        ],
        checks: vec![Check::new("sql", Verdict::Open, "it grew").category("sql").thought("Will it run?")],
        ..Report::default()
    };
    let log = log(&TOOL, &report);
    assert_eq!(
        log["runs"][0]["tool"]["driver"]["rules"],
        json!([
            { "id": "note", "shortDescription": { "text": "note" }, "properties": { "tags": ["security"] } },
            { "id": "sql", "shortDescription": { "text": "Will it run?" },
              "help": { "text": "In the code: bind\n\nAt the gate: enforce `injection`" },
              "helpUri": "https://cwe.mitre.org/data/definitions/89.html",
              "properties": {
                  "tags": ["security", "external/cwe/cwe-089", "external/owasp/api8:2023", "sql"],
                  "security-severity": "9.5" } },
        ])
    );
}

#[test]
fn checks_that_could_not_run_make_the_run_unsuccessful_and_those_not_tried_are_notes() {
    let failure = Failure { check: "sql-union".into(), reason: "no answer in time".into() };
    let report = Report {
        failures: vec![failure],
        checks: vec![
            Check::new("cors", Verdict::NotTried, "no login"),
            Check::new("odd", Verdict::Unknown, "two answers"),
            Check::new("held", Verdict::Shut, "403"),
        ],
        ..Report::default()
    };
    let note = |check, level, text| json!({ "associatedRule": { "id": check }, "level": level, "message": { "text": text } });
    let log = log(&TOOL, &report);
    assert_eq!(
        log["runs"][0]["invocations"],
        json!([{
            "executionSuccessful": false,
            "toolExecutionNotifications": [
                note("sql-union", "error", "no answer in time"),
                note("odd", "error", "two answers"),
                note("cors", "note", "could not be tried: no login"),
            ],
        }])
    );
    assert_eq!(
        log["runs"][0]["properties"]["counts"],
        json!({ "open": 0, "shut": 1, "not_tried": 1, "unknown": 1 })
    );
}

#[test]
fn findings_without_a_place_are_tied_to_the_artifact() {
    let report = Report {
        findings: vec![Finding::new("r", Severity::Error, "see [this](1)").about("GET /users/{id}")],
        artifact: Some("api.yaml".into()),
        ..Report::default()
    };
    let log = log(&TOOL, &report);
    assert_eq!(
        log["runs"][0]["results"][0]["locations"],
        json!([{ "physicalLocation": { "artifactLocation": { "uri": "api.yaml" } },
                 "logicalLocations": [{ "fullyQualifiedName": "GET /users/{id}" }] }])
    );
    assert_eq!(log["runs"][0]["results"][0]["message"]["text"], "see [this] (1)");
}
