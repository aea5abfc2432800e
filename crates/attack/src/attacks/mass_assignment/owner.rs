//! An object in somebody else's name.

use super::assignment;
use crate::door::{GuideDoor, ShutBy};
use crate::payloads::mass_assignment::OWNERS;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "mass-owner",
    door: GuideDoor::MassAssignment,
    shut_by: ShutBy::Code,
    thought: "What if I say whose it is?",
    needs: &[],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    assignment::probe(p, &OWNERS).await
}
