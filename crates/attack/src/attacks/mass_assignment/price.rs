//! A price that the client sets.

use super::assignment;
use crate::door::{GuideDoor, ShutBy};
use crate::payloads::mass_assignment::PRICES;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "mass-price",
    door: GuideDoor::MassAssignment,
    shut_by: ShutBy::Code,
    thought: "What if I say what it costs?",
    needs: &[],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    assignment::probe(p, &PRICES).await
}
