//! Network: "may this address connect, and is it what it claims to be?" ([guide §9])
//!
//! [guide §9]: https://github.com/doorward/doorward/blob/main/docs/guide.md#9-web-application-firewall

use http::StatusCode;
use http::header::USER_AGENT;
use policy::BuiltInDoor;

use super::Step;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::decision::{Decision, Refusal};
use crate::engine::Engine;
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

/// Judges the client's address and user agent.
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
    let named = x.headers.get(USER_AGENT).is_some_and(|agent| !agent.as_bytes().trim_ascii().is_empty());
    if network.require_user_agent && !named {
        return Decision::Refuse(Refusal::new(StatusCode::FORBIDDEN, "no-user-agent", "no User-Agent"));
    }
    Decision::Pass
}
