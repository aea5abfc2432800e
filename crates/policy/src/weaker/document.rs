//! What the OpenAPI document and the policies of Cedar protect.

use openapi::{Document, Need, Operation, Security};

#[cfg(feature = "cedar")]
use super::words::missing;
use crate::gateway::FIRST_GROUP;
use crate::policy::Policy;

pub(super) fn weaker(old: &Policy, new: &Policy) -> Vec<String> {
    let mut found = Vec::new();
    for group in &old.gateway.groups {
        let place = |policy: &Policy| policy.gateway.groups.iter().position(|known| known.name == group.name);
        match (document(old, place(old)), document(new, place(new))) {
            (Some(_), None) => {
                let whose = match &*group.name {
                    FIRST_GROUP => String::new(),
                    name => format!(" of `{name}`"),
                };
                found.push(format!(
                    "the OpenAPI document{whose} is gone: undeclared operations, parameters and properties pass"
                ));
            }
            (Some(before), Some(after)) => found.extend(of_operations(before, after)),
            _ => {}
        }
    }
    #[cfg(feature = "cedar")]
    match (&old.ownership.cedar, &new.ownership.cedar) {
        (Some(_), None) => found.push("[cedar] is gone: no policy is asked".into()),
        (Some(before), Some(after)) => {
            let gone = missing(before.forbids(), after.forbids());
            found.extend(gone.map(|policy| format!("a policy of Cedar is gone: {}", short(policy))));
            let gained = missing(after.permits(), before.permits());
            found.extend(gained.map(|policy| format!("a policy of Cedar permits more: {}", short(policy))));
        }
        _ => {}
    }
    found
}

fn document(policy: &Policy, group: Option<usize>) -> Option<&Document> {
    policy.document(group?)
}

fn of_operations(before: &Document, after: &Document) -> Vec<String> {
    let mut found = Vec::new();
    for (path, method, operation) in after.operations() {
        let known =
            before.operations().find(|(known, its, _)| known.as_str() == path.as_str() && *its == method);
        let Some((.., known)) = known else { continue };
        if let Some(what) = of_operation(known, operation) {
            found.push(format!("{method} {path}: {what}"));
        }
    }
    found
}

fn of_operation(before: &Operation, after: &Operation) -> Option<&'static str> {
    if before.security.is_needed() && !after.security.is_needed() {
        return Some("the document asks for no credential any more");
    }
    let is_looser = before.security.is_needed() && !asks_as_much(&before.security, &after.security);
    is_looser.then_some("the document asks for less (`security`)")
}

/// Whether each way to fulfil what is asked now would have been one before.
fn asks_as_much(before: &Security, after: &Security) -> bool {
    let covers = |now: &Need, then: &Need| {
        now.scheme == then.scheme && then.scopes.iter().all(|scope| now.scopes.contains(scope))
    };
    let fulfils =
        |now: &Vec<Need>, then: &Vec<Need>| then.iter().all(|then| now.iter().any(|now| covers(now, then)));
    after.alternatives().iter().all(|now| before.alternatives().iter().any(|then| fulfils(now, then)))
}

#[cfg(feature = "cedar")]
fn short(policy: &str) -> String {
    const LONGEST: usize = 120;
    let line = policy.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = line.char_indices().nth(LONGEST).map_or(line.len(), |(at, _)| at);
    line.get(..end).unwrap_or_default().to_owned()
}
