//! A line end in a value that comes back in a header.

use report::Level;

use super::redirect::targets;
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop, token};
use crate::request::{Draft, Slot};
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "header-injection",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "Does a line end in my value begin a header of the answer?",
    level: Level::High,
    references: &["CWE-113", "API8:2023"],
    mend_in_code: "Refuse line ends in what becomes a header, or use a server that does.",
    mend_at_gate: "The headers detector of the injection door refuses header names after a line end by default.",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let mut places: Vec<(Draft, Who, Slot)> = targets(p).await?;
    for control in p.controls() {
        let endpoint = p.surface.endpoint(control.endpoint);
        if !endpoint.is_read() || endpoint.graphql.is_some() {
            continue;
        }
        for slot in control.slots(endpoint) {
            let is_known =
                places.iter().any(|(draft, _, known)| draft.endpoint == control.endpoint && *known == slot);
            if !is_known {
                places.push((control.with_slot(endpoint, &slot), control.who, slot));
            }
        }
    }
    for (draft, who, slot) in places {
        let result = try_slot(p, &draft, who, &slot, tried).await;
        tried.take(result)?;
    }
    if tried.shut == 0 && tried.holes.is_empty() {
        tried.not_tried("no value comes back in a header");
    }
    Ok(())
}

async fn try_slot(
    p: &Prober<'_>,
    draft: &Draft,
    who: Who,
    slot: &Slot,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let mark = token();
    let control = p.ask(&draft.with(slot, format!("/{mark}")), who).await?;
    let comes_back = |reply: &Reply| {
        reply.answer.headers.values().any(|value| value.to_str().is_ok_and(|text| text.contains(&mark)))
    };
    if !comes_back(&control) {
        return Ok(());
    }
    for end in ["\r\n", "\n", "\u{560d}\u{560a}"] {
        let mut shown = false;
        for _ in 0..2 {
            let name = format!("x-{}", token());
            let attack = p.ask(&draft.with(slot, format!("/{mark}{end}{name}: 1")), who).await?;
            if !attack.answer.headers.contains_key(&name) {
                tried.shut(&attack.seen);
                break;
            }
            if shown {
                let operation = p.surface.endpoint(draft.endpoint).name();
                let message = "a line end in the value begins another header of the answer";
                tried.open(Hole::shown(operation, slot, message, &control, &attack));
                return Ok(());
            }
            shown = true;
        }
    }
    Ok(())
}
