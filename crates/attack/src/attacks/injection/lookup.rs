//! Look-ups that the client names: query parameters that go to an object mapper as they came.
//!
//! Whoever may write `owner__password__startswith=` reads letter by letter what no answer shows.

use report::Level;
use serde_json::{Map, Value};

use crate::answer::Reply;
use crate::answer::values::objects;
use crate::attack::{Attack, Hole, Tried};
use crate::census::Control;
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::request::Slot;
use crate::surface::shape::fold;
use crate::surface::{Endpoint, Place};

pub(super) const ATTACK: Attack = Attack {
    name: "filter-lookup",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "Do names of parameters that are in no document reach the object mapper as conditions?",
    level: Level::High,
    references: &["CWE-943", "API3:2023"],
    mend_in_code: "Name the filters of a list one by one, and hand no dictionary of the request to the object mapper.",
    mend_at_gate: "With a document, [schema] unknown_parameters strips query parameters that it does not have; `refuse` answers 400.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// How object mappers spell that a member begins with a text.
const SPELLINGS: [(&str, &str); 2] = [("", "__startswith"), ("q[", "_start]")];
/// What no text begins with.
const NOTHING: &str = "zqx7kw";
/// The most members that are tried of one list.
const MAX_MEMBERS: usize = 2;

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    for control in p.controls() {
        let endpoint = p.surface.endpoint(control.endpoint);
        if !endpoint.is_read() || endpoint.graphql.is_some() || !p.may_ask(control.endpoint) {
            continue;
        }
        let result = try_list(p, endpoint, &control, tried).await;
        tried.take(result)?;
    }
    if tried.holes.is_empty() && tried.shut == 0 {
        tried.not_tried("no list has texts to look up");
    }
    Ok(())
}

async fn try_list(
    p: &Prober<'_>,
    endpoint: &Endpoint,
    control: &Control,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let Some(value) = &control.reply.value else { return Ok(()) };
    for (member, prefix) in texts(value).into_iter().take(MAX_MEMBERS) {
        for (before, behind) in SPELLINGS {
            let name = format!("{before}{member}{behind}");
            if is_declared(endpoint, &name) {
                continue;
            }
            let ask = async |name: &str, text: &str| {
                let draft = control.draft.with(&Slot::Query(name.to_owned()), text);
                p.ask(&draft, control.who).await
            };
            let none = ask(&name, NOTHING).await?;
            if count(&none, &member) != Some(0) {
                tried.shut(&none.seen);
                continue;
            }
            // A name that is nothing's must not empty the list: some answer so to all that they do not know.
            let unknown = ask(&format!("{before}{NOTHING}{behind}"), NOTHING).await?;
            let some = ask(&name, &prefix).await?;
            let again = ask(&name, NOTHING).await?;
            if count(&unknown, &member) != Some(0)
                && all_begin(&some, &member, &prefix)
                && count(&again, &member) == Some(0)
                && all_begin(&ask(&name, &prefix).await?, &member, &prefix)
            {
                let message =
                    format!("`{name}` is a condition of the look-up, and no parameter of the document");
                let slot = Slot::Query(name);
                tried.open(Hole::shown(endpoint.name(), slot, message, &some, &none));
                return Ok(());
            }
        }
    }
    Ok(())
}

fn is_declared(endpoint: &Endpoint, name: &str) -> bool {
    let mut query = endpoint.parameters.iter().filter(|parameter| parameter.place == Place::Query);
    query.any(|parameter| fold(&parameter.name) == fold(name))
}

/// The objects of the outermost list.
fn listed(value: &Value) -> Vec<&Map<String, Value>> {
    let all = objects(value);
    let least = all.iter().filter(|found| found.is_listed).map(|found| found.depth).min();
    all.iter()
        .filter(|found| found.is_listed && Some(found.depth) == least)
        .map(|found| found.members)
        .collect()
}

/// Members with texts, each with what one of them begins with.
fn texts(value: &Value) -> Vec<(String, String)> {
    let Some(first) = listed(value).into_iter().next() else { return Vec::new() };
    let prefix = |text: &str| -> Option<String> {
        let prefix: String = text.chars().take(3).collect();
        (prefix.len() == 3 && prefix.chars().all(|c| c.is_ascii_alphabetic())).then_some(prefix)
    };
    first.iter().filter_map(|(name, value)| Some((name.clone(), prefix(value.as_str()?)?))).collect()
}

/// How many objects a served list has; `None` where it is none.
fn count(reply: &Reply, member: &str) -> Option<usize> {
    let value = reply.value.as_ref().filter(|_| reply.is_served)?;
    let has_list = value.is_array() || value.as_object()?.values().any(Value::is_array);
    has_list.then(|| listed(value).iter().filter(|object| object.contains_key(member)).count())
}

fn all_begin(reply: &Reply, member: &str, prefix: &str) -> bool {
    let begins = |object: &&Map<String, Value>| {
        object.get(member).and_then(Value::as_str).is_some_and(|text| text.starts_with(prefix))
    };
    let Some(value) = reply.value.as_ref().filter(|_| reply.is_served) else { return false };
    let all = listed(value);
    !all.is_empty() && all.iter().all(begins)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_looked_up_by_what_they_begin_with() {
        for (answer, expected) in [
            (json!({ "results": [{ "id": 1, "title": "Winter" }] }), Some(("title", "Win"))),
            (json!([{ "id": "9f0d", "name": "Ada" }]), Some(("name", "Ada"))),
            (json!([{ "id": "9f0d", "name": "x" }]), None),
            (json!({ "title": "Winter" }), None),
        ] {
            let found = texts(&answer).into_iter().next();
            let expected = expected.map(|(name, prefix)| (name.to_owned(), prefix.to_owned()));
            assert_eq!(found, expected, "{answer}");
        }
    }
}
