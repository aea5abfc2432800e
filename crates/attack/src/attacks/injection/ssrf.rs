//! A URL that the server asks for in its own network.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use report::Level;
use serde_json::Value;

use super::listener::Listener;
use super::takes::{Takes, takes};
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::census::Control;
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Made, Prober, Stop, token};
use crate::request::Slot;
use crate::surface::words::words;

pub(super) const ATTACK: Attack = Attack {
    name: "ssrf",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "Does the server send requests to its own network for me?",
    level: Level::High,
    references: &["CWE-918", "API7:2023"],
    mend_in_code: "Resolve the host, refuse addresses that are not public, ask that very address, and follow no redirects.",
    mend_at_gate: "The ssrf detector refuses URLs of private and local addresses by default; stop the rest where requests leave.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// The most operations that are asked after a URL was stored.
const MAX_AFTER: usize = 6;
/// How long is waited for fetches that come late.
const LATE: Duration = Duration::from_secs(1);

/// How loopback is written, from what everybody refuses to what is often forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Plain,
    Name,
    Decimal,
    Six,
    Mapped,
}

impl Spelling {
    const ALL: [Spelling; 5] =
        [Spelling::Plain, Spelling::Name, Spelling::Decimal, Spelling::Six, Spelling::Mapped];

    const fn host(self) -> &'static str {
        match self {
            Spelling::Plain => "127.0.0.1",
            Spelling::Name => "localhost",
            Spelling::Decimal => "2130706433",
            Spelling::Six => "[::1]",
            Spelling::Mapped => "[::ffff:127.0.0.1]",
        }
    }
}

/// A slot that was tried, for fetches that come late.
#[derive(Clone)]
struct Place {
    control: Arc<Control>,
    slot: Slot,
    takes: Takes,
    spelling: Spelling,
}

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    if !p.client.is_loopback() {
        tried.not_tried("the API is on another machine and cannot reach a listener here");
        return Ok(());
    }
    let listener = match Listener::start().await {
        Ok(listener) => listener,
        Err(error) => {
            tried.not_tried(format!("no listener on loopback: {error}"));
            return Ok(());
        }
    };
    let mut late: HashMap<String, Place> = HashMap::new();
    // Where the URL of the document's example does not exist, the ordinary request is refused because the server asks for it.
    // A request that our listener gets is a proof without a control.
    for control in p.askable() {
        let endpoint = p.surface.endpoint(control.endpoint);
        if endpoint.is_removal() {
            continue;
        }
        for slot in control.slots(endpoint) {
            let Some(takes) = takes(&control, endpoint, &slot) else { continue };
            let place = Place { control: control.clone(), slot, takes, spelling: Spelling::Plain };
            let result = try_slot(p, &listener, &place, &mut late, tried).await;
            tried.take(result)?;
        }
        if !endpoint.is_read() && !endpoint.is_creation() {
            let restored = p.ask(&control.draft, control.who).await;
            tried.take(restored)?;
        }
    }
    if late.is_empty() && tried.holes.is_empty() {
        tried.not_tried("no slot takes a URL or a host");
        return Ok(());
    }
    tokio::time::sleep(LATE).await;
    for place in listener.all_of(&late) {
        let operation = p.surface.endpoint(place.control.endpoint).name();
        let is_known = |hole: &&Hole| hole.slot.contains(&place.slot.to_string());
        if tried.holes.iter().any(|hole| is_known(&hole)) {
            continue;
        }
        // Once more, and with patience.
        let token = token();
        let draft = place.control.draft.with(&place.slot, place.value(&listener, &token));
        let reply = p.ask(&draft, place.control.who).await?;
        tokio::time::sleep(LATE).await;
        if let Some(line) = listener.asked_for(&token).await {
            let message = format!("the server asks for the URL later, in its own network: `{line}`");
            tried.open(Hole::shown(operation, &place.slot, message, &place.control.reply, &reply));
        }
    }
    Ok(())
}

impl Place {
    fn value(&self, listener: &Listener, token: &str) -> Value {
        let host = self.spelling.host();
        let port = listener.port;
        Value::from(match self.takes {
            Takes::Url => format!("http://{host}:{port}/{token}"),
            Takes::Host => format!("{host}:{port}/{token}"),
        })
    }
}

async fn try_slot(
    p: &Prober<'_>,
    listener: &Listener,
    place: &Place,
    late: &mut HashMap<String, Place>,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let Place { control, slot, .. } = place;
    let endpoint = p.surface.endpoint(control.endpoint);
    for spelling in Spelling::ALL {
        let place = Place { spelling, ..place.clone() };
        let mut proof = None;
        for is_again in [false, true] {
            let token = token();
            let draft = control.with_slot(endpoint, slot).with(slot, place.value(listener, &token));
            let reply = p.ask(&draft, control.who).await?;
            // What is refused was asked for before the answer, or is found late.
            let asked =
                if reply.is_served { listener.asked_for(&token).await } else { listener.find(&token) };
            late.insert(token, place.clone());
            match asked {
                Some(line) if is_again => {
                    let message = format!("the server asks for a URL in its own network: `{line}`");
                    tried.open(Hole::shown(endpoint.name(), slot, message, &control.reply, &reply));
                    return Ok(());
                }
                Some(_) => proof = Some(()),
                None if reply.is_served => {
                    // It was taken and not asked for: perhaps something else makes the server ask for it.
                    let has_after = endpoint.is_creation() && !after(p, control.endpoint).is_empty();
                    if !has_after {
                        match endpoint.is_creation() {
                            true => {
                                // It is remembered, so that it is removed in the end.
                                let _ = p.made(reply, control.who);
                                tried.not_tried(format!(
                                    "{}: nothing is known that uses the URL",
                                    endpoint.name()
                                ));
                            }
                            false => tried.shut(&reply.seen),
                        }
                        return Ok(());
                    }
                    if stored(p, listener, &place, reply, tried).await? {
                        return Ok(());
                    }
                    break;
                }
                None => {
                    tried.shut(&reply.seen);
                    break;
                }
            }
        }
        let was_taken = proof.is_some();
        if was_taken {
            break;
        }
    }
    Ok(())
}

/// A URL was stored: asks the operations that may use it. Whether one did.
async fn stored(
    p: &Prober<'_>,
    listener: &Listener,
    place: &Place,
    reply: Reply,
    tried: &mut Tried,
) -> Result<bool, Stop> {
    let maker = place.control.endpoint;
    let endpoint = p.surface.endpoint(maker);
    let who = place.control.who;
    let Some(made) = p.made(reply, who) else { return Ok(false) };
    for at in after(p, maker) {
        let Some(fired) = fire(p, listener, place, at, &made).await? else { continue };
        // Twice, with an object and a token of its own.
        let token = token();
        let draft = place.control.draft.with(&place.slot, place.value(listener, &token));
        let Some(again) = p.made(p.ask(&draft, who).await?, who) else { continue };
        let Some(draft) = p.draft_on(at, who, &again).await? else { continue };
        let reply = p.ask(&draft, who).await?;
        let Some(line) = listener.asked_for(&token).await else { continue };
        let message =
            format!("the server asks for a URL in its own network that {} stored: `{line}`", endpoint.name());
        let slot = format!("{} of {}", place.slot, endpoint.name());
        let hole = Hole::shown(p.surface.endpoint(at).name(), slot, message, &again.reply, &reply);
        tried.open(Hole { evidence: vec![again.reply.seen.clone(), fired, reply.seen.clone()], ..hole });
        return Ok(true);
    }
    tried.shut(&made.reply.seen);
    Ok(false)
}

/// Asks an operation on an object with our URL. The exchange, if the server then asked for the URL.
async fn fire(
    p: &Prober<'_>,
    listener: &Listener,
    place: &Place,
    at: usize,
    made: &Made,
) -> Result<Option<report::Transcript>, Stop> {
    let sent = made.reply.draft.text(&place.slot).unwrap_or_default();
    let Some(token) = sent.rsplit('/').next().map(str::to_owned) else { return Ok(None) };
    let Some(draft) = p.draft_on(at, made.owner, made).await? else { return Ok(None) };
    let reply = p.ask(&draft, made.owner).await?;
    Ok(listener.asked_for(&token).await.map(|_| reply.seen))
}

/// The operations on what an operation makes that may use it: those that are called so first.
fn after(p: &Prober<'_>, maker: usize) -> Vec<usize> {
    let verbs = [
        "test", "ping", "send", "trigger", "fire", "deliver", "run", "verify", "check", "refresh", "fetch",
        "sync", "preview", "retry",
    ];
    let all = p.surface.endpoints.iter().enumerate();
    let on_it = all.filter(|(at, endpoint)| {
        p.may_ask(*at) && *at != maker && !endpoint.is_removal() && p.maker(endpoint) == Some(maker)
    });
    let mut after: Vec<(bool, usize)> = on_it
        .map(|(at, endpoint)| {
            let name = endpoint.graphql.as_ref().map_or(endpoint.path.as_str(), |field| field.name.as_str());
            (!words(name).iter().any(|word| verbs.contains(&word.as_str())), at)
        })
        .collect();
    after.sort_unstable();
    after.into_iter().map(|(_, at)| at).take(MAX_AFTER).collect()
}
