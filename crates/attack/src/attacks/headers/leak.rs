//! Names and versions of the software behind the API.

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "headers-leak",
    door: GuideDoor::SecurityHeaders,
    shut_by: ShutBy::Code,
    thought: "Which software is it, and which known holes does that version have?",
    needs: &[Need::SecuredRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (answer, seen) = p.send(&p.read()?).await?;
    Ok(match oracle::software(&answer) {
        Some(line) => Verdict::exploited(line, vec![seen]),
        None => Verdict::blocked("no header names software", vec![seen]),
    })
}
