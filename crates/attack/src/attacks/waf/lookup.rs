//! A lookup in a header that a logger may evaluate.

use super::reach;
use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::payloads::waf::LOOKUP;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "waf-lookup",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Gate,
    thought: "Does `${jndi:...}` reach a logger?",
    needs: &[Need::SecuredRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let probe = p.read()?;
    let with = |value: &str| probe.clone().header("x-api-version", value);
    reach::probe(p, &with("1"), &with(LOOKUP)).await
}
