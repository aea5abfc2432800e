//! Answers with more than who asks should see.

use serde_json::{Map, Value};

use crate::answer::Reply;
use crate::answer::values::{Found, objects};
use crate::attack::{Attack, Hole, Tried};
use crate::census::fill::path_parameters;
use crate::census::pool::Owned;
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::request::{Draft, Slot, scalar_text};
use crate::surface::sensitive::{is_hash, is_password, is_people, is_personal, is_shown};
use crate::surface::shape::fold;
use crate::surface::{Endpoint, Role};
use crate::who::Who;
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "data-exposure",
    door: GuideDoor::MassAssignment,
    shut_by: ShutBy::Code,
    thought: "Do answers have members that I should not see, such as hashes of passwords?",
    level: Level::High,
    references: &["CWE-213", "CWE-200", "API3:2023"],
    mend_in_code: "Answer with a type of its own that has what the caller may see, never with the row of the database.",
    mend_at_gate: "[schema] `responses` strips what the document does not have; declare what each answer may have.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// Something that an answer shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Shown {
    /// Whether it is a password, or the hash of one.
    is_password: bool,
    /// The member.
    name: String,
}

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let mut known: Vec<Shown> = Vec::new();
    for (at, endpoint) in p.surface.endpoints.iter().enumerate() {
        if endpoint.role != Role::Ordinary && endpoint.role != Role::Register {
            continue;
        }
        let result = try_operation(p, at, endpoint, &mut known, tried).await;
        tried.take(result)?;
    }
    Ok(())
}

async fn try_operation(
    p: &Prober<'_>,
    at: usize,
    endpoint: &Endpoint,
    known: &mut Vec<Shown>,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let control = [Who::Nobody, Who::Attacker, Who::Victim].into_iter().find_map(|who| p.control(at, who));
    let Some(control) = control.filter(|control| control.who != Who::Victim) else { return Ok(()) };
    let who = control.who;
    let selves = p.selves(who);
    let mut replies = Vec::new();
    match endpoint.is_read() {
        true => {
            for draft in about_people(p, endpoint, &control.draft) {
                replies.push(p.ask(&draft, who).await?);
            }
        }
        false => replies.push(control.reply.clone()),
    }
    for reply in replies {
        let mut shown = shown(endpoint, &reply, who, &selves);
        if endpoint.graphql.is_some() {
            shown.retain(|one| !known.contains(one));
        }
        if shown.is_empty() {
            if reply.is_served && reply.value.is_some() {
                tried.shut(&reply.seen);
            }
            continue;
        }
        if endpoint.is_read() {
            let again = self::shown(endpoint, &p.ask(&reply.draft, who).await?, who, &selves);
            shown.retain(|one| again.contains(one));
        }
        report(endpoint, &shown, &control.reply, &reply, who, tried);
        known.extend(shown);
        break;
    }
    Ok(())
}

/// The ordinary request, and the same about other people.
fn about_people(p: &Prober<'_>, endpoint: &Endpoint, draft: &Draft) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let slot = match path_parameters(&endpoint.path).last() {
        Some((name, before)) if is_people(before) => {
            Some((Slot::Path((*name).to_owned()), (*before).to_owned()))
        }
        None if endpoint.graphql.is_some() && is_people(&endpoint.collection()) => {
            let is_id = |slot: &Slot| crate::answer::values::is_id_name(slot.name());
            draft.slots().into_iter().find(is_id).map(|slot| (slot, endpoint.collection()))
        }
        _ => None,
    };
    if let Some((slot, hint)) = slot {
        for who in [Who::Victim, Who::Administrator] {
            let other = p.candidates(slot.name(), &hint, Owned::By(who)).into_iter().next();
            let value = other.and_then(|known| scalar_text(&known.value).map(|text| (known.value, text)));
            drafts.extend(value.map(|(value, text)| match slot {
                Slot::Path(_) => draft.with(&slot, text),
                _ => draft.with(&slot, value),
            }));
        }
    }
    drafts.push(draft.clone());
    drafts
}

/// What an answer shows that it should not.
fn shown(endpoint: &Endpoint, reply: &Reply, who: Who, selves: &[String]) -> Vec<Shown> {
    let Some(value) = reply.value.as_ref().filter(|_| reply.is_served) else { return Vec::new() };
    let mut all: Vec<Shown> = Vec::new();
    for found in objects(value) {
        for (name, value) in found.members {
            let text = value.as_str().unwrap_or("");
            // What was sent may come back: that is no hash.
            let is_sent =
                reply.draft.slots().iter().any(|slot| reply.draft.text(slot).as_deref() == Some(text));
            let holds_password = is_password(name)
                && text.len() >= 4
                && is_shown(value)
                && (is_hash(text) || endpoint.is_read())
                || text.len() > 20
                    && !text.contains(' ')
                    && is_hash(text)
                    && text.starts_with(['$', 'p', 's', '{'])
                    && text.contains(['$', ':', '}']);
            if holds_password && !is_sent {
                all.push(Shown { is_password: true, name: name.clone() });
            }
        }
        let tells =
            !is_declared_so(endpoint, who) && endpoint.is_read() && is_of_another(endpoint, &found, selves);
        if tells {
            let personal = found
                .members
                .iter()
                .filter(|(name, value)| is_personal(name) && is_shown(value) && !value.is_boolean());
            let beyond = personal.filter(|(name, _)| !is_declared(endpoint, name));
            all.extend(beyond.map(|(name, _)| Shown { is_password: false, name: name.clone() }));
        }
    }
    all.sort();
    all.reverse();
    all.dedup();
    all
}

/// Whether nothing can be said of what goes beyond the document: it does not say what is answered, and the caller has an
/// account.
fn is_declared_so(endpoint: &Endpoint, who: Who) -> bool {
    endpoint.graphql.is_none()
        && who != Who::Nobody
        && endpoint.response.as_ref().is_none_or(|shape| shape.leaves().is_empty() || has_no_names(shape))
}

/// Whether a response is declared as anything.
fn has_no_names(shape: &crate::surface::Shape) -> bool {
    shape
        .leaves()
        .iter()
        .all(|(at, _)| at.split('/').all(|part| part.is_empty() || part.parse::<usize>().is_ok()))
}

/// Whether the document says that answers have a member.
fn is_declared(endpoint: &Endpoint, name: &str) -> bool {
    fn has(shape: &crate::surface::Shape, name: &str, depth: usize) -> bool {
        depth > 0
            && shape
                .properties()
                .iter()
                .any(|field| fold(&field.name) == name || has(&field.shape, name, depth - 1))
    }
    endpoint.graphql.is_none() && endpoint.response.as_ref().is_some_and(|shape| has(shape, &fold(name), 6))
}

/// Whether an object is a person, and not the one who asks.
fn is_of_another(endpoint: &Endpoint, found: &Found<'_>, selves: &[String]) -> bool {
    let named = |names: &[&str]| found.members.keys().any(|name| names.contains(&fold(name).as_str()));
    let collection = if found.depth == 0 || found.name == "data" || found.name == "items" {
        endpoint.collection()
    } else {
        found.name.to_owned()
    };
    let is_person = is_people(&collection)
        || ["owner", "author", "creator", "seller", "reviewer", "assignee"]
            .contains(&fold(found.name).as_str())
        || named(&["username", "firstname", "fullname", "passwordhash", "hashedpassword"]);
    is_person && has_identity(found.members) && !is_self(found.members, selves)
}

fn has_identity(members: &Map<String, Value>) -> bool {
    members
        .keys()
        .any(|name| ["id", "uuid", "username", "name", "fullname", "login"].contains(&fold(name).as_str()))
}

fn is_self(members: &Map<String, Value>, selves: &[String]) -> bool {
    let is_mine = |name: &str, value: &Value| {
        ["id", "uuid", "username", "email", "login", "userid"].contains(&fold(name).as_str())
            && scalar_text(value).is_some_and(|text| selves.contains(&text))
    };
    members.iter().any(|(name, value)| is_mine(name, value))
}

fn report(
    endpoint: &Endpoint,
    shown: &[Shown],
    ordinary: &Reply,
    reply: &Reply,
    who: Who,
    tried: &mut Tried,
) {
    let whom = if who == Who::Nobody { "nobody" } else { "an ordinary account" };
    let open = |some: &[&Shown], tried: &mut Tried| {
        let Some(first) = some.first() else { return };
        let names: Vec<String> = some.iter().map(|one| format!("`{}`", one.name)).collect();
        let what =
            if first.is_password { "passwords or their hashes" } else { "what people tell few others" };
        let message = format!("the answer to {whom} has {what}: {}", names.join(", "));
        let hole = Hole::shown(endpoint.name(), format!("answer {}", first.name), message, ordinary, reply);
        tried.open(Hole { level: (!first.is_password).then_some(Level::Medium), ..hole });
    };
    let all: Vec<&Shown> = shown.iter().collect();
    if endpoint.graphql.is_none() {
        open(&all, tried);
        return;
    }
    // In a schema, each field is a cause of its own.
    all.iter().for_each(|one| open(&[one], tried));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_knows_oneself_by_a_name_and_not_by_a_number_of_something_else() {
        let selves = ["7".to_owned(), "alice".to_owned()];
        for (object, expected) in [
            (json!({ "id": 7, "email": "a@b" }), true),
            (json!({ "username": "alice" }), true),
            (json!({ "id": 8, "credit": 7 }), false),
        ] {
            assert_eq!(is_self(object.as_object().unwrap(), &selves), expected, "{object}");
        }
    }
}
