//! An operation that needs an account, without one.

use std::sync::Arc;

use serde_json::Value;

use super::administrative::Powers;
use super::aim::aims;
use super::privacy::{self, Privacy};
use super::read::{has_data, is_same};
use crate::answer::{Mask, Reply};
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::surface::words::words;
use crate::surface::{Endpoint, Role};
use crate::who::Who;
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "missing-authentication",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "If I send no credential at all, am I served what needs one?",
    level: Level::Critical,
    references: &["CWE-306", "API2:2023"],
    mend_in_code: "Ask for the credential in one place that every operation passes, and name those that are public.",
    mend_at_gate: "Set `auth = \"required\"` for the [[route]]; what the document secures is required by default with [auth].",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let powers = Powers::learn(p);
    let privacy = match p.people().contains(&Who::Victim) {
        true => privacy::learn(p).await?,
        false => Arc::default(),
    };
    for (at, endpoint) in p.surface.endpoints.iter().enumerate() {
        let is_kept = endpoint.role == Role::Destructive && !p.options.destructive;
        if is_kept && !endpoint.is_secured && p.options.wants(&endpoint.name()) {
            tried.not_tried(format!(
                "{}: by its name it destroys what others need, and the document asks for no credential: it was not called",
                endpoint.name()
            ));
        }
        if !p.may_ask(at) || endpoint.role != Role::Ordinary || is_about_the_service(endpoint) {
            continue;
        }
        let why = why_needed(p, endpoint, &powers);
        let result = match &why {
            Some(why) => try_operation(p, at, endpoint, why, tried).await,
            None if endpoint.is_read() => try_private(p, at, endpoint, &privacy, tried).await,
            None => Ok(()),
        };
        tried.take(result)?;
    }
    Ok(())
}

/// Whether it only tells how the service is: that is public by custom, whatever a document says of all operations.
fn is_about_the_service(endpoint: &Endpoint) -> bool {
    let custom = [
        "health", "healthz", "livez", "readyz", "ping", "status", "version", "ready", "live", "openapi",
        "docs", "swagger", "robots", "favicon", "alive", "csrf", "captcha", "echo",
    ];
    endpoint.graphql.is_none()
        && !endpoint.path.contains('{')
        && endpoint
            .segments()
            .any(|segment| words(segment).iter().any(|word| custom.contains(&word.as_str())))
        || endpoint.path.trim_matches('/').is_empty()
}

/// Why an operation needs a credential, in words; `None` if nothing says so.
fn why_needed(p: &Prober<'_>, endpoint: &Endpoint, powers: &Powers) -> Option<String> {
    if endpoint.is_secured {
        return Some("the document asks for a credential".into());
    }
    if let Some(why) = powers.why(endpoint) {
        return Some(why);
    }
    // Nobody removes what only accounts can make.
    let needs_account = |maker: usize| {
        p.surface.endpoint(maker).role == Role::Ordinary
            && p.control(maker, Who::Nobody).is_none()
            && p.refused(maker, Who::Nobody).is_some_and(|refused| refused.reply.is_refusal_of_access())
    };
    if endpoint.is_removal() && p.maker(endpoint).is_some_and(needs_account) {
        return Some("what makes these objects needs a credential".into());
    }
    if endpoint.is_read() || endpoint.graphql.is_some() {
        return None;
    }
    // A write of what is only written with a credential otherwise.
    let others = p.surface.endpoints.iter().filter(|other| !other.is_read() && other.role == Role::Ordinary);
    let mut siblings =
        others.filter(|other| other.path == endpoint.path && other.method != endpoint.method).peekable();
    siblings.peek()?;
    siblings.all(|other| other.is_secured).then(|| "the other writes of this path need a credential".into())
}

async fn try_operation(
    p: &Prober<'_>,
    at: usize,
    endpoint: &Endpoint,
    why: &str,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let served = p.people().into_iter().find_map(|who| p.control(at, who));
    let Some(by_nobody) = p.control(at, Who::Nobody) else {
        match (served, p.refused(at, Who::Nobody)) {
            (Some(_), Some(refused)) => tried.shut(&refused.reply.seen),
            (Some(control), None) if endpoint.is_removal() => {
                return try_removal(p, at, endpoint, why, &control.reply, tried).await;
            }
            _ => tried.not_tried(format!("{}: the ordinary request is not served", endpoint.name())),
        }
        return Ok(());
    };
    let ordinary = served.as_ref().map_or(&by_nobody.reply, |control| &control.reply);
    if !tells(endpoint, &by_nobody.reply) {
        return Ok(());
    }
    // A read is asked again; a write was served once to an account and once to nobody.
    let again = p.ask(&by_nobody.draft, Who::Nobody).await?;
    if again.is_served && tells(endpoint, &again) {
        let message = format!("served to nobody: {why}");
        tried.open(Hole::shown(endpoint.name(), "", message, ordinary, &again));
    }
    Ok(())
}

/// Whether an answer says something that is worth a credential.
fn tells(endpoint: &Endpoint, reply: &Reply) -> bool {
    let is_number = |value: &Value| value.is_number();
    let has_numbers = || match &reply.value {
        Some(Value::Object(members)) => members.values().any(is_number),
        _ => false,
    };
    !reply.is_page() && (has_data(reply) || has_numbers() || !endpoint.is_read() && reply.status() != 200)
}

/// Removes an object that was made for it.
async fn try_removal(
    p: &Prober<'_>,
    at: usize,
    endpoint: &Endpoint,
    why: &str,
    ordinary: &Reply,
    tried: &mut Tried,
) -> Result<(), Stop> {
    for round in 0..2 {
        let Some((draft, made)) = p.draft_on_new(at, Who::Victim).await? else { return Ok(()) };
        let Some(view) = p.view(&draft, &made.id, Who::Victim).await? else { return Ok(()) };
        let reply = p.ask(&draft, Who::Nobody).await?;
        match p.look_again(&view).await? {
            crate::prober::Now::Gone => p.forget(&made.id),
            _ => {
                tried.shut(&reply.seen);
                return Ok(());
            }
        }
        if round == 1 {
            tried.open(Hole::shown(
                endpoint.name(),
                "",
                format!("nobody removes an object: {why}"),
                ordinary,
                &reply,
            ));
        }
    }
    Ok(())
}

/// What lists show to the victim alone, served to nobody by its id.
async fn try_private(
    p: &Prober<'_>,
    at: usize,
    endpoint: &Endpoint,
    privacy: &Privacy,
    tried: &mut Tried,
) -> Result<(), Stop> {
    // Where nobody is refused, there is nothing to see.
    if p.control(at, Who::Nobody).is_none() && p.refused(at, Who::Nobody).is_some() {
        return Ok(());
    }
    for aim in aims(p, at, privacy).await? {
        // A number that is the id of something else, too: the product of an order is no order.
        let is_of_it = endpoint.graphql.is_some()
            || endpoint.segments().any(|segment| crate::surface::graphql::is_about(&aim.collection, segment));
        if !is_of_it || !privacy.is_private(&aim.collection, &aim.id) {
            continue;
        }
        let theirs = p.ask(&aim.theirs, Who::Victim).await?;
        let reply = p.ask(&aim.theirs, Who::Nobody).await?;
        let mask = Mask::between(&theirs, &p.ask(&aim.theirs, Who::Victim).await?);
        if is_same(&reply, &theirs, &mask) && is_same(&p.ask(&aim.theirs, Who::Nobody).await?, &theirs, &mask)
        {
            let message = format!("nobody reads what lists show to its owner alone: `{}`", aim.collection);
            tried.open(Hole::shown(endpoint.name(), "", message, &theirs, &reply));
            break;
        }
        tried.shut(&reply.seen);
    }
    Ok(())
}
