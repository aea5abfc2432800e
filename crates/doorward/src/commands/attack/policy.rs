//! The policy that would shut what was found.

use std::collections::BTreeSet;

use report::{Finding, Report};
use serde_json::Value;

/// Members of an answer that say whose it is.
const OWNERS: [&str; 8] =
    ["user_id", "userId", "owner_id", "ownerId", "owner", "author_id", "customer_id", "account_id"];

/// A `doorward.toml` for the findings of a report, in front of `upstream`. What only the reader knows (the issuer of tokens, who
/// owns an object) is a comment.
pub(super) fn draft(report: &Report, upstream: &str, document: Option<&str>) -> String {
    let mut out = String::from(
        "# Drafted by `doorward attack` from what it found. Read it, and say what is in the comments.\n\n",
    );
    out += &format!("[gateway]\nupstream = [{}]\n", quoted(upstream));
    if let Some(document) = document {
        out += &format!("openapi = {}\n", quoted(document));
    }
    let categories: BTreeSet<&str> =
        report.findings.iter().filter_map(|finding| report.category_of(finding)).collect();
    let has = |word: &str| report.findings.iter().any(|finding| finding.rule.contains(word));
    let mut doors: BTreeSet<&str> =
        categories.iter().flat_map(|name| doors_of(name).iter().copied()).collect();
    if document.is_none() {
        // It compares with the document.
        doors.remove("schema");
    }
    if !doors.is_empty() {
        out += "\n[doors]\n";
        doors.iter().for_each(|door| out += &format!("{door} = \"enforce\"\n"));
    }
    if categories.contains("cors") {
        out += "\n[cors]\norigins = []   # the origins of your web clients\n";
    }
    if has("enumeration") {
        out += "\n[rate.failed_logins]\nalike = true\n";
    }
    if categories.contains("mass-assignment") && document.is_none() {
        out += "\n# Fields that no client may send: give [gateway] openapi, in which they are missing or `readOnly`.\n";
    }
    if categories.contains("authentication") || categories.contains("ownership") {
        out += "\n# Who issues your tokens: docs/configuration.md#auth. Or let Doorward keep the users: docs/login.md.\n\
                # [auth]\n# service = true\n";
    }
    let mut paths: Vec<(&str, Option<&str>)> = Vec::new();
    for finding in report.findings.iter().filter(|finding| report.category_of(finding) == Some("ownership")) {
        let Some(path) = path_of(finding) else { continue };
        if !paths.iter().any(|(known, _)| *known == path) {
            paths.push((path, owner_in(finding)));
        }
    }
    if !paths.is_empty() {
        out += "\n# Whose objects these are (docs/ownership.md). They need [auth].\n";
    }
    for (path, owner) in &paths {
        let owner = owner
            .map_or("user_id\"   # the member that names the owner".to_owned(), |owner| format!("{owner}\""));
        out += &format!(
            "# [[route]]\n# path = {}\n# owner = \"/{owner}\n# check_owner_before_write = true\n",
            quoted(path)
        );
    }
    if !paths.is_empty() {
        out += "\n# The same in the OpenAPI document, instead:\n";
    }
    for (path, owner) in &paths {
        let owner = owner.unwrap_or("user_id");
        out += &format!(
            "#   {path}:\n#     x-doorward: {{ owner: /{owner}, check_owner_before_write: true }}\n"
        );
    }
    out
}

/// The doors of the policy that shut a door of the guide.
fn doors_of(category: &str) -> &'static [&'static str] {
    match category {
        "sql" => &["injection"],
        "xss" => &["injection", "headers", "cookies"],
        "rate" => &["rate"],
        "cors" => &["cors"],
        "mass-assignment" => &["schema"],
        "headers" => &["headers"],
        "authentication" => &["authentication", "cookies"],
        "ownership" => &["ownership"],
        "waf" => &["protocol", "network", "injection"],
        _ => &[],
    }
}

/// The path of the operation that a finding is about.
fn path_of(finding: &Finding) -> Option<&str> {
    let path = finding.subject.as_deref()?.split(' ').nth(1)?;
    path.starts_with('/').then_some(path)
}

/// The member of the answer that says whose the object is.
fn owner_in(finding: &Finding) -> Option<&'static str> {
    let (_, body) = finding.evidence.last()?.answer.split_once("\n\n")?;
    let body: Value = serde_json::from_str(body.trim()).ok()?;
    OWNERS.into_iter().find(|name| body.get(name).is_some())
}

/// A text as TOML writes it: JSON's escapes are among those of TOML.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use attack::GuideDoor;
    use policy::Inputs;
    use report::{Severity, Transcript};

    use super::*;

    fn found(rule: &str, category: &str, subject: &str, answer: &str) -> Finding {
        let seen = Transcript { request: "GET /".into(), answer: format!("200 OK\n\n{answer}") };
        Finding::new(rule, Severity::Error, "m").category(category).about(subject).evidence(vec![seen])
    }

    fn load(text: &str) -> policy::Policy {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("doorward.toml");
        std::fs::write(&file, text).unwrap();
        policy::load(&Inputs { file: Some(file), ..Inputs::default() }).unwrap()
    }

    #[test]
    fn a_policy_for_any_findings_is_one_that_the_gate_takes() {
        for door in GuideDoor::ALL {
            let name = door.name();
            assert!(!doors_of(name).is_empty(), "{name}");
            let report = Report {
                findings: vec![found("user-enumeration", name, "GET /orders/{id} path id", "{}")],
                ..Report::default()
            };
            load(&draft(&report, "http://127.0.0.1:3000", None));
        }
        load(&draft(&Report::default(), "http://127.0.0.1:3000", None));
    }

    #[test]
    fn the_owner_of_an_object_is_the_member_of_the_answer() {
        let report = Report {
            findings: vec![
                found("bola-read", "ownership", "GET /orders/{id} path id", r#"{"id":1,"customer_id":2}"#),
                found("bola-write", "ownership", "PUT /orders/{id} path id", "{}"),
            ],
            ..Report::default()
        };
        let text = draft(&report, "http://127.0.0.1:3000", None);
        assert!(text.contains("# path = \"/orders/{id}\"\n# owner = \"/customer_id\"\n"), "{text}");
        assert_eq!(text.matches("# [[route]]").count(), 1, "{text}");
        // Uncommented, with users of its own, the gate takes it.
        let lines = text.lines().map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.contains(" = ") || rest.starts_with('[') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        });
        let text: String = lines.collect();
        let service = "service = true\npublic_url = \"http://localhost:8080\"\n";
        load(&text.replace("service = true\n", service));
    }
}
