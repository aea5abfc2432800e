//! Aims: requests about objects of the victim.

use serde_json::{Map, Value};

use super::privacy::{Privacy, is_own_name};
use crate::answer::values::is_id_name;
use crate::census::fill::path_parameters;
use crate::census::pool::{Known, Owned};
use crate::prober::{Prober, Stop};
use crate::request::{Draft, Slot, scalar_text};
use crate::surface::sensitive::{is_owner, is_people, is_private_collection};
use crate::surface::shape::{fold, without_preposition};
use crate::surface::{Endpoint, Kind, Place, Shape};
use crate::who::Who;

/// The most objects of the victim for one slot.
const MAX_VALUES: usize = 3;

/// A request about an object of the victim.
#[derive(Debug, Clone)]
pub(super) struct Aim {
    /// Where its id stands.
    pub(super) slot: Slot,
    /// Its id.
    pub(super) id: Value,
    /// What it is one of.
    pub(super) collection: String,
    /// As the victim asks.
    pub(super) theirs: Draft,
    /// As the attacker asks: the same, and under parents of his own.
    pub(super) ours: Vec<Draft>,
}

/// An id of the victim.
struct Theirs {
    id: Value,
    /// What it is an id of.
    collection: String,
    /// The parameters of the path under which it was seen.
    path: Vec<(String, String)>,
}

/// The slots of an operation that hold an id, with what stands before them and their shape.
fn slots(endpoint: &Endpoint) -> Vec<(Slot, String, Option<Shape>)> {
    let mut slots = Vec::new();
    let mut parts: Vec<(&str, &str)> = path_parameters(&endpoint.path);
    // The object is the last.
    parts.reverse();
    for (name, hint) in parts {
        let shape = endpoint.parameter(Place::Path, name).map(|parameter| parameter.shape.clone());
        slots.push((Slot::Path(name.to_owned()), hint.to_owned(), shape));
    }
    for parameter in endpoint.parameters.iter().filter(|parameter| parameter.place == Place::Query) {
        if is_id_name(&parameter.name) || is_person(&parameter.name) {
            slots.push((
                Slot::Query(parameter.name.clone()),
                endpoint.collection(),
                Some(parameter.shape.clone()),
            ));
        }
    }
    for (at, shape) in endpoint.body.iter().flat_map(|body| body.shape.leaves()) {
        let slot = Slot::Body(at);
        if (is_id_name(slot.name()) || is_person(slot.name()) || shape.is_id()) && !shape.is_closed {
            let hint = endpoint.collection();
            slots.push((slot, hint, Some(shape.clone())));
        }
    }
    slots
}

/// Whether a slot names somebody: `user`, `ofUser`, `by_author`.
fn is_person(name: &str) -> bool {
    ["user", "owner", "account", "customer", "member", "author", "username", "login", "email"]
        .contains(&without_preposition(name).as_str())
}

/// What a value is an id of: a `product_id` in an order is one of a product.
fn meant(known: &Known) -> String {
    let folded = fold(&known.member);
    let stem = folded.strip_suffix("id").filter(|stem| !stem.is_empty() && is_id_name(&known.member));
    match stem.filter(|_| !known.is_id) {
        Some(stem) => stem.to_owned(),
        None => known.collection.clone(),
    }
}

/// Ids of the victim that fit a slot, with what they are ids of.
fn ids(p: &Prober<'_>, privacy: &Privacy, slot: &Slot, hint: &str, shape: Option<&Shape>) -> Vec<Theirs> {
    let name = slot.name();
    let is_number = shape.is_some_and(|shape| matches!(shape.kind, Kind::Integer | Kind::Number));
    let known = p.candidates(name, hint, Owned::By(Who::Victim)).into_iter();
    let seen = p.candidates(name, hint, Owned::Usable(Who::Victim)).into_iter();
    let names_itself = |known: &Known| known.is_id || is_own_name(&known.member);
    let seen = seen.filter(|known| {
        known.owner.is_none() && names_itself(known) && privacy.is_private(&known.collection, &known.value)
    });
    let of = |known: Known| {
        let collection = meant(&known);
        Theirs { id: known.value, collection, path: known.path }
    };
    let mut ids: Vec<Theirs> = known.chain(seen).map(of).collect();
    if ids.is_empty() && is_person(name) {
        let is_mail = fold(name).contains("mail");
        let selves = p
            .selves(Who::Victim)
            .into_iter()
            .filter(|text| text.contains('@') == is_mail && text.parse::<u64>().is_err());
        ids.extend(selves.map(|text| Theirs {
            id: text.into(),
            collection: "users".to_owned(),
            path: Vec::new(),
        }));
    }
    // A field that gives anything by its id, as Relay has it.
    if ids.is_empty() && ["node", "nodes", "object", "entity"].contains(&fold(hint).as_str()) {
        let mut kinds: Vec<&str> = Vec::new();
        for object in &privacy.objects {
            if !kinds.contains(&object.collection.as_str()) {
                kinds.push(&object.collection);
                ids.push(Theirs {
                    id: object.id.clone(),
                    collection: object.collection.clone(),
                    path: Vec::new(),
                });
            }
        }
    }
    ids.retain(|theirs| !is_number || theirs.id.is_number());
    ids.dedup_by(|one, other| one.id == other.id);
    ids.truncate(MAX_VALUES);
    ids
}

/// Requests of an operation about objects of the victim.
pub(super) async fn aims(p: &Prober<'_>, at: usize, privacy: &Privacy) -> Result<Vec<Aim>, Stop> {
    let endpoint = p.surface.endpoint(at);
    let mut aims = Vec::new();
    let mut drafts: Option<(Draft, Option<Draft>)> = None;
    for (slot, hint, shape) in slots(endpoint) {
        let ids = ids(p, privacy, &slot, &hint, shape.as_ref());
        if ids.is_empty() {
            continue;
        }
        if drafts.is_none() {
            let Some(theirs) = ordinary(p, at, Who::Victim).await? else { return Ok(aims) };
            drafts = Some((theirs, ordinary(p, at, Who::Attacker).await?));
        }
        let Some((theirs, own)) = &drafts else { return Ok(aims) };
        for Theirs { id, collection, path } in ids {
            let mut draft = theirs.clone();
            if matches!(slot, Slot::Path(_)) {
                for (name, value) in &path {
                    if draft.path.iter().any(|(known, _)| known == name) {
                        draft = draft.with(&Slot::Path(name.clone()), value.clone());
                    }
                }
            }
            let put = |draft: &Draft| match (&slot, scalar_text(&id)) {
                (Slot::Path(_), Some(text)) => draft.with(&slot, text),
                _ => draft.with(&slot, id.clone()),
            };
            let draft = put(&draft);
            let mut ours = vec![draft.clone()];
            if let Some(own) = own.as_ref().map(put).filter(|own| own.path != draft.path) {
                ours.push(Draft { path: own.path, ..draft.clone() });
            }
            aims.push(Aim { slot: slot.clone(), id, collection, theirs: draft, ours });
        }
    }
    Ok(aims)
}

/// An ordinary request: what was served, or what is likeliest to be.
async fn ordinary(p: &Prober<'_>, at: usize, who: Who) -> Result<Option<Draft>, Stop> {
    match p.control(at, who) {
        Some(control) => Ok(Some(control.draft.clone())),
        None => Ok(p.drafts(at, who).await?.into_iter().next()),
    }
}

/// Whether an operation reads, be it by POST.
pub(super) fn reads(endpoint: &Endpoint) -> bool {
    let verbs = [
        "get", "find", "list", "search", "fetch", "read", "view", "show", "details", "lookup", "export",
        "download",
    ];
    let words = || {
        let last = endpoint.segments().filter(|segment| !segment.starts_with('{')).last().unwrap_or("");
        crate::surface::words::words(last)
    };
    endpoint.is_read()
        || endpoint.graphql.is_none()
            && endpoint.method == http::Method::POST
            && words().iter().any(|word| verbs.contains(&word.as_str()))
}

/// The same request under parents of the attacker's own, after the request as it is.
pub(super) async fn ours(p: &Prober<'_>, draft: &Draft) -> Result<Vec<Draft>, Stop> {
    let mut ours = vec![draft.clone()];
    if let (Some((_, parents @ [_, ..])), Some(own)) =
        (draft.path.split_last(), ordinary(p, draft.endpoint, Who::Attacker).await?)
    {
        let mut under = draft.clone();
        for (name, _) in parents {
            if let Some(value) = own.text(&Slot::Path(name.clone())) {
                under = under.with(&Slot::Path(name.clone()), value);
            }
        }
        if under != *draft {
            ours.push(under);
        }
    }
    Ok(ours)
}

/// Why an object is the victim's, in words; `None` if nothing says so.
pub(super) fn why_theirs(
    p: &Prober<'_>,
    privacy: &Privacy,
    collection: &str,
    object: &Map<String, Value>,
) -> Option<String> {
    let selves = p.selves(Who::Victim);
    let of_attacker = p.selves(Who::Attacker);
    let is_self = |(name, value): (&String, &Value)| {
        ["id", "uuid", "userid", "accountid", "memberid", "username", "email"].contains(&fold(name).as_str())
            && scalar_text(value).is_some_and(|text| selves.contains(&text) && !of_attacker.contains(&text))
    };
    if is_people(collection) && object.iter().any(is_self) {
        return Some("it is the victim's account".into());
    }
    let is_victim = |value: &Value| match value {
        Value::Object(members) => members.values().filter_map(scalar_text).any(|text| selves.contains(&text)),
        other => scalar_text(other).is_some_and(|text| selves.contains(&text)),
    };
    if let Some((name, _)) = object.iter().find(|(name, value)| is_owner(name) && is_victim(value)) {
        return Some(format!("its `{name}` is the victim"));
    }
    if privacy.has(collection) {
        return Some(format!("every account has `{collection}` of its own"));
    }
    is_private_collection(collection).then(|| format!("`{collection}` are kept for oneself"))
}

/// Whether an operation by POST acts on the object before its last segment: `POST /orders/{id}/cancel`.
pub(super) fn is_action(endpoint: &Endpoint) -> bool {
    if endpoint.graphql.is_some() || endpoint.method != http::Method::POST {
        return false;
    }
    let path = endpoint.path.trim_end_matches('/');
    let last = path.rsplit('/').next().unwrap_or("");
    let is_plural = last.ends_with('s') && !last.ends_with("ss");
    path.contains('{') && (last.contains('{') || !is_plural)
}

/// Where the id of an object stands in a request.
pub(super) fn place_of(draft: &Draft, id: &Value) -> Slot {
    let text = scalar_text(id);
    let slots = draft.slots();
    let place = slots.iter().rev().find(|slot| matches!(slot, Slot::Path(_)) && draft.text(slot) == text);
    let place = place.or_else(|| slots.iter().find(|slot| draft.text(slot) == text));
    place.cloned().unwrap_or(Slot::Path("id".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_an_id_of_what_it_names() {
        for (member, is_id, expected) in [
            ("product_id", false, "product"),
            ("order_id", true, "orders"),
            ("title", false, "orders"),
            ("id", true, "orders"),
        ] {
            let known = Known {
                value: 1.into(),
                member: member.to_owned(),
                collection: "orders".to_owned(),
                is_id,
                seen_by: Default::default(),
                owner: None,
                path: Vec::new(),
            };
            assert_eq!(meant(&known), expected, "{member}");
        }
    }
}
