//! Another account's object, changed by its id.

use super::administrative::Powers;
use super::aim::{aims, ours, why_theirs};
use super::change::{Change, change, has_taken};
use super::privacy::{self, Privacy};
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Now, Prober, Stop, View};
use crate::request::Draft;
use crate::surface::sensitive::is_people;
use crate::surface::shape::singular;
use crate::surface::words::words;
use crate::surface::{Endpoint, Role};
use crate::who::Who;
use report::Level;
use serde_json::Value;

pub(super) const ATTACK: Attack = Attack {
    name: "bola-write",
    door: GuideDoor::ObjectOwnership,
    shut_by: ShutBy::Code,
    thought: "If I change an object by the id that another account has, is it changed?",
    level: Level::Critical,
    references: &["CWE-639", "API1:2023"],
    mend_in_code: "Change objects by their id and their owner together, the owner being the account that asks.",
    mend_at_gate: "Name the owner's field with `owner` of a [[route]], and set `check_owner_before_write`.",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    if !p.people().contains(&Who::Victim) || !p.people().contains(&Who::Attacker) {
        tried.not_tried("needs two accounts");
        return Ok(());
    }
    let powers = Powers::learn(p);
    let privacy = privacy::learn(p).await?;
    for (at, endpoint) in p.surface.endpoints.iter().enumerate() {
        if p.may_ask(at)
            && endpoint.role == Role::Ordinary
            && changes_an_object(endpoint)
            && powers.why(endpoint).is_none()
        {
            let result = try_operation(p, at, endpoint, &privacy, tried).await;
            tried.take(result)?;
        }
    }
    Ok(())
}

/// Whether an operation changes an object that its request names.
fn changes_an_object(endpoint: &Endpoint) -> bool {
    let is_creation = match endpoint.graphql {
        Some(_) => endpoint.is_creation(),
        None => endpoint.is_creation() && !super::aim::is_action(endpoint),
    };
    !endpoint.is_read() && !endpoint.is_removal() && !is_creation && !super::aim::reads(endpoint)
}

async fn try_operation(
    p: &Prober<'_>,
    at: usize,
    endpoint: &Endpoint,
    privacy: &Privacy,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let Some((draft, id, collection)) = target(p, at, privacy).await? else {
        if endpoint.path.contains('{') {
            tried.not_tried(format!("{}: the victim has no object for it", endpoint.name()));
        }
        return Ok(());
    };
    let Some(before) = p.view(&draft, &id, Who::Victim).await? else {
        tried.not_tried(format!("{}: the object is not seen by its owner", endpoint.name()));
        return Ok(());
    };
    let Some(why) = why_theirs(p, privacy, &collection, &before.object) else {
        tried.not_tried(format!("{}: nothing says whose the object is", endpoint.name()));
        return Ok(());
    };
    // The victim can, and sees that it did.
    let Some(Change { draft: wanted, slot }) = change(endpoint, &draft, &before.object) else {
        return try_action(p, endpoint, &draft, &before, &why, tried).await;
    };
    let theirs = p.ask(&wanted, Who::Victim).await?;
    let after = p.look_again(&before).await?;
    let Now::There(after) = after else { return Ok(()) };
    if !theirs.is_served || !has_taken(&after.object, &slot, &theirs.draft) {
        tried.not_tried(format!("{}: a change by the owner is not served, or not seen", endpoint.name()));
        return Ok(());
    }
    let mut now = *after;
    for mine in ours(p, &draft).await? {
        let mut is_open = None;
        for _ in 0..2 {
            let Some(Change { draft: wanted, slot }) = change(endpoint, &mine, &now.object) else { break };
            let reply = p.ask(&wanted, Who::Attacker).await?;
            let Now::There(after) = p.look_again(&now).await? else { break };
            if !has_taken(&after.object, &slot, &reply.draft) {
                tried.shut(&reply.seen);
                is_open = None;
                break;
            }
            now = *after;
            is_open = Some((reply, slot));
        }
        if let Some((reply, _)) = is_open {
            let message = format!("the attacker changes what is the victim's: {why}");
            let place = super::aim::place_of(&draft, &id);
            tried.open(Hole::shown(endpoint.name(), place, message, &theirs, &reply));
            break;
        }
    }
    restore(p, &draft, &before, &now).await
}

/// An object of the victim, and a request about it: a new one where that can be made.
async fn target(
    p: &Prober<'_>,
    at: usize,
    privacy: &Privacy,
) -> Result<Option<(Draft, Value, String)>, Stop> {
    if let Some((draft, made)) = p.draft_on_new(at, Who::Victim).await? {
        return Ok(Some((draft, made.id, made.collection)));
    }
    let aims = aims(p, at, privacy).await?;
    Ok(aims.into_iter().next().map(|aim| (aim.theirs, aim.id, aim.collection)))
}

/// An action without a value of its own: the object is another after it.
async fn try_action(
    p: &Prober<'_>,
    endpoint: &Endpoint,
    draft: &Draft,
    before: &View,
    why: &str,
    tried: &mut Tried,
) -> Result<(), Stop> {
    if takes_part(endpoint) {
        tried.not_tried(format!("{}: others may take part in an object", endpoint.name()));
        return Ok(());
    }
    let Now::There(again) = p.look_again(before).await? else { return Ok(()) };
    // Only what stays by itself can tell; and only what was made for it is acted on.
    let is_made = p.control(draft.endpoint, Who::Attacker).is_some() && again.object == before.object;
    if !is_made || p.maker(endpoint).is_none() {
        return Ok(());
    }
    for mine in ours(p, draft).await? {
        let reply = p.ask(&mine, Who::Attacker).await?;
        match p.look_again(before).await? {
            Now::There(after) if after.object == before.object => tried.shut(&reply.seen),
            Now::There(after) => {
                let Some((other, made)) = p.draft_on_new(draft.endpoint, Who::Victim).await? else {
                    return Ok(());
                };
                let Some(first) = p.view(&other, &made.id, Who::Victim).await? else { return Ok(()) };
                let other = Draft { path: merged(&mine, &other), ..other };
                let again = p.ask(&other, Who::Attacker).await?;
                if let Now::There(second) = p.look_again(&first).await?
                    && second.object != first.object
                {
                    let message = format!("the attacker acts on what is the victim's: {why}");
                    let place = super::aim::place_of(draft, &before.id);
                    tried.open(Hole::shown(endpoint.name(), place, message, &after.reply, &again));
                }
                return Ok(());
            }
            _ => tried.unknown(format!("{}: the object is not seen any more", endpoint.name())),
        }
    }
    Ok(())
}

/// Whether an action is what others do with an object that is not theirs: they join, vote, answer.
fn takes_part(endpoint: &Endpoint) -> bool {
    let verbs = [
        "join",
        "leave",
        "follow",
        "unfollow",
        "like",
        "unlike",
        "dislike",
        "vote",
        "upvote",
        "downvote",
        "star",
        "unstar",
        "watch",
        "unwatch",
        "subscribe",
        "unsubscribe",
        "react",
        "rate",
        "review",
        "comment",
        "reply",
        "answer",
        "enroll",
        "enrol",
        "attend",
        "rsvp",
        "apply",
        "bookmark",
        "favorite",
        "favourite",
        "report",
        "flag",
        "view",
        "share",
        "borrow",
        "bid",
        "clap",
        "knock",
        "poke",
    ];
    let last = match &endpoint.graphql {
        Some(field) => field.name.as_str(),
        None => endpoint.segments().filter(|segment| !segment.contains('{')).last().unwrap_or(""),
    };
    is_people(&endpoint.collection())
        || words(last)
            .first()
            .is_some_and(|word| verbs.contains(&singular(word).as_str()) || verbs.contains(&word.as_str()))
}

/// The parents of one request with the object of another.
fn merged(parents: &Draft, object: &Draft) -> Vec<(String, String)> {
    let mut path = parents.path.clone();
    if let (Some(last), Some(own)) = (path.last_mut(), object.path.last()) {
        last.1.clone_from(&own.1);
    }
    path
}

/// Gives an object that was not made for this its values back.
async fn restore(p: &Prober<'_>, draft: &Draft, before: &View, now: &View) -> Result<(), Stop> {
    if before.object == now.object || p.is_made(&before.id) {
        return Ok(());
    }
    let mut old = draft.clone();
    for slot in draft.slots() {
        let value =
            before.object.iter().find(|(name, _)| *name == slot.name()).map(|(_, value)| value.clone());
        if let (crate::request::Slot::Body(_), Some(value)) = (&slot, value) {
            old = old.with(&slot, value);
        }
    }
    p.ask(&old, Who::Victim).await.map(|_| ())
}
