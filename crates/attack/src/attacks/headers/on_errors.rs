//! Error pages, which are easily forgotten.

use super::grade;
use crate::door::{GuideDoor, ShutBy};
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "headers-on-errors",
    door: GuideDoor::SecurityHeaders,
    shut_by: ShutBy::Code,
    thought: "Are the headers there on errors too?",
    needs: &[],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (answer, seen) = p.send(&Probe::get("/there/is/no/such/page")).await?;
    Ok(grade::verdict(&answer, seen))
}
