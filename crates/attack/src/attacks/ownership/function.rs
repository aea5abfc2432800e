//! An operation for administrators, as an ordinary account.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::administrative::Powers;
use super::aim::place_of;
use super::change::{Change, change, has_taken};
use super::read::{has_data, is_same};
use crate::answer::{Likeness, Mask};
use crate::attack::{Attack, Hole, Tried};
use crate::census::Control;
use crate::census::fill::path_parameters;
use crate::census::pool::Owned;
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Now, Prober, Stop, View};
use crate::request::{Draft, Slot, scalar_text};
use crate::surface::sensitive::{is_people, is_rank};
use crate::surface::{Endpoint, Kind, Role};
use crate::who::Who;
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "function-level",
    door: GuideDoor::ObjectOwnership,
    shut_by: ShutBy::Code,
    thought: "If I call what is for administrators with an ordinary account, am I served?",
    level: Level::Critical,
    references: &["CWE-285", "CWE-862", "API5:2023"],
    mend_in_code: "Ask for the role before an operation for administrators does anything, for all of them in one place.",
    mend_at_gate: "Set `roles` or `scopes` for the [[route]] of what is for administrators.",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    if !p.people().contains(&Who::Attacker) {
        tried.not_tried("needs an account");
        return Ok(());
    }
    let powers = Powers::learn(p);
    for (at, endpoint) in p.surface.endpoints.iter().enumerate() {
        if endpoint.role == Role::Exclusion && p.options.wants(&endpoint.name()) && !p.options.is_safe {
            let why = powers.why(endpoint).unwrap_or_else(|| "it shuts accounts out".into());
            let result = remove_account(p, at, endpoint, &why, tried).await;
            tried.take(result)?;
            continue;
        }
        let Some(why) = powers.why(endpoint).filter(|_| p.may_ask(at) && endpoint.role == Role::Ordinary)
        else {
            continue;
        };
        let result = match (endpoint.is_read(), endpoint.is_removal()) {
            (true, _) => read(p, at, endpoint, &why, tried).await,
            (_, true) => remove(p, at, endpoint, &why, tried).await,
            _ => write(p, at, endpoint, &why, tried).await,
        };
        tried.take(result)?;
    }
    Ok(())
}

/// What the attacker was served; what refused him is a door that held, where somebody else was served.
fn served(p: &Prober<'_>, at: usize, endpoint: &Endpoint, tried: &mut Tried) -> Option<Control> {
    // What serves nobody is another attack's.
    if p.control(at, Who::Nobody).is_some() {
        return None;
    }
    if let Some(control) = p.control(at, Who::Attacker) {
        return Some((*control).clone());
    }
    match (p.refused(at, Who::Attacker), p.control(at, Who::Administrator)) {
        (Some(refused), Some(_)) => tried.shut(&refused.reply.seen),
        (Some(refused), None) if refused.reply.is_refusal_of_access() => tried.shut(&refused.reply.seen),
        _ => tried.not_tried(format!("{}: nobody is served an ordinary request", endpoint.name())),
    }
    None
}

async fn read(
    p: &Prober<'_>,
    at: usize,
    endpoint: &Endpoint,
    why: &str,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let Some(control) = served(p, at, endpoint, tried) else { return Ok(()) };
    let reply = p.ask(&control.draft, Who::Attacker).await?;
    let again = p.ask(&control.draft, Who::Attacker).await?;
    if !has_data(&reply) || !again.is_served {
        return Ok(());
    }
    let ordinary = match p.people().contains(&Who::Administrator) {
        true => p.ask(&control.draft, Who::Administrator).await?,
        false => control.reply.clone(),
    };
    if !is_same(&again, &ordinary, &Mask::between(&reply, &again)) {
        tried.unknown(format!("{}: an administrator is answered something else", endpoint.name()));
        return Ok(());
    }
    tried.open(Hole::shown(
        endpoint.name(),
        "",
        format!("an ordinary account is served: {why}"),
        &ordinary,
        &reply,
    ));
    Ok(())
}

async fn write(
    p: &Prober<'_>,
    at: usize,
    endpoint: &Endpoint,
    why: &str,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let Some(control) = served(p, at, endpoint, tried) else { return Ok(()) };
    let draft = &on_victim(p, endpoint, &control.draft);
    let Some((slot, id)) = object_of(endpoint, draft) else {
        // It makes something: the second answer has another id.
        let made = p.make(at, Who::Attacker).await?;
        match made {
            Some(made) => {
                let message = format!("an ordinary account is served: {why}");
                tried.open(Hole::shown(endpoint.name(), "", message, &control.reply, &made.reply));
            }
            None => tried.unknown(format!("{}: served, and nothing shows what it did", endpoint.name())),
        }
        return Ok(());
    };
    let Some(before) = seen(p, draft, &id).await? else {
        tried.unknown(format!("{}: served, and nothing shows what it did", endpoint.name()));
        return Ok(());
    };
    let wanted =
        change(endpoint, draft, &before.object).or_else(|| change_of_rank(endpoint, draft, &before.object));
    let Some(wanted) = wanted else {
        tried.unknown(format!("{}: served, and nothing that it takes can be changed", endpoint.name()));
        return Ok(());
    };
    let reply = p.ask(&wanted.draft, Who::Attacker).await?;
    let Now::There(after) = p.look_again(&before).await? else { return Ok(()) };
    if !has_taken(&after.object, &wanted.slot, &reply.draft) {
        tried.shut(&reply.seen);
        return Ok(());
    }
    // The old value is the second proof, and mends what the first has changed.
    let old = before
        .object
        .iter()
        .find(|(name, _)| name.as_str() == wanted.slot.name())
        .map(|(_, value)| value.clone());
    let Some(old) = old else { return Ok(()) };
    let Change { draft: back, slot: place } =
        Change { draft: wanted.draft.with(&wanted.slot, old), slot: wanted.slot };
    let second = p.ask(&back, Who::Attacker).await?;
    if let Now::There(now) = p.look_again(&before).await?
        && has_taken(&now.object, &place, &second.draft)
    {
        let message = format!("an ordinary account changes `{}`: {why}", place.name());
        tried.open(Hole::shown(endpoint.name(), slot, message, &before.reply, &reply));
    } else {
        let name = place.name();
        tried.unknown(format!("{}: `{name}` was changed once, and was not set back", endpoint.name()));
    }
    Ok(())
}

/// What sets the rank of an account is tried on the victim's: the attacker's must stay as it is.
fn on_victim(p: &Prober<'_>, endpoint: &Endpoint, draft: &Draft) -> Draft {
    let fields = endpoint.body.as_ref().map_or(&[][..], |body| body.shape.properties());
    let Some((slot, own)) = object_of(endpoint, draft) else { return draft.clone() };
    if !fields.iter().any(|field| is_rank(&field.name)) {
        return draft.clone();
    }
    let is_known = |text: &String| {
        let mut known =
            p.candidates(slot.name(), &endpoint.collection(), Owned::Usable(Who::Victim)).into_iter();
        known.any(|known| scalar_text(&known.value).as_ref() == Some(text))
    };
    match p.selves(Who::Victim).into_iter().find(is_known) {
        Some(theirs) if own.is_number() => {
            theirs.parse::<i64>().map_or_else(|_| draft.clone(), |id| draft.with(&slot, id))
        }
        Some(theirs) => draft.with(&slot, theirs),
        None => draft.clone(),
    }
}

/// A change of a rank to another one that the document names.
fn change_of_rank(
    endpoint: &Endpoint,
    draft: &Draft,
    object: &serde_json::Map<String, Value>,
) -> Option<Change> {
    let fields = endpoint.body.as_ref()?.shape.properties();
    fields.iter().filter(|field| is_rank(&field.name)).find_map(|field| {
        let now = object.get(&field.name)?;
        let other = match field.shape.kind {
            Kind::Boolean => Value::Bool(now != &Value::Bool(true)),
            _ => field.shape.values.iter().find(|value| *value != now)?.clone(),
        };
        let slot = Slot::Body(format!("/{}", field.name));
        Some(Change { draft: draft.with(&slot, other), slot })
    })
}

/// The last id that a request has, and its slot.
fn object_of(endpoint: &Endpoint, draft: &Draft) -> Option<(Slot, Value)> {
    let slot = match path_parameters(&endpoint.path).last() {
        Some((name, _)) => Slot::Path((*name).to_owned()),
        None => draft
            .slots()
            .into_iter()
            .find(|slot| crate::answer::values::is_id_name(slot.name()) && endpoint.graphql.is_some())?,
    };
    draft.value(&slot).map(|value| (slot, value))
}

/// An object as anybody sees it.
async fn seen(p: &Prober<'_>, draft: &Draft, id: &Value) -> Result<Option<View>, Stop> {
    for who in [Who::Victim, Who::Administrator, Who::Nobody] {
        if (who == Who::Nobody || p.people().contains(&who))
            && let Some(view) = p.view(draft, id, who).await?
        {
            return Ok(Some(view));
        }
    }
    Ok(None)
}

async fn remove(
    p: &Prober<'_>,
    at: usize,
    endpoint: &Endpoint,
    why: &str,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let subject = match path_parameters(&endpoint.path).last() {
        Some((_, before)) => (*before).to_owned(),
        None => endpoint.collection(),
    };
    if is_people(&subject) {
        return remove_account(p, at, endpoint, why, tried).await;
    }
    for owner in [Who::Victim, Who::Administrator] {
        for round in 0..2 {
            let Some(made) = p.make_for(endpoint, owner).await? else { break };
            let Some(draft) = p.draft_on(at, Who::Attacker, &made).await? else { break };
            let Some(view) = p.view(&draft, &made.id, owner).await? else { break };
            let reply = p.ask(&draft, Who::Attacker).await?;
            let Now::Gone = p.look_again(&view).await? else {
                tried.shut(&reply.seen);
                return Ok(());
            };
            p.forget(&made.id);
            if round == 1 {
                let message = format!("an ordinary account removes what another has made: {why}");
                tried.open(Hole::shown(
                    endpoint.name(),
                    place_of(&draft, &made.id),
                    message,
                    &view.reply,
                    &reply,
                ));
                return Ok(());
            }
        }
    }
    by_unknown_id(p, at, endpoint, &subject, why, tried).await
}

/// Removes accounts that were registered for that.
async fn remove_account(
    p: &Prober<'_>,
    at: usize,
    endpoint: &Endpoint,
    why: &str,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let Some((_, registration)) = p.registration() else {
        tried.not_tried(format!("{}: no account can be registered for it", endpoint.name()));
        return Ok(());
    };
    for round in 0..2 {
        let Some(registered) = p.register(&registration).await? else { break };
        let (Some(id), Some(_)) = (registered.id.clone(), registered.identity.as_ref()) else { break };
        let Some(draft) = on_id(p, at, endpoint, &id).await? else { break };
        let reply = p.ask(&draft, Who::Attacker).await?;
        if reply.is_served && p.logs_in(&registered).await? == Some(false) {
            if round == 1 {
                let message = format!("an ordinary account ends an account of somebody else: {why}");
                tried.open(Hole::shown(
                    endpoint.name(),
                    place_of(&draft, &id),
                    message,
                    &registered.reply,
                    &reply,
                ));
            }
            continue;
        }
        tried.shut(&reply.seen);
        // What was made for this, an administrator removes.
        if p.people().contains(&Who::Administrator) {
            p.ask(&draft, Who::Administrator).await?;
        }
        return Ok(());
    }
    Ok(())
}

/// A request of an operation about this id.
async fn on_id(p: &Prober<'_>, at: usize, endpoint: &Endpoint, id: &Value) -> Result<Option<Draft>, Stop> {
    let Some(draft) = p.drafts(at, Who::Attacker).await?.into_iter().next() else { return Ok(None) };
    let place = object_of(endpoint, &draft).map(|(slot, _)| slot);
    Ok(place.and_then(|slot| match slot {
        Slot::Path(_) => scalar_text(id).map(|text| draft.with(&slot, text)),
        _ => Some(draft.with(&slot, id.clone())),
    }))
}

/// Where nothing can be made to be removed: an id that does not exist is refused for the role, or is not found. What an
/// administrator is told, an ordinary account must not be.
async fn by_unknown_id(
    p: &Prober<'_>,
    at: usize,
    endpoint: &Endpoint,
    subject: &str,
    why: &str,
    tried: &mut Tried,
) -> Result<(), Stop> {
    if !p.people().contains(&Who::Administrator) {
        tried.not_tried(format!("{}: nothing can be made to be removed", endpoint.name()));
        return Ok(());
    }
    let known =
        p.candidates("id", subject, Owned::Usable(Who::Attacker)).into_iter().next().map(|known| known.value);
    let Some(id) = known.as_ref().and_then(unknown_like) else { return Ok(()) };
    let Some(draft) = on_id(p, at, endpoint, &id).await? else { return Ok(()) };
    let inputs = scalar_text(&id).unwrap_or_default();
    let of = |reply: &crate::answer::Reply| Likeness::of(reply, &Mask::default(), &[&inputs]);
    let ordinary = p.ask(&draft, Who::Administrator).await?;
    let by_nobody = p.ask(&draft, Who::Nobody).await?;
    if ordinary.is_refusal_of_access() || ordinary.is_served || !by_nobody.is_refusal_of_access() {
        tried.unknown(format!("{}: an id that does not exist tells nothing", endpoint.name()));
        return Ok(());
    }
    for round in 0..2 {
        let reply = p.ask(&draft, Who::Attacker).await?;
        if reply.is_refusal_of_access() || of(&reply) != of(&ordinary) {
            tried.shut(&reply.seen);
            return Ok(());
        }
        if round == 1 {
            let message = format!(
                "an ordinary account is told of an unknown id what an administrator is told, and is not refused: {why}"
            );
            let hole = Hole::shown(endpoint.name(), place_of(&draft, &id), message, &ordinary, &reply);
            tried.open(Hole { level: Some(Level::High), ..hole });
        }
    }
    Ok(())
}

/// An id like this one that hardly exists.
fn unknown_like(id: &Value) -> Option<Value> {
    const UNLIKELY: &str = "999999983";
    let text = match id {
        Value::Number(_) => return Some(Value::from(999_999_983_u64)),
        Value::String(text) => text,
        _ => return None,
    };
    // `Book:4` in base64, as Relay has it.
    let inner = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some((kind, number)) = inner.as_deref().and_then(|inner| inner.split_once(':'))
        && number.parse::<u64>().is_ok()
    {
        return Some(STANDARD.encode(format!("{kind}:{UNLIKELY}")).into());
    }
    let swapped: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { char::from(b'0' + (b'9' - c as u8)) } else { c })
        .collect();
    (swapped != *text).then(|| swapped.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_unknown_id_is_written_as_the_known_one() {
        for (known, expected) in [
            (json!(4), Some(json!(999_999_983))),
            (json!(STANDARD.encode("Book:4")), Some(json!(STANDARD.encode("Book:999999983")))),
            (json!("6f1c-0a"), Some(json!("3f8c-9a"))),
            (json!("slug"), None),
            (json!(null), None),
        ] {
            assert_eq!(unknown_like(&known), expected, "{known}");
        }
    }
}
