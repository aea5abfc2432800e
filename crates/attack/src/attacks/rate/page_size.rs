//! Pages as long as the attacker likes.

use report::Level;
use serde_json::Value;

use crate::answer::{Reply, list_length, values};
use crate::attack::{Attack, Hole, Tried};
use crate::census::Control;
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::request::Slot;
use crate::surface::shape::fold;

pub(super) const ATTACK: Attack = Attack {
    name: "resource-limit",
    door: GuideDoor::RateLimiting,
    shut_by: ShutBy::Code,
    thought: "If I ask for a hundred million entries on one page, is there anything that holds me back?",
    level: Level::Medium,
    references: &["CWE-770", "API4:2023"],
    mend_in_code: "Hold the size of a page between 1 and a maximum, and refuse or cut what is beyond.",
    mend_at_gate: "Declare minimum and maximum for the parameter in the document: the schema door holds to them.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// Names of the size of a page.
const NAMES: [&str; 20] = [
    "limit",
    "perpage",
    "pagesize",
    "size",
    "first",
    "count",
    "take",
    "top",
    "max",
    "maxresults",
    "length",
    "rows",
    "num",
    "itemsperpage",
    "resultsperpage",
    "pagelimit",
    "pagelength",
    "numresults",
    "maxitems",
    "n",
];

/// A size that no page has.
const HUGE: u64 = 100_000_000;
/// More entries than a page of people has: whoever caps, caps at this or below.
const A_PAGE: usize = 100;
/// More entries than any page has.
const ANY_PAGE: usize = 1000;

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    for control in p.controls() {
        let endpoint = p.surface.endpoint(control.endpoint);
        if !endpoint.is_read() || control.reply.value.as_ref().and_then(list_length).is_none() {
            continue;
        }
        for slot in control.slots(endpoint) {
            if matches!(slot, Slot::Query(_) | Slot::Body(_)) && NAMES.contains(&fold(slot.name()).as_str()) {
                let result = try_slot(p, &control, &slot, tried).await;
                tried.take(result)?;
            }
        }
    }
    if tried.holes.is_empty() && tried.shut == 0 {
        tried.not_tried("no operation lets the client choose the size of a page");
    }
    Ok(())
}

async fn try_slot(p: &Prober<'_>, control: &Control, slot: &Slot, tried: &mut Tried) -> Result<(), Stop> {
    let operation = p.surface.endpoint(control.endpoint).name();
    let ask = async |size: Value| -> Result<Reply, Stop> {
        p.ask(&control.draft.with(slot, size), control.who).await
    };
    let ordinary = p.ask(&control.draft.without(slot), control.who).await?;
    let one = ask(1.into()).await?;
    // The ordinary request must be served, and the slot must be what it is called.
    let (Some(usual), Some(1)) = (length(&ordinary), length(&one)) else {
        tried.not_tried(format!("{operation}, {slot}: it does not set the size of the page"));
        return Ok(());
    };
    let huge = ask(HUGE.into()).await?;
    let most = most_of(p, control, slot);
    if length(&huge).is_some() {
        if let Some(proof) = proof(&huge, most)
            && let again = ask(HUGE.into()).await?
            && self::proof(&again, most).is_some()
        {
            let (message, level) = proof;
            tried.open(Hole {
                level: Some(level),
                ..Hole::shown(operation, slot, message, &ordinary, &again)
            });
            return Ok(());
        }
        let total = huge.value.as_ref().and_then(total);
        match total.is_some_and(|total| length(&huge).is_some_and(|length| (length as u64) < total)) {
            true => tried.shut(&huge.seen),
            false => tried.unknown(format!("{operation}, {slot}: there are too few entries to tell a limit")),
        }
    } else {
        tried.shut(&huge.seen);
    }
    // What a limit is for, an odd number may get around.
    let capped = length(&huge).unwrap_or(usual).max(usual);
    for size in [-1, 0] {
        let reply = ask(size.into()).await?;
        let longer = |reply: &Reply| {
            length(reply).is_some_and(|n| n > capped && (length(&huge).is_some() || n > A_PAGE))
        };
        if longer(&reply) && longer(&ask(size.into()).await?) {
            let message = format!(
                "a page of {size} has {} entries, more than the most that is served otherwise ({capped})",
                length(&reply).unwrap_or(0)
            );
            tried.open(Hole::shown(operation, slot, message, &ordinary, &reply));
            return Ok(());
        }
    }
    Ok(())
}

/// The most that the document allows.
fn most_of(p: &Prober<'_>, control: &Control, slot: &Slot) -> Option<f64> {
    let endpoint = p.surface.endpoint(control.endpoint);
    match slot {
        Slot::Query(name) => {
            endpoint.parameters.iter().find(|parameter| parameter.name == *name)?.shape.bounds.1
        }
        Slot::Body(at) => {
            endpoint.body.as_ref()?.shape.leaves().into_iter().find(|(leaf, _)| leaf == at)?.1.bounds.1
        }
        _ => None,
    }
}

fn length(reply: &Reply) -> Option<usize> {
    reply.value.as_ref().filter(|_| reply.is_served).and_then(list_length)
}

/// Why the answer to a huge size shows that there is no limit. A list that is shorter than any limit shows nothing.
fn proof(reply: &Reply, most: Option<f64>) -> Option<(String, Level)> {
    let value = reply.value.as_ref()?;
    let (length, total) = (length(reply)?, total(value));
    let is_all = total.is_none_or(|total| length as u64 >= total);
    if length >= ANY_PAGE {
        return Some((format!("one page has {length} entries"), Level::Medium));
    }
    if most.is_some_and(|most| length as f64 > most) {
        return Some((
            format!("one page has {length} entries, more than the document allows"),
            Level::Medium,
        ));
    }
    if is_all && echoes(value, reply) {
        return Some((
            format!("a page of {HUGE} entries is taken as it is: the answer says so itself"),
            Level::Medium,
        ));
    }
    // A number of entries that nobody would choose as a limit, and that is all there is.
    if is_all && length > A_PAGE && !length.is_multiple_of(50) {
        return Some((format!("one page has all {length} entries"), Level::Low));
    }
    None
}

/// How many entries there are in all, where an answer tells.
fn total(value: &Value) -> Option<u64> {
    let names = [
        "total",
        "totalcount",
        "totalitems",
        "totalresults",
        "totalelements",
        "totalrecords",
        "recordstotal",
        "found",
        "totalhits",
    ];
    let outside = values::objects(value).into_iter().filter(|found| !found.is_listed && found.depth <= 2);
    let mut members = outside.flat_map(|found| found.members.iter());
    members.find(|(name, _)| names.contains(&fold(name).as_str())).and_then(|(_, value)| value.as_u64())
}

/// Whether an answer says that this is the size of its page.
fn echoes(value: &Value, reply: &Reply) -> bool {
    let outside = values::objects(value).into_iter().filter(|found| !found.is_listed && found.depth <= 2);
    let is_size = |(name, value): (&String, &Value)| {
        NAMES.contains(&fold(name).as_str()) && value.as_u64() == Some(HUGE)
    };
    let is_in_body = outside.flat_map(|found| found.members.iter()).any(is_size);
    is_in_body || reply.answer.header("x-per-page").is_some_and(|size| size.trim() == HUGE.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_total_stands_beside_the_entries_and_not_in_them() {
        for (value, expected) in [
            (json!({ "items": [], "total": 7 }), Some(7)),
            (json!({ "data": [], "meta": { "pagination": { "total": 8 } } }), Some(8)),
            (json!({ "items": [{ "total": 9 }] }), None),
            (json!([{ "total": 9 }]), None),
        ] {
            assert_eq!(total(&value), expected, "{value}");
        }
    }
}
