//! Members that only the server may set, sent by a client.

use serde_json::Value;

use super::candidates::{Candidate, Worth, candidates};
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::census::pool::root_id;
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop, unwrapped};
use crate::request::Draft;
use crate::surface::{Endpoint, Role};
use crate::who::Who;
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "mass-assignment",
    door: GuideDoor::MassAssignment,
    shut_by: ShutBy::Code,
    thought: "If I send a member that only the server sets, is it stored?",
    level: Level::High,
    references: &["CWE-915", "API3:2023"],
    mend_in_code: "Take from a request the members that this operation lets clients set, one by one; never the whole body.",
    mend_at_gate: "[schema] `unknown_properties` strips what the document does not have; take privileges out of the document.",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let result = registers(p, tried).await;
    tried.take(result)?;
    for (at, endpoint) in p.surface.endpoints.iter().enumerate() {
        if endpoint.is_read()
            || endpoint.is_removal()
            || endpoint.body.is_none()
            || endpoint.role != Role::Ordinary
            || !p.may_ask(at)
        {
            continue;
        }
        let result = match endpoint.is_creation() {
            true => creates(p, at, endpoint, tried).await,
            false => updates(p, at, endpoint, tried).await,
        };
        tried.take(result)?;
    }
    Ok(())
}

/// A new account with more than its due.
async fn registers(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let Some((at, ordinary)) = p.registration() else { return Ok(()) };
    let endpoint = p.surface.endpoint(at);
    let Some(plain) = p.register(&ordinary).await? else { return Ok(()) };
    let object = plain.view.as_ref().and_then(object_of).or_else(|| object_of(&plain.reply));
    let all = object.map(|object| candidates(p, endpoint, &ordinary, &object)).unwrap_or_default();
    for chosen in choices(&all) {
        let draft = with(&ordinary, &chosen, 0);
        let Some(registered) = p.register(&draft).await? else { continue };
        let has = |view: &Option<Reply>, reply: &Reply| {
            let object = view.as_ref().and_then(object_of).or_else(|| object_of(reply));
            taken(&chosen, object.as_ref(), 0)
        };
        let first = has(&registered.view, &registered.reply);
        if first.is_empty() {
            tried.shut(&registered.reply.seen);
            break;
        }
        let Some(again) = p.register(&draft).await? else { break };
        if has(&again.view, &again.reply) == first {
            open(endpoint, &first, &plain.reply, &registered.reply, tried);
        }
        break;
    }
    Ok(())
}

/// A new object with more than the client may say.
async fn creates(p: &Prober<'_>, at: usize, endpoint: &Endpoint, tried: &mut Tried) -> Result<(), Stop> {
    let Some(made) = p.make(at, Who::Attacker).await? else { return Ok(()) };
    let ordinary = p
        .control(at, Who::Attacker)
        .map(|control| control.draft.clone())
        .unwrap_or_else(|| made.reply.draft.clone());
    let Some(object) = object_of(&made.reply) else { return Ok(()) };
    let all = candidates(p, endpoint, &ordinary, &object);
    for chosen in choices(&all) {
        let draft = with(&ordinary, &chosen, 0);
        let mut rounds: Vec<(Vec<Candidate>, Reply)> = Vec::new();
        for _ in 0..2 {
            let reply = p.ask(&draft, Who::Attacker).await?;
            let Some(made) = p.made(reply.clone(), Who::Attacker) else { break };
            let mut object = object_of(&reply);
            for who in [Who::Attacker, Who::Victim] {
                if let Some(view) = p.view(&reply.draft, &made.id, who).await? {
                    object = Some(Value::Object(view.object));
                    break;
                }
            }
            rounds.push((taken(&chosen, object.as_ref(), 0), reply));
            if rounds.iter().any(|(taken, _)| taken.is_empty()) {
                break;
            }
        }
        match &rounds[..] {
            [] => continue,
            [(first, reply), (second, _)] if !first.is_empty() && first == second => {
                open(endpoint, first, &made.reply, reply, tried)
            }
            [.., (_, reply)] => tried.shut(&reply.seen),
        }
        break;
    }
    Ok(())
}

/// A change of more than the client may change: of an object that is made for it, or of the account's own, which gets
/// its value back.
async fn updates(p: &Prober<'_>, at: usize, endpoint: &Endpoint, tried: &mut Tried) -> Result<(), Stop> {
    let Some(control) = p.control(at, Who::Attacker) else {
        tried.not_tried(format!("{}: the ordinary request is not served", endpoint.name()));
        return Ok(());
    };
    let new = p.draft_on_new(at, Who::Attacker).await?.map(|(draft, _)| draft);
    let is_new = new.is_some();
    let ordinary = new.unwrap_or_else(|| control.draft.clone());
    let reply = p.ask(&ordinary, Who::Attacker).await?;
    let Some(object) = seen(p, &reply, Who::Attacker).await? else { return Ok(()) };
    let mut found: Vec<(Candidate, Reply)> = Vec::new();
    for candidate in candidates(p, endpoint, &ordinary, &object) {
        for nth in 0..candidate.wanted.len() {
            let target = target(p, at, &ordinary, is_new, &candidate).await?;
            let (attack, is_taken) = try_once(p, &target, &candidate, nth).await?;
            if !is_taken {
                tried.shut(&attack.seen);
                continue;
            }
            // Back to what it was: the second proof, where the object is still the attacker's.
            let back = p.ask(&target.with(&candidate.slot, candidate.now.clone()), Who::Attacker).await?;
            let now = seen(p, &back, Who::Attacker).await?;
            let is_restored = candidate.worth != Worth::Owner
                && now.is_some_and(|object| object.pointer(&candidate.at) == Some(&candidate.now));
            if is_restored || again(p, at, &ordinary, is_new, &candidate, nth).await? {
                found.push((candidate.clone(), attack));
            }
            break;
        }
    }
    if let Some((_, attack)) = found.last() {
        let all: Vec<Candidate> = found.iter().map(|(candidate, _)| candidate.clone()).collect();
        open(endpoint, &all, &reply, attack, tried);
    }
    Ok(())
}

/// What is changed: an object that is given away is no longer the attacker's, so each try has a new one.
async fn target(
    p: &Prober<'_>,
    at: usize,
    ordinary: &Draft,
    is_new: bool,
    candidate: &Candidate,
) -> Result<Draft, Stop> {
    if is_new && candidate.worth == Worth::Owner {
        return Ok(p.draft_on_new(at, Who::Attacker).await?.map_or(ordinary.clone(), |(draft, _)| draft));
    }
    Ok(ordinary.clone())
}

/// Sends a candidate, and looks whether it was taken.
async fn try_once(
    p: &Prober<'_>,
    target: &Draft,
    candidate: &Candidate,
    nth: usize,
) -> Result<(Reply, bool), Stop> {
    let chosen = std::slice::from_ref(candidate);
    let attack = p.ask(&with(target, chosen, nth), Who::Attacker).await?;
    let who = if candidate.worth == Worth::Owner { Who::Victim } else { Who::Attacker };
    let after = seen(p, &attack, who).await?;
    let is_taken = !taken(chosen, after.as_ref(), nth).is_empty();
    Ok((attack, is_taken))
}

/// The same on another object, or once more where there is none.
async fn again(
    p: &Prober<'_>,
    at: usize,
    ordinary: &Draft,
    is_new: bool,
    candidate: &Candidate,
    nth: usize,
) -> Result<bool, Stop> {
    let target = target(p, at, ordinary, is_new, candidate).await?;
    Ok(try_once(p, &target, candidate, nth).await?.1)
}

/// The object that a write was about, as an account reads it; the answer of the write where nothing else shows it.
async fn seen(p: &Prober<'_>, reply: &Reply, who: Who) -> Result<Option<Value>, Stop> {
    let endpoint = p.surface.endpoint(reply.draft.endpoint);
    let in_answer = reply
        .value
        .as_ref()
        .filter(|_| reply.is_served)
        .and_then(|value| root_id(endpoint, value))
        .map(|(_, id)| id);
    let in_path = reply
        .draft
        .path
        .last()
        .map(|(_, text)| text.parse::<u64>().map_or_else(|_| Value::from(text.clone()), Value::from));
    if let Some(id) = in_path.or(in_answer)
        && let Some(view) = p.view(&reply.draft, &id, who).await?
    {
        return Ok(Some(Value::Object(view.object)));
    }
    Ok(object_of(reply))
}

/// All at once, then one by one: some servers refuse the request for one member.
fn choices(all: &[Candidate]) -> Vec<Vec<Candidate>> {
    let mut choices: Vec<Vec<Candidate>> = Vec::new();
    if !all.is_empty() {
        choices.push(all.to_vec());
    }
    if all.len() > 1 {
        choices.extend(all.iter().rev().map(|one| vec![one.clone()]));
    }
    choices
}

/// The request with each of them.
fn with(draft: &Draft, chosen: &[Candidate], nth: usize) -> Draft {
    chosen.iter().fold(draft.clone(), |draft, candidate| {
        match candidate.wanted.get(nth).or(candidate.wanted.first()) {
            Some(value) => draft.with(&candidate.slot, value.clone()),
            None => draft,
        }
    })
}

/// Those that the object has now.
fn taken(chosen: &[Candidate], object: Option<&Value>, nth: usize) -> Vec<Candidate> {
    let is_taken = |candidate: &&Candidate| {
        let value = object.and_then(|object| object.pointer(&candidate.at));
        let wanted = candidate.wanted.get(nth).or(candidate.wanted.first());
        value.is_some() && value == wanted && value != Some(&candidate.now)
    };
    chosen.iter().filter(is_taken).cloned().collect()
}

fn open(endpoint: &Endpoint, taken: &[Candidate], ordinary: &Reply, attack: &Reply, tried: &mut Tried) {
    let Some(worst) = taken.iter().max_by_key(|candidate| candidate.worth) else { return };
    let named =
        |candidate: &Candidate| format!("`{}`", candidate.at.trim_start_matches('/').replace('/', "."));
    let names: Vec<String> = taken.iter().map(named).collect();
    let message = format!("the client sets {}, which only the server should", names.join(", "));
    let hole = Hole::shown(endpoint.name(), &worst.slot, message, ordinary, attack);
    let level = (worst.worth == Worth::Rank).then_some(Level::Critical);
    tried.open(Hole { level, ..hole });
}

/// The object that an answer is.
fn object_of(reply: &Reply) -> Option<Value> {
    let value = reply.value.clone().filter(|_| reply.is_served).map(unwrapped)?;
    value.is_object().then_some(value)
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.slot == other.slot
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::request::Slot;

    #[test]
    fn a_member_is_taken_if_the_object_has_it_now() {
        let role = Candidate {
            slot: Slot::Body("/user/role".into()),
            at: "/role".into(),
            now: json!("member"),
            wanted: vec![json!("admin")],
            worth: Worth::Rank,
        };
        for (object, expected) in [
            (json!({ "role": "admin" }), 1),
            (json!({ "role": "member" }), 0),
            (json!({ "name": "admin" }), 0),
        ] {
            assert_eq!(taken(std::slice::from_ref(&role), Some(&object), 0).len(), expected, "{object}");
        }
        assert!(taken(&[role], None, 0).is_empty());
    }
}
