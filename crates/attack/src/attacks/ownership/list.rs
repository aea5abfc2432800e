//! A list that has what is others'.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::administrative::Powers;
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::census::pool::{is_about_oneself, listed};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::request::scalar_text;
use crate::surface::Endpoint;
use crate::surface::sensitive::{is_owner, is_password, is_people, is_personal, is_secret, is_shown};
use crate::who::Who;
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "bola-list",
    door: GuideDoor::ObjectOwnership,
    shut_by: ShutBy::Code,
    thought: "Does a list show me what others keep to themselves?",
    level: Level::High,
    references: &["CWE-639", "API1:2023"],
    mend_in_code: "Filter lists by the account that asks, in the query of the database.",
    mend_at_gate: "Name the list and the owner's field of its items with `owner = { field = ..., list = ... }` of a [[route]].",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let powers = Powers::learn(p);
    for (at, endpoint) in p.surface.endpoints.iter().enumerate() {
        let is_list = endpoint.is_read() && !is_about_oneself(endpoint) && powers.why(endpoint).is_none();
        let Some(control) = p.control(at, Who::Attacker).filter(|_| is_list) else { continue };
        let result = try_list(p, endpoint, &control.draft, tried).await;
        tried.take(result)?;
    }
    Ok(())
}

async fn try_list(
    p: &Prober<'_>,
    endpoint: &Endpoint,
    draft: &crate::request::Draft,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let reply = p.ask(draft, Who::Attacker).await?;
    let selves = [p.selves(Who::Attacker), p.selves(Who::Victim)];
    let Some(found) = private_of_others(endpoint, &reply, &selves[0]) else {
        // A list of one's own that has something is a door that held.
        if reply.is_served && owners(endpoint, &reply).iter().any(|owner| selves[0].contains(owner)) {
            tried.shut(&reply.seen);
        }
        return Ok(());
    };
    let by_nobody = p.ask(draft, Who::Nobody).await?;
    if private_of_others(endpoint, &by_nobody, &[]).is_some() {
        return Ok(());
    }
    let again = p.ask(draft, Who::Attacker).await?;
    if private_of_others(endpoint, &again, &selves[0]).is_some() {
        let (name, owner) = found;
        let whose = if selves[1].contains(&owner) { "of the victim" } else { "of other accounts" };
        let message = format!("the list of an ordinary account has `{name}` {whose}");
        tried.open(Hole::shown(endpoint.name(), "", message, &by_nobody, &reply));
    }
    Ok(())
}

/// The owners that the objects of an answer name.
fn owners(endpoint: &Endpoint, reply: &Reply) -> BTreeSet<String> {
    let objects = reply.value.as_ref().map(|value| listed(endpoint, value)).unwrap_or_default();
    objects.iter().filter_map(|object| owner_of(object.members)).collect()
}

fn owner_of(object: &Map<String, Value>) -> Option<String> {
    let owner =
        object.iter().find(|(name, value)| is_owner(name) && !value.is_null()).map(|(_, value)| value)?;
    match owner {
        Value::Object(members) => {
            ["id", "username", "email"].iter().find_map(|name| members.get(*name).and_then(scalar_text))
        }
        other => scalar_text(other),
    }
}

/// A private member of an object whose owner is somebody else, and that owner.
fn private_of_others(endpoint: &Endpoint, reply: &Reply, selves: &[String]) -> Option<(String, String)> {
    let value = reply.value.as_ref().filter(|_| reply.is_served)?;
    let mut found =
        listed(endpoint, value).into_iter().filter(|object| object.is_root && !is_people(&object.collection));
    found.find_map(|object| {
        let owner = owner_of(object.members).filter(|owner| !selves.contains(owner))?;
        private_member(object.members).map(|name| (name.to_owned(), owner))
    })
}

/// A member that nobody but the owner should see.
fn private_member(object: &Map<String, Value>) -> Option<&str> {
    let is_private = |name: &str, value: &Value| {
        let holds_text = value.as_str().is_some_and(|text| text.len() >= 4);
        (is_secret(name) || is_password(name)) && holds_text
            || is_personal(name) && (holds_text || value.is_number())
    };
    object
        .iter()
        .find(|(name, value)| is_private(name, value) && is_shown(value))
        .map(|(name, _)| name.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_and_addresses_are_private_and_texts_are_not() {
        for (object, expected) in [
            (json!({ "id": 1, "owner_id": 2, "secret": "5f3c9a" }), Some("secret")),
            (json!({ "id": 1, "user": 2, "address": "7 Harbour Road" }), Some("address")),
            (json!({ "id": 1, "owner": 2, "secret": "********" }), None),
            (json!({ "id": 1, "author": 2, "text": "Looks good" }), None),
            (json!({ "id": 1, "author": 2, "address": "" }), None),
        ] {
            assert_eq!(private_member(object.as_object().unwrap()), expected, "{object}");
        }
        assert_eq!(
            owner_of(json!({ "owner": { "id": 3, "name": "x" } }).as_object().unwrap()).as_deref(),
            Some("3")
        );
    }
}
