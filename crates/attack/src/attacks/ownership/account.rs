//! Another account itself, changed by its id or its name: tried on accounts that were registered for that.

use serde_json::Value;

use super::administrative::Powers;
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::census::fill::path_parameters;
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Registered, Stop};
use crate::request::{Draft, Slot, scalar_text};
use crate::surface::sensitive::{is_password, is_people};
use crate::surface::shape::{FRESH, fold};
use crate::surface::{Endpoint, Kind, Role};
use crate::who::Who;
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "bola-account",
    door: GuideDoor::ObjectOwnership,
    shut_by: ShutBy::Code,
    thought: "If I name another account where my own belongs, do I change its password or its address?",
    level: Level::Critical,
    references: &["CWE-639", "API1:2023"],
    mend_in_code: "Change the account that asks, and take no name or id of an account from the request.",
    mend_at_gate: "Set `bind` of the [[route]]: the parameter must be the caller's own.",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    if !p.people().contains(&Who::Attacker) || p.options.is_safe {
        tried.not_tried("needs an account, and writes");
        return Ok(());
    }
    let powers = Powers::learn(p);
    for (at, endpoint) in p.surface.endpoints.iter().enumerate() {
        let is_wanted = p.options.wants(&endpoint.name())
            && matches!(endpoint.role, Role::Ordinary | Role::PasswordChange)
            && changes_an_account(endpoint)
            && powers.why(endpoint).is_none();
        let Some(slot) = slot(endpoint).filter(|_| is_wanted) else { continue };
        let result = try_operation(p, at, endpoint, &slot, tried).await;
        tried.take(result)?;
    }
    Ok(())
}

/// Whether an operation changes the account that its path names.
fn changes_an_account(endpoint: &Endpoint) -> bool {
    let is_change = !endpoint.is_read() && !endpoint.is_removal() && !endpoint.is_creation();
    let names = path_parameters(&endpoint.path);
    is_change && endpoint.graphql.is_none() && names.len() == 1 && names.iter().all(|(_, of)| is_people(of))
}

/// Where the request has a password, or else an address or a text.
fn slot(endpoint: &Endpoint) -> Option<Slot> {
    let leaves = endpoint.body.as_ref()?.shape.leaves();
    let rank = |at: &str, kind: &Kind| {
        let name = fold(at.rsplit('/').next().unwrap_or(""));
        match kind {
            Kind::Text | Kind::Any
                if is_password(&name) && !name.starts_with("current") && !name.starts_with("old") =>
            {
                Some(0)
            }
            Kind::Text | Kind::Any if name.contains("mail") => Some(1),
            Kind::Text if name.contains("name") && !name.contains("user") => Some(2),
            _ => None,
        }
    };
    let ranked = leaves.iter().filter_map(|(at, shape)| Some((rank(at, &shape.kind)?, at)));
    ranked.min().map(|(_, at)| Slot::Body(at.clone()))
}

async fn try_operation(
    p: &Prober<'_>,
    at: usize,
    endpoint: &Endpoint,
    slot: &Slot,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let Some((_, registration)) = p.registration() else {
        tried.not_tried(format!("{}: no account can be registered to try it on", endpoint.name()));
        return Ok(());
    };
    for round in 0..2 {
        let Some(registered) = p.register(&registration).await? else { return Ok(()) };
        let Some(draft) = about(p, at, endpoint, slot, &registered).await? else {
            tried.not_tried(format!("{}: no registered account is named in it", endpoint.name()));
            return Ok(());
        };
        let reply = p.ask(&draft, Who::Attacker).await?;
        if !is_changed(p, &reply, slot, &registered).await? {
            // The owner can, or nothing is known.
            match p.ask_as_registered(&draft, &registered).await? {
                Some(own) if is_changed(p, &own, slot, &registered).await? => tried.shut(&reply.seen),
                _ => tried.not_tried(format!("{}: the account itself is not served", endpoint.name())),
            }
            return Ok(());
        }
        if round == 1 {
            let message = format!("the attacker sets `{}` of another account", slot.name());
            let place =
                path_parameters(&endpoint.path).last().map(|(name, _)| Slot::Path((*name).to_owned()));
            let place = place.map(|place| place.to_string()).unwrap_or_default();
            tried.open(Hole::shown(endpoint.name(), place, message, &registered.reply, &reply));
        }
    }
    Ok(())
}

/// A request about a registered account, with a new value.
async fn about(
    p: &Prober<'_>,
    at: usize,
    endpoint: &Endpoint,
    slot: &Slot,
    registered: &Registered,
) -> Result<Option<Draft>, Stop> {
    if registered.identity.is_none() {
        return Ok(None);
    }
    let names = path_parameters(&endpoint.path);
    let Some((name, _)) = names.last() else { return Ok(None) };
    // By its name, where the path asks for that.
    let own = match fold(name).as_str() {
        "username" | "login" | "email" | "name" => {
            registered.credentials.as_ref().map(|(name, _)| name.clone())
        }
        _ => registered.id.as_ref().and_then(scalar_text),
    };
    let (Some(own), Some(draft)) = (own, p.drafts(at, Who::Attacker).await?.into_iter().next()) else {
        return Ok(None);
    };
    let value = match is_password(slot.name()) {
        true => format!("Quiet-{FRESH}-Harbour-8"),
        false if fold(slot.name()).contains("mail") => format!("dw{FRESH}@example.com"),
        false => format!("dw{FRESH}"),
    };
    Ok(Some(draft.with(&Slot::Path((*name).to_owned()), own).with(slot, value)))
}

/// Whether the account has what was sent: it logs in with the password, or sees the value in what it sees of itself.
async fn is_changed(
    p: &Prober<'_>,
    reply: &Reply,
    slot: &Slot,
    registered: &Registered,
) -> Result<bool, Stop> {
    let Some(sent) = reply.draft.text(slot).filter(|_| reply.is_served) else { return Ok(false) };
    if is_password(slot.name()) {
        let mut changed = registered.clone();
        if let Some((_, password)) = &mut changed.credentials {
            password.clone_from(&sent);
        }
        return Ok(p.logs_in(&changed).await? == Some(true));
    }
    let Some(view) = &registered.view else { return Ok(false) };
    let now = p.ask_as_registered(&view.draft, registered).await?;
    let holds = |value: &Value| {
        let quoted = Value::from(sent.as_str()).to_string();
        value.to_string().contains(&quoted)
    };
    Ok(now.is_some_and(|now| now.is_served && now.value.as_ref().is_some_and(holds)))
}
