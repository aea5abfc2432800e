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
        let Some(object) = objects::create_readable(p, collection, victim, &mut attempts).await? else {
            continue;
        };
        let path = object.path;
        let (theirs, seen) = p.send(&Probe::get(path.clone()).by(attacker)).await?;
        if oracle::same(&object.seen_by_owner, &theirs) {
            let summary = format!("{} reads {path}, which {} created", attacker.name, victim.name);
            return Ok(Verdict::exploited(summary, vec![seen]));
        }
        attempts.blocked(seen);
    }
    Ok(attempts.verdict("only its creator sees it", "nothing can be created and read by id"))
}
