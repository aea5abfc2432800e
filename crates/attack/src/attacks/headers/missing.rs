//! Headers that cost nothing.

use super::grade;
use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::probe::Probe;
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
    let endpoint = p.secured_read()?;
    let (answer, seen) = p.send(&p.authenticated(Probe::get(endpoint.path.clone()))).await?;
    Ok(grade::verdict(&answer, seen))
}
