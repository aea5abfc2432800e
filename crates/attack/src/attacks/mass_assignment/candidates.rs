//! Which members of an object a client should not set, and what an attacker would set them to.

use serde_json::Value;

use crate::answer::values;
use crate::census::pool::is_about_oneself;
use crate::prober::Prober;
use crate::request::{Draft, Slot, scalar_text};
use crate::surface::sensitive::{is_owner, is_people, is_power, is_rank, is_worth};
use crate::surface::shape::fold;
use crate::surface::words::words;
use crate::surface::{Endpoint, Role};
use crate::who::Who;

/// The most members that are tried in one operation.
const MAX_CANDIDATES: usize = 6;

/// What a member is worth. The least harmful comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worth {
    /// Money, a plan, a state.
    Value,
    /// Whose the object is.
    Owner,
    /// What the account may do.
    Rank,
}

/// A member that only the server should set.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Where it would stand in the request.
    pub(super) slot: Slot,
    /// Where it stands in the object.
    pub(super) at: String,
    /// What it is now.
    pub(super) now: Value,
    /// What it is set to: the likeliest first.
    pub(super) wanted: Vec<Value>,
    /// What it is worth.
    pub(super) worth: Worth,
}

/// The candidates of an operation, by an object that its answers show.
pub(super) fn candidates(
    p: &Prober<'_>,
    endpoint: &Endpoint,
    draft: &Draft,
    object: &Value,
) -> Vec<Candidate> {
    let base = base(endpoint, draft);
    let mut found: Vec<Candidate> = Vec::new();
    for (at, now) in spots(object) {
        let name = at.rsplit('/').next().unwrap_or("").to_owned();
        let pointer = format!("{base}{at}");
        let is_declared = is_declared(endpoint, &pointer);
        let Some(worth) = worth(endpoint, &name, is_declared) else { continue };
        let wanted = wanted(p, endpoint, &pointer, &name, &now, worth, is_declared);
        if !wanted.is_empty() {
            found.push(Candidate { slot: Slot::Body(pointer), at, now, wanted, worth });
        }
    }
    found.sort_by_key(|candidate| candidate.worth);
    // Of many, those that say what an account may do.
    if found.len() > MAX_CANDIDATES {
        let ranks = found.iter().filter(|candidate| candidate.worth != Worth::Value).count();
        let values = MAX_CANDIDATES.saturating_sub(ranks);
        let mut kept = 0;
        found.retain(|candidate| {
            kept += usize::from(candidate.worth == Worth::Value);
            candidate.worth != Worth::Value || kept <= values
        });
        found.truncate(MAX_CANDIDATES);
    }
    found
}

/// Where the object begins in the body: in `{"user": {…}}` and in `{input: {…}}` one step within.
fn base(endpoint: &Endpoint, draft: &Draft) -> String {
    let Some(Value::Object(members)) = &draft.body else { return String::new() };
    let mut objects = members.iter().filter(|(_, value)| value.is_object());
    match (objects.next(), members.len()) {
        (Some((name, _)), 1) => format!("/{}", openapi::escape(name)),
        (Some((name, _)), _) if endpoint.graphql.is_some() => format!("/{}", openapi::escape(name)),
        _ => String::new(),
    }
}

/// The scalars of an object and of the objects within, and lists of texts: where, and what.
pub(super) fn spots(object: &Value) -> Vec<(String, Value)> {
    fn add(value: &Value, at: &str, depth: usize, spots: &mut Vec<(String, Value)>) {
        let Value::Object(members) = value else { return };
        for (name, member) in members {
            let at = format!("{at}/{}", openapi::escape(name));
            match member {
                Value::Object(_) if depth > 0 && !is_owner(name) => add(member, &at, depth - 1, spots),
                Value::Array(items) if is_rank(name) && items.iter().all(Value::is_string) => {
                    spots.push((at, member.clone()))
                }
                Value::Bool(_) | Value::Number(_) | Value::String(_) => spots.push((at, member.clone())),
                _ => {}
            }
        }
    }
    let mut spots = Vec::new();
    add(object, "", 2, &mut spots);
    spots
}

fn is_declared(endpoint: &Endpoint, pointer: &str) -> bool {
    let folded = |at: &str| at.split('/').map(fold).collect::<Vec<_>>();
    let wanted = folded(pointer);
    endpoint.body.iter().flat_map(|body| body.shape.leaves()).any(|(at, _)| {
        let known = folded(&at);
        known == wanted
            || known.split_last().is_some_and(|(last, before)| last == "0" && *before == wanted[..])
    })
}

/// What a member is worth here; `None` if clients may set it.
fn worth(endpoint: &Endpoint, name: &str, is_declared: bool) -> Option<Worth> {
    let is_account =
        endpoint.role == Role::Register || is_about_oneself(endpoint) || is_people(&endpoint.collection());
    if is_rank(name) {
        return (!is_declared || is_account).then_some(Worth::Rank);
    }
    if is_declared {
        let is_money = ["credit", "credits", "balance", "walletbalance", "creditlimit", "loyaltypoints"]
            .contains(&fold(name).as_str());
        return (is_account && is_money).then_some(Worth::Value);
    }
    // A field of GraphQL that is in no input is refused by the server itself.
    if endpoint.graphql.is_some() {
        return None;
    }
    if is_owner(name) {
        return Some(Worth::Owner);
    }
    is_worth(name).then_some(Worth::Value)
}

/// What an attacker would set it to.
fn wanted(
    p: &Prober<'_>,
    endpoint: &Endpoint,
    pointer: &str,
    name: &str,
    now: &Value,
    worth: Worth,
    is_declared: bool,
) -> Vec<Value> {
    if worth == Worth::Owner {
        return other_owner(p, now).into_iter().collect();
    }
    let mut wanted: Vec<Value> = Vec::new();
    wanted.extend(of_administrator(p, name).filter(|_| worth == Worth::Rank));
    let shapes = endpoint.body.iter().map(|body| &body.shape).chain(&endpoint.response);
    let ends = |at: &str| fold(at.rsplit('/').next().unwrap_or("")) == fold(name);
    let listed = shapes
        .flat_map(|shape| shape.leaves())
        .filter(|(at, _)| at == pointer || ends(at))
        .map(|(_, shape)| shape);
    let listed: Vec<Value> = listed.flat_map(|shape| shape.values.clone()).collect();
    let has_power =
        |value: &Value| value.as_str().is_some_and(|text| words(text).iter().any(|word| is_power(word)));
    match now {
        Value::Bool(is) => wanted.push(Value::Bool(!is)),
        // Whether something is so, as a database without booleans has it.
        Value::Number(_) if worth == Worth::Rank => wanted.push(1.into()),
        Value::Number(number) => wanted.push(match number.as_i64() {
            Some(number) => number.saturating_add(1000).into(),
            None => (number.as_f64().unwrap_or(0.0) + 1000.0).into(),
        }),
        Value::Array(_) => wanted.push(Value::Array(vec!["admin".into()])),
        _ => {
            wanted.extend(listed.iter().filter(|value| has_power(value)).cloned());
            // A choice that the document offers is none of power, unless it is called so.
            if !is_declared {
                wanted.extend(listed.iter().rev().cloned());
            }
            if listed.is_empty() {
                wanted.push(if worth == Worth::Rank { "admin".into() } else { "paid".into() });
            }
        }
    }
    wanted.retain(|value| value != now && std::mem::discriminant(value) == std::mem::discriminant(now));
    wanted.dedup();
    wanted.truncate(2);
    wanted
}

/// What the administrator's account has in this member.
fn of_administrator(p: &Prober<'_>, name: &str) -> Option<Value> {
    let is_me = |at: &usize| {
        let endpoint = p.surface.endpoint(*at);
        endpoint.is_read() && is_about_oneself(endpoint)
    };
    let mut views =
        (0..p.surface.endpoints.len()).filter(is_me).filter_map(|at| p.control(at, Who::Administrator));
    views.find_map(|control| {
        let value = control.reply.value.as_ref()?;
        values::members(value, name)
            .into_iter()
            .next()
            .filter(|value| !value.is_null() && !value.is_object())
            .cloned()
    })
}

/// The victim, where the attacker stands now, as the same kind of name.
fn other_owner(p: &Prober<'_>, now: &Value) -> Option<Value> {
    let text = scalar_text(now)?;
    if !p.selves(Who::Attacker).contains(&text) {
        return None;
    }
    let kind = |text: &str| (text.contains('@'), text.parse::<u64>().is_ok(), text.len() >= 20);
    let other =
        p.selves(Who::Victim).into_iter().find(|other| kind(other) == kind(&text) && *other != text)?;
    match now {
        Value::Number(_) => other.parse::<u64>().ok().map(Value::from),
        _ => Some(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_begins_where_its_body_does() {
        let endpoint = |graphql| Endpoint {
            method: http::Method::POST,
            path: "/users".into(),
            id: String::new(),
            tags: Vec::new(),
            description: String::new(),
            parameters: Vec::new(),
            body: None,
            is_secured: false,
            scopes: Vec::new(),
            response: None,
            is_page: false,
            role: Role::Register,
            graphql,
        };
        for (body, expected) in [
            (json!({ "user": { "email": "a" } }), "/user"),
            (json!({ "email": "a", "profile": { "phone": "b" } }), ""),
            (json!({ "email": "a" }), ""),
        ] {
            let draft = Draft { body: Some(body), ..Draft::empty(0) };
            assert_eq!(base(&endpoint(None), &draft), expected);
        }
        assert_eq!(worth(&endpoint(None), "role", true), Some(Worth::Rank));
        assert_eq!(worth(&endpoint(None), "status", true), None);
        assert_eq!(worth(&endpoint(None), "status", false), Some(Worth::Value));
        assert_eq!(worth(&endpoint(None), "name", false), None);
    }

    #[test]
    fn members_are_found_within_and_not_in_owners() {
        let object = json!({ "id": 1, "owner": { "role": "x" }, "membership": { "role": "member" }, "roles": ["a"], "tags": ["b"] });
        let at: Vec<String> = spots(&object).into_iter().map(|(at, _)| at).collect();
        assert_eq!(at, ["/id", "/membership/role", "/roles"]);
    }
}
