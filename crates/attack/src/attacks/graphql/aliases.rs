//! One field a hundred times in one query, under as many names.

use report::Level;
use serde_json::{Map, Value};

use super::ask::{aliased, ask, data};
use crate::answer::list_length;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};

pub(super) const ATTACK: Attack = Attack {
    name: "graphql-aliases",
    door: GuideDoor::RateLimiting,
    shut_by: ShutBy::Code,
    thought: "Can one query ask the same costly question a hundred times?",
    level: Level::Low,
    references: &["CWE-770", "API4:2023"],
    mend_in_code: "Limit how many fields a query has at its top, or what it costs in all.",
    mend_at_gate: "Set [protocol.graphql] max_same and max_fields to what clients need.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// More of one field than a client of people needs.
const MANY: usize = 150;

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let queries = p.controls().into_iter().filter(|control| {
        let endpoint = p.surface.endpoint(control.endpoint);
        endpoint.graphql.is_some() && endpoint.is_read()
    });
    // A list costs most; a field that was quick stays so.
    let chosen = queries.min_by_key(|control| {
        let is_list = control.reply.value.as_ref().and_then(list_length).is_some();
        (!is_list, control.reply.took)
    });
    let Some(control) = chosen else {
        tried.not_tried("there is no GraphQL, or no query is served");
        return Ok(());
    };
    let endpoint = p.surface.endpoint(control.endpoint);
    let Some(field) = &endpoint.graphql else { return Ok(()) };
    let arguments = match control.draft.settled().body {
        Some(Value::Object(arguments)) => arguments,
        _ => Map::new(),
    };
    for (count, is_last) in [(1, false), (MANY, false), (MANY, true)] {
        let Some(reply) = ask(p, &aliased(field, &vec![arguments.clone(); count]), control.who).await? else {
            return Ok(());
        };
        let served = data(&reply)
            .and_then(|data| data.as_object().map(|data| data.values().filter(|v| !v.is_null()).count()));
        if served != Some(count) {
            match count {
                1 => tried.not_tried(format!("{}: it is not served under another name", endpoint.name())),
                _ => tried.shut(&reply.seen),
            }
            return Ok(());
        }
        if is_last {
            let message = format!("{MANY} of it in one query are all served");
            tried.open(Hole::shown(endpoint.name(), "aliases", message, &control.reply, &reply));
        }
    }
    Ok(())
}
