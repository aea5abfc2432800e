//! Another account's object among one's own: a parameter that takes many ids.

use serde_json::Value;

use super::administrative::Powers;
use super::aim::reads;
use super::privacy::{self, Privacy};
use crate::attack::{Attack, Hole, Tried};
use crate::census::pool::Owned;
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::request::{Draft, Slot, scalar_text};
use crate::surface::shape::{fold, singular};
use crate::surface::{Endpoint, Kind, Place};
use crate::who::Who;
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "bola-batch",
    door: GuideDoor::ObjectOwnership,
    shut_by: ShutBy::Code,
    thought: "If I ask for many objects by their ids, may one of them be another account's?",
    level: Level::High,
    references: &["CWE-639", "API1:2023"],
    mend_in_code: "Filter what a list of ids finds by the account that asks, in the query of the database.",
    mend_at_gate: "Name the list of ids with `objects` of a [[route]]: each of them is checked.",
    run: |p, tried| Box::pin(run(p, tried)),
};

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
        for (slot, is_list) in slots(endpoint) {
            let result = try_slot(p, at, endpoint, &slot, is_list, &privacy, tried).await;
            tried.take(result)?;
        }
    }
    Ok(())
}

/// The parameters and members that take many ids, and whether they are lists.
fn slots(endpoint: &Endpoint) -> Vec<(Slot, bool)> {
    let is_many = |name: &str| {
        let folded = fold(name);
        ["ids", "uuids", "numbers", "slugs"].iter().any(|end| folded.ends_with(end))
    };
    let queries = endpoint.parameters.iter().filter(|one| one.place == Place::Query && is_many(&one.name));
    let queries = queries.map(|one| (Slot::Query(one.name.clone()), matches!(one.shape.kind, Kind::List(_))));
    let fields = endpoint.body.iter().flat_map(|body| body.shape.properties());
    let fields = fields.filter(|field| is_many(&field.name));
    let fields = fields.map(|field| {
        (Slot::Body(format!("/{}", openapi::escape(&field.name))), matches!(field.shape.kind, Kind::List(_)))
    });
    queries.chain(fields).collect()
}

async fn try_slot(
    p: &Prober<'_>,
    at: usize,
    endpoint: &Endpoint,
    slot: &Slot,
    is_list: bool,
    privacy: &Privacy,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let name = singular(slot.name());
    let hint = endpoint.collection();
    let first = |owned| p.candidates(&name, &hint, owned).into_iter().next().map(|known| known.value);
    let theirs = p.candidates(&name, &hint, Owned::Usable(Who::Victim)).into_iter();
    let theirs = theirs
        .map(|known| (known.collection, known.value))
        .find(|(collection, id)| privacy.is_private(collection, id));
    let base = match p.control(at, Who::Attacker) {
        Some(control) => control.draft.clone(),
        None => Draft::empty(at),
    };
    let (Some(own), Some((_, theirs))) = (first(Owned::By(Who::Attacker)), theirs) else {
        tried.not_tried(format!("{}, {slot}: no ids of both accounts", endpoint.name()));
        return Ok(());
    };
    let many = |ids: &[&Value]| match is_list {
        true => Value::Array(ids.iter().map(|id| (*id).clone()).collect()),
        false => ids.iter().filter_map(|id| scalar_text(id)).collect::<Vec<_>>().join(",").into(),
    };
    let ordinary = p.ask(&base.with(slot, many(&[&own])), Who::Attacker).await?;
    if !ordinary.is_served || privacy.shown_in(endpoint, &ordinary).is_some() {
        tried.not_tried(format!("{}, {slot}: the ordinary request is not served", endpoint.name()));
        return Ok(());
    }
    let draft = base.with(slot, many(&[&own, &theirs]));
    let reply = p.ask(&draft, Who::Attacker).await?;
    if privacy.shown_in(endpoint, &reply).is_none() {
        tried.shut(&reply.seen);
        return Ok(());
    }
    let again = p.ask(&draft, Who::Attacker).await?;
    let by_nobody = p.ask(&draft, Who::Nobody).await?;
    if let Some(object) = privacy.shown_in(endpoint, &again)
        && privacy.shown_in(endpoint, &by_nobody).is_none()
    {
        let message = format!(
            "among own ids, one of the victim is served: no list of the attacker shows `{}`",
            object.collection
        );
        tried.open(Hole::shown(endpoint.name(), slot, message, &ordinary, &reply));
    }
    Ok(())
}
