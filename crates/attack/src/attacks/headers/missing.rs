//! Headers that cost nothing.

use super::grade;
use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "headers-missing",
    door: GuideDoor::SecurityHeaders,
    shut_by: ShutBy::Code,
    thought: "May I frame it, sniff it, load scripts into it?",
    needs: &[Need::SecuredRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (answer, seen) = p.send(&p.read()?).await?;
    Ok(grade::verdict(&answer, seen))
}
