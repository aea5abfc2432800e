//! Fields that nobody meant to show.

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "data-exposure",
    door: GuideDoor::MassAssignment,
    shut_by: ShutBy::Code,
    thought: "Does the answer hold more than the page shows: hashes, secrets, flags?",
    needs: &[Need::Identity, Need::VictimSubject, Need::ObjectRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (victim, id) = (p.victim()?, p.victim_subject()?);
    let mut attempts = Attempts::default();
    for (_, collection) in p.surface.objects() {
        let (answer, seen) = p.send(&Probe::get(format!("{collection}/{id}")).by(victim)).await?;
        if let Some(field) = oracle::secret_field(&answer) {
            return Ok(Verdict::exploited(format!("{collection}/{id} shows `{field}`"), vec![seen]));
        }
        attempts.blocked(seen);
    }
    Ok(attempts.verdict("nothing secret is shown", "nothing is read by id"))
}
