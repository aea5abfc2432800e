//! One password after the other.

use super::passwords;
use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "rate-login",
    door: GuideDoor::RateLimiting,
    shut_by: ShutBy::Code,
    thought: "I can try 10,000 passwords a second. Does anybody stop me?",
    needs: &[Need::LoginOperation],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    passwords::probe(p, |probe, _| probe).await
}
