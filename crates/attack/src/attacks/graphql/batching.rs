//! A list of operations in one request.

use report::Level;
use serde_json::{Value, json};

use super::ask::{ask, ask_query, served_at};
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "graphql-batching",
    door: GuideDoor::RateLimiting,
    shut_by: ShutBy::Code,
    thought: "How many operations will one request carry past a limit of requests?",
    level: Level::Medium,
    references: &["CWE-770", "CWE-799", "API4:2023"],
    mend_in_code: "Refuse lists of operations, or allow a few and count each.",
    mend_at_gate: "Set [protocol.graphql] max_batch to what clients need, and a limit `costing graphql`.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// More operations than a client of people needs at once.
const MANY: usize = 60;

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let who = p.people().into_iter().next().unwrap_or(Who::Nobody);
    let query = "{ __typename }";
    let (Some(ordinary), Some((_, path))) = (ask_query(p, query, who).await?, served_at(p)) else {
        tried.not_tried("there is no GraphQL");
        return Ok(());
    };
    if super::ask::data(&ordinary).is_none() {
        tried.not_tried("an ordinary query is not served");
        return Ok(());
    }
    for count in [2, MANY, MANY] {
        let list = Value::Array(vec![json!({ "query": query }); count]);
        let Some(reply) = ask(p, &list, who).await? else { return Ok(()) };
        if answers(&reply) != count {
            tried.shut(&reply.seen);
            return Ok(());
        }
        if count == MANY {
            let message = format!("{MANY} operations in one request are all served");
            tried.open(Hole::shown(format!("POST {path}"), "body", message, &ordinary, &reply));
        }
    }
    Ok(())
}

/// How many operations were answered with data.
fn answers(reply: &Reply) -> usize {
    let json = reply.answer.json().unwrap_or_default();
    let has_data = |answer: &&Value| answer.get("data").is_some_and(Value::is_object);
    json.as_array().map_or(0, |list| list.iter().filter(has_data).count())
}
