//! Origins that resemble the API's own or an allowed one.

use super::origins;
use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::payloads::cors;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "cors-lookalike",
    door: GuideDoor::Cors,
    shut_by: ShutBy::Code,
    thought: "Is the origin checked by prefix, suffix or pattern?",
    needs: &[Need::SecuredRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let host = p.client.authority().split(':').next().unwrap_or("api");
    let own = cors::lookalikes_of(host);
    let all: Vec<&str> = own.iter().map(String::as_str).chain(cors::LOOKALIKES).collect();
    origins::probe(p, &all).await
}
