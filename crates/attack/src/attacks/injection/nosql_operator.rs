//! Operators of document databases where values belong.
//!
//! A filter of such a database is an object: `{"status": "open"}`. Where the API takes the value as it comes, a client
//! sends `{"$ne": "x"}`, or `status[$ne]=x` in a query, and finds everything else. So it does with members that the document
//! does not offer as filters, such as the owner, where it takes the place of the caller's id. What proves it is the
//! difference between two operators: "not this" finds more than "this". An API that ignores both answers the same.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::answer::values::objects;
use crate::answer::{Reply, list_length};
use crate::attack::{Attack, Hole, Tried};
use crate::attacks::aim::{self, is_called, is_read_like};
use crate::census::{Control, shape_of};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::request::{Draft, Slot};
use crate::surface::shape::fold;
use crate::surface::{BodyFormat, Endpoint, Kind};
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "nosql-operator",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "If I send an operator instead of a value, does the database follow it?",
    level: Level::High,
    references: &["CWE-943", "API8:2023"],
    mend_in_code: "Take a value only if it is a text or a number, and build the filter out of named members.",
    mend_at_gate: "The door injection refuses operators by its detector nosql; keep [doors] injection in enforce.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// Pairs of operators: what is not this, and what is this. The last is that of object-relational mappers.
const OPERATORS: [(&str, &str); 3] = [("$ne", "$eq"), ("$nin", "$in"), ("not", "equals")];
/// Values that nothing has, one for each time.
const NOTHING: [&str; 3] = ["dwkq7v", "dwzj3x", "dwvb9k"];
/// Members that say whose an object is.
const OWNERS: [&str; 8] = ["owner", "user", "author", "account", "customer", "tenant", "member", "created"];
/// The most members of answers that are tried as filters.
const MAX_MEMBERS: usize = 4;

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    for control in p.controls() {
        let endpoint = p.surface.endpoint(control.endpoint);
        // The arguments of GraphQL have types of their own.
        if !is_read_like(endpoint) || endpoint.graphql.is_some() {
            continue;
        }
        if endpoint.parameters.iter().any(|parameter| parameter.name.contains("[$")) {
            tried.not_tried(format!("{}: its document offers operators", endpoint.name()));
            continue;
        }
        let Some(control) = tried.take(fuller(p, &control).await)? else { continue };
        let offered = control.slots(endpoint);
        for slot in slots(endpoint, &control) {
            // What is open already is shown again only where it reaches what is not one's own.
            let is_offered = offered.contains(&slot);
            if !is_offered && !is_owner(slot.name()) && tried.is_open(&endpoint.name()) {
                continue;
            }
            let draft = if is_offered { control.draft.clone() } else { alone(&control.draft, &slot) };
            let result = try_slot(p, &control, &draft, &slot, tried).await;
            tried.take(result)?;
        }
    }
    Ok(())
}

/// The ordinary request without its filters, where that finds what it does not find with them: an operator shows nothing
/// beside a filter that nothing fits.
async fn fuller(p: &Prober<'_>, control: &Arc<Control>) -> Result<Arc<Control>, Stop> {
    let length = |reply: &Reply| reply.value.as_ref().and_then(list_length);
    if length(&control.reply) != Some(0) {
        return Ok(control.clone());
    }
    let is_filter = |slot: &Slot| matches!(slot, Slot::Query(_) | Slot::Body(_));
    let filters: Vec<Slot> = control.draft.slots().into_iter().filter(is_filter).collect();
    let draft = filters.iter().fold(control.draft.clone(), |draft, slot| draft.without(slot));
    let reply = p.ask(&draft, control.who).await?;
    if !reply.is_served || length(&reply) <= Some(0) {
        return Ok(control.clone());
    }
    Ok(Arc::new(Control { draft, reply, ..(**control).clone() }))
}

/// The slots of the document, and members of the answer that may be filters, too.
fn slots(endpoint: &Endpoint, control: &Control) -> Vec<Slot> {
    let takes_text = |slot: &Slot| {
        let kind = shape_of(endpoint, slot).map(|shape| &shape.kind);
        matches!(kind, None | Some(Kind::Text | Kind::Any | Kind::Integer))
    };
    let is_paging =
        |slot: &Slot| is_called(slot.name(), &["page", "limit", "size", "offset", "skip", "sort", "order"]);
    let mut slots: Vec<Slot> = control.slots(endpoint);
    slots.retain(|slot| {
        matches!(slot, Slot::Query(_) | Slot::Body(_)) && takes_text(slot) && !is_paging(slot)
    });
    let beside = |name: &str| match (&endpoint.body, slots.iter().find(|slot| matches!(slot, Slot::Body(_))))
    {
        (None, _) => Slot::Query(name.to_owned()),
        (Some(_), Some(Slot::Body(at))) => {
            let parent = at.rsplit_once('/').map_or("", |(parent, _)| parent);
            Slot::Body(format!("{parent}/{}", openapi::escape(name)))
        }
        _ => Slot::Body(format!("/{}", openapi::escape(name))),
    };
    let members = control.reply.value.as_ref().map(members).unwrap_or_default();
    let offered: Vec<Slot> = members.iter().map(|name| beside(name)).collect();
    for slot in offered.into_iter().take(MAX_MEMBERS) {
        if !slots.contains(&slot) {
            slots.push(slot);
        }
    }
    slots
}

/// The members of the objects of a list, those that say whose they are first.
fn members(value: &Value) -> Vec<String> {
    let found = objects(value);
    let Some(first) = found.iter().find(|found| found.is_listed) else { return Vec::new() };
    let scalars = first.members.iter().filter(|(_, value)| value.is_string() || value.is_number());
    let mut names: Vec<String> = scalars.map(|(name, _)| name.clone()).collect();
    names.sort_by_key(|name| !is_owner(name));
    names
}

fn is_owner(name: &str) -> bool {
    let folded = fold(name);
    OWNERS.iter().any(|owner| folded.contains(owner)) && !folded.ends_with("at")
}

/// A request without what stands beside a slot of its body.
fn alone(draft: &Draft, slot: &Slot) -> Draft {
    let Slot::Body(at) = slot else { return draft.clone() };
    let parent = at.rsplit_once('/').map_or("", |(parent, _)| parent);
    let is_beside = |other: &Slot| matches!(other, Slot::Body(at) if at.rsplit_once('/').is_some_and(|(p, _)| p == parent));
    let beside: Vec<Slot> = draft.slots().into_iter().filter(is_beside).collect();
    beside.iter().fold(draft.clone(), |draft, slot| draft.without(slot))
}

async fn try_slot(
    p: &Prober<'_>,
    control: &Control,
    draft: &Draft,
    slot: &Slot,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let endpoint = p.surface.endpoint(control.endpoint);
    let is_json = endpoint.body.as_ref().is_some_and(|body| matches!(body.format, BodyFormat::Json(_)));
    let is_in_body = matches!(slot, Slot::Body(_));
    for (unlike, like) in OPERATORS {
        if !(unlike.starts_with('$') || is_json && is_in_body) {
            continue;
        }
        let mut shown: Option<Reply> = None;
        let mut is_held = true;
        for nothing in NOTHING {
            let yes = aim::send(p, &with_operator(draft, slot, unlike, nothing), control.who).await?;
            let no = aim::send(p, &with_operator(draft, slot, like, nothing), control.who).await?;
            if !finds_more(&yes, &no) {
                is_held = false;
                if shown.is_some() {
                    tried.unknown(format!("{}, {slot}: the answers differ by themselves", endpoint.name()));
                } else {
                    tried.shut(&yes.seen);
                }
                break;
            }
            shown.get_or_insert(yes);
        }
        if let (true, Some(reply)) = (is_held, shown) {
            let now = p.ask(&control.draft, control.who).await?;
            let length = |reply: &Reply| reply.value.as_ref().and_then(list_length);
            let more = if length(&reply) > length(&now) { ", more than the ordinary request" } else { "" };
            let message = format!("`{unlike}` finds what `{like}` does not{more}");
            tried.open(Hole::shown(endpoint.name(), slot, message, &control.reply, &reply));
            return Ok(());
        }
    }
    Ok(())
}

/// A request with an operator in a slot.
pub(super) fn with_operator(draft: &Draft, slot: &Slot, operator: &str, operand: &str) -> Draft {
    let operand = if operator.ends_with("in") { json!([operand]) } else { json!(operand) };
    match slot {
        Slot::Query(name) => draft.without(slot).with(&Slot::Query(format!("{name}[{operator}]")), operand),
        _ => draft.with(slot, json!({ operator: operand })),
    }
}

/// Whether one answer lists more than the other, or serves where the other finds nothing.
fn finds_more(yes: &Reply, no: &Reply) -> bool {
    let length = |reply: &Reply| reply.value.as_ref().and_then(list_length);
    if !yes.is_served {
        return false;
    }
    match (no.is_served, length(yes), length(no)) {
        (true, Some(yes), Some(no)) => yes > no,
        (false, ..) => no.status() == 404,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_stands_in_brackets_in_a_query_and_as_an_object_in_a_body() {
        let draft = Draft {
            query: vec![("a".into(), json!("x"))],
            body: Some(json!({ "f": { "b": "y" } })),
            ..Draft::empty(0)
        };
        let query = with_operator(&draft, &Slot::Query("a".into()), "$ne", "z");
        assert_eq!(query.query, [("a[$ne]".to_owned(), json!("z"))]);
        let body = with_operator(&draft, &Slot::Body("/f/b".into()), "$in", "z");
        assert_eq!(body.body, Some(json!({ "f": { "b": { "$in": ["z"] } } })));
    }

    #[test]
    fn members_that_say_whose_come_first() {
        let value = json!({ "data": [{ "id": 1, "title": "a", "ownerId": 2, "tags": [] }], "total": 1 });
        assert_eq!(members(&value), ["ownerId", "id", "title"]);
        assert_eq!(members(&json!({ "id": 1 })), [""; 0]);
    }
}
