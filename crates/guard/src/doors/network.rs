//! Network: "may this address connect, and is it what it claims to be?" ([guide §9])
//!
//! [guide §9]: https://github.com/doorward/doorward/blob/main/docs/guide.md#9-web-application-firewall

use http::StatusCode;
use http::header::{AUTHORIZATION, USER_AGENT};
use policy::BuiltInDoor;

use super::Step;
use super::cors::is_websocket;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::decision::{Decision, Refusal};
use crate::engine::Engine;
use crate::events::Verdict;
use crate::exchange::Exchange;

/// The door.
pub(crate) struct Network;

impl super::Door for Network {
    fn id(&self) -> DoorId {
        BuiltInDoor::Network.into()
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        admit(x, ruling.engine).into()
    }
}

/// Judges the client's address.
fn admit(x: &Exchange<'_>, engine: &Engine) -> Decision {
    let network = &engine.policy.network;
    if let Some(denied) = network.deny.find(x.client) {
        return Decision::Refuse(Refusal::new(StatusCode::FORBIDDEN, "address-denied", denied.to_string()));
    }
    if !network.allow.is_empty() && network.allow.find(x.client).is_none() {
        return Decision::Refuse(Refusal::new(
            StatusCode::FORBIDDEN,
            "address-not-allowed",
            x.client.to_string(),
        ));
    }
    Decision::Pass
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
