//! Another account's object, asked for by its id.

use serde_json::Value;

use super::administrative::Powers;
use super::aim::{Aim, aims, reads};
use super::privacy::{self, Privacy};
use crate::answer::{Likeness, Mask, Reply};
use crate::attack::{Attack, Hole, Tried};
use crate::census::pool::listed;
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop, object_with};
use crate::request::scalar_text;
use crate::surface::Endpoint;
use crate::surface::sensitive::{
    is_owner, is_people, is_personal, is_private_collection, is_secret, is_shown,
};
use crate::surface::shape::{fold, singular};
use crate::surface::words::words;
use crate::who::Who;
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "bola-read",
    door: GuideDoor::ObjectOwnership,
    shut_by: ShutBy::Code,
    thought: "If I ask for an object by the id that another account has, do I get it?",
    level: Level::High,
    references: &["CWE-639", "API1:2023"],
    mend_in_code: "Look objects up by their id and their owner together, the owner being the account that asks.",
    mend_at_gate: "Name the owner's field of the answer with `owner` of a [[route]]; where the id is that of the caller, use `bind`.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// How much of two answers must be the same.
pub(super) const ALIKE: f64 = 0.7;

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    if !p.people().contains(&Who::Victim) || !p.people().contains(&Who::Attacker) {
        tried.not_tried("needs two accounts");
        return Ok(());
    }
    let powers = Powers::learn(p);
    let privacy = privacy::learn(p).await?;
    for (at, endpoint) in p.surface.endpoints.iter().enumerate() {
        if !reads(endpoint) || !p.may_ask(at) || powers.why(endpoint).is_some() {
            continue;
        }
        let Some(aims) = tried.take(aims(p, at, &privacy).await)? else { continue };
        for aim in aims {
            let result = try_aim(p, endpoint, &aim, &privacy, tried).await;
            tried.take(result)?;
        }
    }
    Ok(())
}

async fn try_aim(
    p: &Prober<'_>,
    endpoint: &Endpoint,
    aim: &Aim,
    privacy: &Privacy,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let theirs = p.ask(&aim.theirs, Who::Victim).await?;
    if !theirs.is_served || !has_data(&theirs) {
        tried.not_tried(format!("{}, {}: the victim itself is not served", endpoint.name(), aim.slot));
        return Ok(());
    }
    let Some(why) = why_private(endpoint, aim, &theirs, privacy, &p.selves(Who::Victim)) else {
        return Ok(());
    };
    // What everybody sees is no secret; should it be one, another attack says so.
    let by_nobody = p.ask(&aim.theirs, Who::Nobody).await?;
    let mask = Mask::between(&theirs, &p.ask(&aim.theirs, Who::Victim).await?);
    if is_same(&by_nobody, &theirs, &mask) {
        return Ok(());
    }
    for draft in &aim.ours {
        let reply = p.ask(draft, Who::Attacker).await?;
        if !shows(endpoint, &reply, &theirs, &mask, aim, privacy) {
            tried.shut(&reply.seen);
            continue;
        }
        if shows(endpoint, &p.ask(draft, Who::Attacker).await?, &theirs, &mask, aim, privacy) {
            let message = format!("the attacker reads what is the victim's: {why}");
            tried.open(Hole::shown(endpoint.name(), &aim.slot, message, &theirs, &reply));
            return Ok(());
        }
    }
    Ok(())
}

/// Why an answer is the victim's alone, in words; `None` if nothing says so.
pub(super) fn why_private(
    endpoint: &Endpoint,
    aim: &Aim,
    theirs: &Reply,
    privacy: &Privacy,
    selves: &[String],
) -> Option<String> {
    if privacy.is_private(&aim.collection, &aim.id) {
        return Some(format!("no list of the attacker shows `{}`", aim.collection));
    }
    if let Some(object) = privacy.shown_in(endpoint, theirs) {
        return Some(format!("no list of the attacker shows these `{}`", object.collection));
    }
    // What is listed for somebody, where others have not seen it.
    let listed = || theirs.value.as_ref().map(|value| listed(endpoint, value)).unwrap_or_default();
    let is_unseen = || listed().iter().any(|o| o.is_root && !privacy.is_seen(&o.collection, o.id));
    if is_people(&aim.collection) && is_kept(&endpoint.collection()) && is_unseen() {
        return Some(format!("`{}` of an account are kept for it", endpoint.collection()));
    }
    let object = theirs.value.as_ref().and_then(|value| object_with(value, &aim.id))?;
    if is_private_collection(&aim.collection) && !privacy.is_seen(&aim.collection, &aim.id) {
        return Some(format!("`{}` are kept for oneself", aim.collection));
    }
    // What the document does not declare is another attack's.
    let is_declared = |name: &str| {
        endpoint.graphql.is_none()
            && endpoint
                .response
                .as_ref()
                .is_none_or(|shape| shape.leaves().iter().any(|(at, _)| at.ends_with(&format!("/{name}"))))
    };
    let mut told: Vec<&String> = object
        .iter()
        .filter(|(name, value)| {
            (is_personal(name) || is_secret(name)) && is_shown(value) && is_declared(name)
        })
        .map(|(name, _)| name)
        .collect();
    told.sort_by_key(|name| !is_secret(name));
    let name = told.first()?;
    if is_people(&aim.collection) {
        return Some(format!("`{name}` of a person"));
    }
    let is_victims = |(name, value): (&String, &Value)| {
        is_owner(name) && scalar_text(value).is_some_and(|text| selves.contains(&text))
    };
    (is_secret(name) && object.iter().any(is_victims)).then(|| format!("`{name}` of what the victim owns"))
}

/// Whether a list of these is private to an account. Messages and the like may be public where nothing says more.
fn is_kept(collection: &str) -> bool {
    let words = words(collection);
    let is = |list: &[&str]| words.iter().any(|word| list.contains(&singular(word).as_str()));
    is_private_collection(collection)
        && (!is(&["message", "note", "document", "vehicle", "card", "statement", "claim"])
            || is(&["direct", "private", "personal", "secret", "my"]))
}

/// Whether the attacker sees what the victim sees.
fn shows(
    endpoint: &Endpoint,
    reply: &Reply,
    theirs: &Reply,
    mask: &Mask,
    aim: &Aim,
    privacy: &Privacy,
) -> bool {
    let is_their_object = || match privacy.shown_in(endpoint, theirs) {
        Some(_) => privacy.shown_in(endpoint, reply).is_some(),
        None => true,
    };
    let has_object = |value: Option<&Value>| value.and_then(|value| object_with(value, &aim.id)).is_some();
    is_same(reply, theirs, mask)
        && is_their_object()
        && has_object(reply.value.as_ref()) == has_object(theirs.value.as_ref())
}

/// Whether two answers say the same, and say something.
pub(super) fn is_same(reply: &Reply, theirs: &Reply, mask: &Mask) -> bool {
    reply.is_served
        && has_data(reply)
        && Likeness::of(reply, mask, &[]).ratio(&Likeness::of(theirs, mask, &[])) >= ALIKE
}

/// Whether an answer has more than an empty list or a word that all is well.
pub(super) fn has_data(reply: &Reply) -> bool {
    match &reply.value {
        Some(value) => values(value, "") > 0,
        None => reply.text().lines().filter(|line| !line.trim().is_empty()).count() > 1 && !reply.is_page(),
    }
}

/// How many values say something.
fn values(value: &Value, name: &str) -> usize {
    let says_little = [
        "total", "count", "page", "limit", "offset", "status", "message", "detail", "success", "ok", "size",
        "pages",
    ];
    match value {
        Value::Object(members) => members.iter().map(|(name, member)| values(member, name)).sum(),
        Value::Array(items) => items.iter().map(|item| values(item, name)).sum(),
        Value::Null | Value::Bool(_) => 0,
        Value::String(text) if text.is_empty() => 0,
        _ => usize::from(!says_little.contains(&fold(name).as_str())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_empty_page_says_nothing() {
        for (value, expected) in [
            (json!({ "items": [], "total": 0 }), 0),
            (json!({ "message": "Welcome", "ok": true }), 0),
            (json!({ "items": [{ "id": 1, "title": "a" }], "total": 1 }), 2),
            (json!([]), 0),
            (json!(null), 0),
        ] {
            assert_eq!(values(&value, ""), expected, "{value}");
        }
    }
}
