//! Whose object it is: a response's owner field against a claim.

use identity::Principal;
use openapi::Pointer;
use policy::{Owner, Quantifier};
use serde_json::Value;

/// What became of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ownership {
    /// Everything in it is the caller's.
    Own,
    /// A list, from which so many objects of others were removed.
    Filtered(usize),
    /// It is somebody else's, or does not say whose.
    Foreign,
}

/// Checks one object, or filters a list. What does not say whose it is, is not the caller's.
pub(crate) fn check(owner: &Owner, principal: &Principal, response: &mut Value) -> Ownership {
    let removed = match (&owner.list, &mut *response) {
        (Some(pointer), response) => match pointer.value_mut(response) {
            Some(Value::Array(items)) => filter(owner, principal, items),
            _ => return Ownership::Foreign,
        },
        (None, Value::Array(items)) => filter(owner, principal, items),
        (None, object) if is_own(owner, principal, object) => return Ownership::Own,
        (None, _) => return Ownership::Foreign,
    };
    if removed == 0 {
        return Ownership::Own;
    }
    for pointer in &owner.counts {
        if let Some(count) = pointer.value_mut(response)
            && let Some(number) = count.as_u64()
        {
            *count = Value::from(number.saturating_sub(removed as u64));
        }
    }
    Ownership::Filtered(removed)
}

/// Whether an object that names another owner stands anywhere in a value.
pub(crate) fn shows_foreign(owner: &Owner, principal: &Principal, value: &Value) -> bool {
    let names_another = |object: &Value| {
        let mut is_named = false;
        for pointer in &owner.fields {
            pointer.visit(object, &mut |value| is_named |= !value.is_null());
        }
        is_named && !is_own(owner, principal, object)
    };
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        if names_another(value) {
            return true;
        }
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(map) => left.extend(map.values()),
            _ => {}
        }
    }
    false
}

fn filter(owner: &Owner, principal: &Principal, items: &mut Vec<Value>) -> usize {
    let before = items.len();
    items.retain(|item| is_own(owner, principal, item));
    before - items.len()
}

/// Whether the object names the caller: in one of the fields, or in each of them.
fn is_own(owner: &Owner, principal: &Principal, object: &Value) -> bool {
    let named = |pointer: &Pointer| {
        let mut found = false;
        pointer.visit(object, &mut |value| found |= is_claim(&owner.claim, principal, value));
        found
    };
    match owner.when {
        Quantifier::Any => owner.fields.iter().any(named),
        Quantifier::All => !owner.fields.is_empty() && owner.fields.iter().all(named),
    }
}

/// Whether a value is the claim's. A null or composite value has no owner.
pub(crate) fn is_claim(claim: &str, principal: &Principal, value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty() && principal.has(claim, text),
        Value::Number(number) => principal.has(claim, &number.to_string()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use identity::Credential;
    use serde_json::json;

    use super::*;

    fn run(list: Option<&str>, mut response: Value) -> (Ownership, Value) {
        let owner = Owner {
            fields: vec!["/user_id".parse().unwrap()],
            when: Quantifier::Any,
            claim: "sub".into(),
            list: list.map(|list| list.parse().unwrap()),
            counts: vec!["/total".parse().unwrap()],
        };
        let mut claims = serde_json::Map::new();
        claims.insert("sub".into(), json!("7"));
        let principal =
            Principal { subject: "7".into(), claims, scopes: vec![], credential: Credential::Token };
        let outcome = check(&owner, &principal, &mut response);
        (outcome, response)
    }

    #[test]
    fn only_own_objects_leave() {
        assert_eq!(run(None, json!({"user_id": 7, "x": 1})).0, Ownership::Own);
        assert_eq!(run(None, json!({"user_id": "7"})).0, Ownership::Own);
        for foreign in [
            json!({"user_id": 8}),
            json!({}),
            json!({"user_id": null}),
            json!({"user_id": [7]}),
            json!("text"),
            json!(null),
        ] {
            assert_eq!(run(None, foreign).0, Ownership::Foreign);
        }
    }

    #[test]
    fn lists_are_filtered_and_counted() {
        let list = json!([{"user_id": 7}, {"user_id": 8}, {"x": 1}]);
        assert_eq!(run(None, list.clone()), (Ownership::Filtered(2), json!([{"user_id": 7}])));
        let (outcome, page) = run(Some("/items"), json!({"items": list, "total": 3}));
        assert_eq!((outcome, page), (Ownership::Filtered(2), json!({"items": [{"user_id": 7}], "total": 1})));
        assert_eq!(run(Some("/items"), json!({"rows": []})).0, Ownership::Foreign);
        assert_eq!(run(None, json!([])).0, Ownership::Own);
    }

    #[test]
    fn several_fields_any_or_all() {
        let mut claims = serde_json::Map::new();
        claims.insert("sub".into(), json!("7"));
        let principal =
            Principal { subject: "7".into(), claims, scopes: vec![], credential: Credential::Token };
        let own = |when, object: Value| {
            let fields = vec!["/author".parse().unwrap(), "/editors/*/id".parse().unwrap()];
            let owner = Owner { fields, when, claim: "sub".into(), list: None, counts: vec![] };
            check(&owner, &principal, &mut object.clone()) == Ownership::Own
        };
        let edited = json!({"author": 8, "editors": [{"id": 9}, {"id": 7}]});
        assert!(own(Quantifier::Any, edited.clone()) && !own(Quantifier::All, edited));
        assert!(own(Quantifier::All, json!({"author": "7", "editors": [{"id": 7}]})));
        assert!(!own(Quantifier::Any, json!({"author": 8, "editors": []})));
        assert!(!own(Quantifier::Any, json!({"author": {"id": 7}, "editors": {"id": 7}})));
    }
}
