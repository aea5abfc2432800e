//! An object that the victim has just created.

use super::objects;
use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "bola-created",
    door: GuideDoor::ObjectOwnership,
    shut_by: ShutBy::Code,
    thought: "The victim created something; can I read it by its id?",
    needs: &[Need::TwoIdentities, Need::ObjectRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (victim, attacker) = p.accounts()?;
    let mut attempts = Attempts::default();
    for (_, collection) in p.surface.objects() {
        let Some(created) = objects::create(p, collection, victim).await? else { continue };
        let path = created.path;
        let probe = Probe::get(path.clone());
        let (own, _) = p.send(&probe.clone().by(victim)).await?;
        let (theirs, seen) = p.send(&probe.by(attacker)).await?;
        if oracle::same(&own, &theirs) {
            let summary = format!("{} reads {path}, which {} created", attacker.name, victim.name);
            return Ok(Verdict::exploited(summary, vec![seen]));
        }
        if own.is_success() {
            attempts.blocked(seen);
        } else {
            attempts.unjudged("its creator cannot read it either");
        }
    }
    Ok(attempts.verdict("only its creator sees it", "nothing can be created and read by id"))
}
