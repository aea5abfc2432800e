//! The origin of a sandboxed frame, which any site can produce.

use super::origins;
use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::payloads::cors::NULL;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "cors-null",
    door: GuideDoor::Cors,
    shut_by: ShutBy::Code,
    thought: "A sandboxed frame sends `Origin: null`; is that allowed?",
    needs: &[Need::SecuredRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    origins::probe(p, &[NULL]).await
}
