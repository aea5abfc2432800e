//! Network: "may this address connect, and is it what it claims to be?" ([guide §9])
//!
//! The first that holds decides: `allow`, the lists (those that let pass first), bans, countries and operators.
//!
//! [guide §9]: https://github.com/doorward/doorward/blob/main/docs/guide.md#9-web-application-firewall

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, StatusCode};
use policy::{BanRule, BuiltInDoor, ListAction};
use store::{OnRefusal, Take};

use super::Step;
use super::bots::may_be_embedded;
use super::cors::is_websocket;
use super::rate::quota;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::{Ruling, enforced};
use crate::decision::{Decision, Refusal};
use crate::engine::Engine;
use crate::events::Verdict;
use crate::exchange::Exchange;
use crate::network::network;
use crate::standing::bans::{Ban, client_network};
use crate::standing::lists::has_no_country;

/// The door.
pub(crate) struct Network;

impl super::Door for Network {
    fn id(&self) -> DoorId {
        BuiltInDoor::Network.into()
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        admit(x, ruling).into()
    }

    fn finish<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        _: StatusCode,
        _: &'a mut HeaderMap,
    ) -> Step<'a, ()> {
        let rule = ruling.engine.policy.network.bans.rule.as_ref();
        // A known caller has limits of his own, and a page of somebody else may make any browser ask.
        let is_counted = |door: BuiltInDoor| {
            x.listed != Some(ListAction::Pass)
                && !(door == BuiltInDoor::Rate && x.principal.is_some())
                && !x.may_be_embedded
        };
        match (rule, refused_by(x)) {
            (Some(rule), Some(door)) if rule.weight(door) > 0 && is_counted(door) => {
                Step::later(count_refusal(ruling, x, rule, door))
            }
            _ => Step::Now(()),
        }
    }
}

/// Judges the client's address.
fn admit(x: &mut Exchange<'_>, ruling: Ruling<'_>) -> Decision {
    let Engine { policy, .. } = ruling.engine;
    let network = &policy.network;
    // Its headers are gone when it is known how it ends.
    x.may_be_embedded = network.bans.rule.is_some() && may_be_embedded(x);
    let refuse = |rule: &'static str, evidence: String| {
        Decision::Refuse(Refusal::new(StatusCode::FORBIDDEN, rule, evidence))
    };
    if network.allow.as_ref().is_some_and(|allow| allow.find(x.client).is_none()) {
        return refuse("address-not-allowed", x.client.to_string());
    }
    let standing = &ruling.state.standing;
    let list = standing.lists.find(network, x.client);
    x.listed = list.map(|list| list.action);
    match list {
        Some(list) if list.action == ListAction::Pass => return Decision::Pass,
        Some(list) if list.action == ListAction::Refuse => {
            return refuse("address-denied", format!("{} is on the list `{}`", x.client, list.name));
        }
        _ => {}
    }
    if let Some(ban) = standing.bans.find(x.client, x.now) {
        let left = ban.until.duration_since(x.now).unwrap_or(Duration::ZERO);
        let evidence = format!("{} is banned for {} s more: {}", ban.network, left.as_secs(), ban.reason);
        let refusal = Refusal::new(StatusCode::FORBIDDEN, "banned", evidence);
        return Decision::Refuse(refusal.header(RETRY_AFTER, HeaderValue::from(left.as_secs().max(1))));
    }
    let places = &network.places;
    if places.asks_for_country() && !has_no_country(x.client) {
        let country = network.geo.country(x.client);
        let is_denied = match country {
            Some(country) => {
                places.deny.contains(&country) || !places.allow.is_empty() && !places.allow.contains(&country)
            }
            None => !places.allow.is_empty() && !places.unknown_passes,
        };
        if is_denied {
            let country =
                country.map_or_else(|| "an unknown country".to_owned(), |country| country.to_string());
            return refuse("country-denied", format!("{} is of {country}", x.client));
        }
    }
    if !places.deny_asns.is_empty()
        && let Some(number) = network.geo.operator(x.client)
        && places.deny_asns.contains(&number)
    {
        return refuse("operator-denied", format!("{} is of AS{number}", x.client));
    }
    match list {
        Some(list) if list.action == ListAction::Report => {
            Decision::report("address-listed", format!("{} is on the list `{}`", x.client, list.name))
        }
        _ => Decision::Pass,
    }
}

/// The door that refused an exchange.
fn refused_by(x: &Exchange<'_>) -> Option<BuiltInDoor> {
    let place = x.refused_by.load(Ordering::Relaxed).checked_sub(1)?;
    BuiltInDoor::ALL.get(usize::from(place)).copied()
}

/// Whether an exchange was refused by a door that refuses attacks more often than mistakes. A challenge is no refusal: counted,
/// it would make an attack last.
pub(crate) fn is_hostile(x: &Exchange<'_>) -> bool {
    refused_by(x).is_some_and(|door| BanRule::usual_weight(door) > 0)
}

/// Counts a refusal, and bans the client of too many.
async fn count_refusal(ruling: Ruling<'_>, x: &Exchange<'_>, rule: &BanRule, door: BuiltInDoor) {
    let state = ruling.state;
    let quota = quota(&rule.after);
    let key = state.stores.key_hash.key(|key| {
        key.text("refusals");
        key.bytes(&network(x.client).to_be_bytes());
    });
    let cost = rule.weight(door).min(quota.permits);
    let take = [Take { key, quota, cost, on_refusal: OnRefusal::Keep }];
    let Ok(outcomes) = state.stores.counters.take_all(&take, x.unix_millis()).await else { return };
    let is_over = outcomes.first().is_some_and(|outcome| outcome.ticket.is_none());
    // A ban that holds already is not made longer by what it refuses.
    if !is_over || state.standing.bans.find(x.client, x.now).is_some() || !enforced(x, BuiltInDoor::Network) {
        return;
    }
    let banned = client_network(x.client);
    let before = state.standing.bans.before(banned);
    let lasts = rule.duration(before);
    let reason = format!("{} refusals, the last by {door}", rule.after);
    let ban = Ban { network: banned, until: x.now + lasts, reason: reason.clone(), before };
    state.standing.bans.add(&ban, rule.longest);
    let evidence = format!("{banned} is banned for {} s: {reason}", lasts.as_secs());
    ruling.note(x, BuiltInDoor::Network.name(), "ban", Verdict::Reported, None, &evidence.into());
}

/// The part of the door that needs to know whether the caller is known.
pub(crate) struct UserAgent;

impl super::Door for UserAgent {
    fn id(&self) -> DoorId {
        BuiltInDoor::Network.into()
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        user_agent(x, ruling).into()
    }
}

/// Judges the user agent. Scanners often have none, and so have programs that nobody wrote for a browser: whoever presents
/// a credential is known by it, and handshakes of WebSocket come from libraries that send none.
fn user_agent(x: &Exchange<'_>, ruling: Ruling<'_>) -> Decision {
    let is_named = x.headers.get(USER_AGENT).is_some_and(|agent| !agent.as_bytes().trim_ascii().is_empty());
    if is_named || !ruling.engine.policy.network.require_user_agent {
        return Decision::Pass;
    }
    const RULE: &str = "no-user-agent";
    // What is no valid credential where somebody verifies has been refused or removed.
    if x.principal.is_some() || x.headers.contains_key(AUTHORIZATION) || is_websocket(x) {
        let evidence = || "no User-Agent; the caller is known otherwise".into();
        ruling.tell(x, BuiltInDoor::Network, (RULE, ""), Verdict::Reported, evidence);
        return Decision::Pass;
    }
    let evidence = "no User-Agent, and no credential (`[network] require_user_agent`)";
    Decision::Refuse(Refusal::new(StatusCode::FORBIDDEN, RULE, evidence))
}
