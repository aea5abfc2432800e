//! A short query that goes round in circles.

use std::time::Duration;

use report::Level;
use serde_json::{Map, Value};

use super::ask::{ask, data};
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::surface::Graphql;

pub(super) const ATTACK: Attack = Attack {
    name: "graphql-depth",
    door: GuideDoor::RateLimiting,
    shut_by: ShutBy::Code,
    thought: "How deep may I nest a query whose types lead back to themselves?",
    level: Level::Medium,
    references: &["CWE-674", "CWE-400", "API4:2023"],
    mend_in_code: "Limit the depth of queries to what clients need, and what they cost in all.",
    mend_at_gate: "Set [protocol.graphql] max_depth and max_fields to what clients need.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// How deep it is tried: deeper than any client needs.
const DEEPEST: usize = 15;
/// How much deeper each query is than the one before.
const STEP: usize = 2;
/// The largest answer that is asked for.
const LARGEST: usize = 512 * 1024;
/// The longest that an answer should take.
const LONGEST: Duration = Duration::from_millis(1500);

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let controls = p.controls();
    let served = p.surface.cycles.iter().find_map(|cycle| {
        let is_it = |at: usize| {
            p.surface.endpoint(at).graphql.as_ref().is_some_and(|f| f.name == cycle.root)
                && p.surface.endpoint(at).is_read()
        };
        let control = controls.iter().find(|control| is_it(control.endpoint))?;
        Some((cycle, control))
    });
    let Some((cycle, control)) = served else {
        tried
            .not_tried("there is no GraphQL whose types lead back to themselves from a query that is served");
        return Ok(());
    };
    let endpoint = p.surface.endpoint(control.endpoint);
    let Some(field) = &endpoint.graphql else { return Ok(()) };
    let arguments = match control.draft.settled().body {
        Some(Value::Object(arguments)) => arguments,
        _ => Map::new(),
    };
    let ask_at = async |depth: usize, answered: usize| -> Result<Option<Reply>, Stop> {
        let nested = Graphql { selection: cycle.selection(depth, answered), ..field.clone() };
        let reply = ask(p, &nested.request(&arguments), control.who).await?;
        Ok(reply.filter(|reply| data(reply).is_some()))
    };
    // As deep as answers stay small, for those that grow from level to level.
    let mut answered: Option<(usize, Reply)> = None;
    for depth in (STEP..DEEPEST).step_by(STEP) {
        let Some(reply) = ask_at(depth, depth).await? else { break };
        let next =
            foreseen(answered.as_ref().map(|(_, reply)| reply.answer.body.len()), reply.answer.body.len());
        let is_long = reply.took * 3 > LONGEST;
        answered = Some((depth, reply));
        if next > LARGEST || is_long {
            break;
        }
    }
    let Some((answered, ordinary)) = answered else {
        tried.not_tried(format!("{}: not even a shallow query is served", endpoint.name()));
        return Ok(());
    };
    // What is deeper is asked for, and left out of the answer.
    match (ask_at(DEEPEST, answered).await?, ask_at(DEEPEST, answered).await?) {
        (Some(reply), Some(_)) => {
            let circle = cycle.circle.join(".");
            let message = format!(
                "a query of {DEEPEST} levels of `{circle}` is taken; {answered} of them answer with {} bytes",
                ordinary.answer.body.len()
            );
            tried.open(Hole::shown(endpoint.name(), "depth", message, &ordinary, &reply));
        }
        (None, None) => tried.shut(&ordinary.seen),
        _ => tried.unknown(format!("{}: it is served now and then", endpoint.name())),
    }
    Ok(())
}

/// How large the next answer will be, if answers grow on as they did.
fn foreseen(before: Option<usize>, now: usize) -> usize {
    match before {
        Some(before) => now.saturating_mul(now / before.max(1) + 1),
        None => now.saturating_mul(now / 200 + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_grow_are_not_followed() {
        for (before, now, is_large) in [
            (None, 100, false),
            (None, 20_000, true),
            (Some(100), 200, false),
            (Some(2_000), 100_000, true),
            (Some(0), 0, false),
        ] {
            assert_eq!(foreseen(before, now) > LARGEST, is_large, "{before:?} {now}");
        }
    }
}
