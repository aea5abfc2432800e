//! The whole schema, for everybody.

use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use report::Level;
use serde_json::Value;

use super::ask::{ask_query, served_at};
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::probe::Probe;
use crate::prober::{Prober, Stop};
use crate::request::Draft;
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "graphql-introspection",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "Will the server tell me every field that it has, also those that no client uses?",
    level: Level::Low,
    references: &["CWE-200", "API8:2023", "API9:2023"],
    mend_in_code: "Switch introspection off in production, unless the schema is public on purpose.",
    mend_at_gate: "Set [protocol.graphql] introspection = \"refuse\".",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// Questions for the schema: as tools ask, and as filters overlook.
const QUESTIONS: [&str; 5] = [
    "{ __schema { types { name } } }",
    "query Tools { __schema\n{ types { name } } }",
    "{ alias: __schema { types { name } } }",
    "{ ...F } fragment F on Query { __schema { types { name } } }",
    "{ __type(name: \"Query\") { name fields { name } } }",
];

pub(super) async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let Some(ordinary) = ask_query(p, "{ __typename }", Who::Nobody).await? else {
        tried.not_tried("there is no GraphQL");
        return Ok(());
    };
    let account = p.people().into_iter().next();
    for (nth, question) in QUESTIONS.into_iter().enumerate() {
        for who in [Who::Nobody].into_iter().chain(account.filter(|_| nth == 0)) {
            let Some(reply) = ask_query(p, question, who).await? else { continue };
            if tells_schema(&reply) {
                let again = ask_query(p, question, who).await?;
                if again.is_some_and(|again| tells_schema(&again)) {
                    let whom = if who == Who::Nobody { "everybody" } else { "every account" };
                    let message = format!("the schema is shown to {whom}: `{}`", question.replace('\n', " "));
                    let mut hole = Hole::shown("query __schema", "", message, &ordinary, &reply);
                    if who != Who::Nobody {
                        // Those who write clients need it, and have an account.
                        hole.level = Some(Level::Info);
                    }
                    tried.open(hole);
                    return Ok(());
                }
            }
            tried.shut(&reply.seen);
        }
    }
    let Some((at, path)) = served_at(p) else { return Ok(()) };
    let target = format!("{path}?query={}", utf8_percent_encode(QUESTIONS[0], NON_ALPHANUMERIC));
    let probe = Probe { method: Method::GET, ..Probe::get(target) };
    let reply = p.ask_as(Draft::empty(at), probe, Who::Nobody).await?;
    match tells_schema(&reply) {
        true => tried.open(Hole::shown(
            "query __schema",
            "",
            "the schema is shown to everybody by GET",
            &ordinary,
            &reply,
        )),
        false => tried.shut(&reply.seen),
    }
    Ok(())
}

/// Whether an answer has types or fields of the schema.
pub(super) fn tells_schema(reply: &Reply) -> bool {
    let Some(whole) = reply.answer.json() else { return false };
    let has = |at: &str, list: &str| {
        whole
            .pointer(at)
            .and_then(|inner| inner.get(list))
            .and_then(Value::as_array)
            .is_some_and(|list| !list.is_empty())
    };
    has("/data/__schema", "types") || has("/data/alias", "types") || has("/data/__type", "fields")
}
