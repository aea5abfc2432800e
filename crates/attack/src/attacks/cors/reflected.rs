//! Any origin that asks.

use super::origins;
use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::payloads::cors::FOREIGN;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "cors-reflected",
    door: GuideDoor::Cors,
    shut_by: ShutBy::Code,
    thought: "Can my site read the API with the victim's cookies?",
    needs: &[Need::SecuredRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    origins::probe(p, &FOREIGN).await
}
