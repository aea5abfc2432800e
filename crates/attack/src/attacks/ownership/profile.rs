//! The victim's own record, by the id in the victim's token.

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "bola-profile",
    door: GuideDoor::ObjectOwnership,
    shut_by: ShutBy::Code,
    thought: "If I change the id in the URL to somebody else's, do I see their data?",
    needs: &[Need::TwoIdentities, Need::VictimSubject, Need::ObjectRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (victim, attacker) = p.accounts()?;
    let id = p.victim_subject()?;
    let mut attempts = Attempts::default();
    for (_, collection) in p.surface.objects() {
        if !collection.ends_with("users") && !collection.ends_with("accounts") {
            continue;
        }
        let probe = Probe::get(format!("{collection}/{id}"));
        let (own, _) = p.send(&probe.clone().by(victim)).await?;
        // Only a record of the victim counts: its id is the one in the token.
        let is_theirs =
            own.json().is_some_and(|object| object.get("id").is_some_and(|v| oracle::id_text(v) == id));
        if !own.is_success() || !is_theirs {
            continue;
        }
        let (theirs, seen) = p.send(&probe.by(attacker)).await?;
        if oracle::same(&own, &theirs) {
            let summary = format!("{} reads {}'s record at {collection}/{id}", attacker.name, victim.name);
            return Ok(Verdict::exploited(summary, vec![seen]));
        }
        attempts.blocked(seen);
    }
    Ok(attempts.verdict("only the victim sees the record", "no record of the victim was found"))
}
