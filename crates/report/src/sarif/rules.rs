//! The rules of a log (§3.49), made of what findings and checks say of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::members::insert;
use crate::finding::Finding;
use crate::level::Level;
use crate::reference::Reference;
use crate::results::Report;

/// GitHub reads this many tags of a rule.
const TAGS: usize = 20;

/// The rules in the order of their ids.
pub(super) fn of(report: &Report) -> Vec<Value> {
    let mut rules: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for check in &report.checks {
        rules.entry(&check.name).or_default();
    }
    for finding in &report.findings {
        rules.entry(&finding.rule).or_default().push(finding);
    }
    rules.into_iter().map(|(id, findings)| rule(report, id, &findings)).collect()
}

fn rule(report: &Report, id: &str, findings: &[&Finding]) -> Value {
    let check = report.checks.iter().find(|check| check.name == id);
    let thought = check.and_then(|check| check.thought.as_deref());
    let mut rule = json!({ "id": id, "shortDescription": { "text": thought.unwrap_or(id) } });
    let help = findings.iter().map(|finding| help(finding)).find(|help| !help.is_empty());
    if let Some(help) = help {
        insert(&mut rule, "help", json!({ "text": help }));
    }
    let mut references = findings.iter().flat_map(|finding| &finding.references);
    if let Some(url) = references.find_map(Reference::url) {
        insert(&mut rule, "helpUri", super::uri::of_url(&url).into());
    }
    let mut properties = json!({ "tags": tags(report, findings) });
    let worst = findings.iter().map(|finding| finding.level()).max();
    if let Some(worst) = worst.filter(|level| *level > Level::Info) {
        insert(&mut properties, "security-severity", worst.security_severity().into());
    }
    insert(&mut rule, "properties", properties);
    rule
}

/// What to do about it, each part under its name.
fn help(finding: &Finding) -> String {
    let parts = [
        ("", &finding.help),
        ("In the code: ", &finding.mend_in_code),
        ("At the gate: ", &finding.mend_at_gate),
    ];
    let parts = parts.into_iter().filter_map(|(name, text)| Some(format!("{name}{}", text.as_ref()?)));
    parts.collect::<Vec<_>>().join("\n\n")
}

/// `security` first, by which GitHub knows a rule of security; then references, categories and the tool's own.
fn tags(report: &Report, findings: &[&Finding]) -> Vec<String> {
    let references = findings.iter().flat_map(|f| &f.references).filter_map(Reference::tag);
    let categories = findings.iter().filter_map(|f| report.category_of(f)).map(str::to_owned);
    let own = findings.iter().flat_map(|f| &f.tags).cloned();
    let mut seen = BTreeSet::new();
    let all = std::iter::once("security".to_owned()).chain(references).chain(categories).chain(own);
    all.filter(|tag| seen.insert(tag.clone())).take(TAGS).collect()
}
