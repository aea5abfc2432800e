//! Guessed ids: the first ones of a sequence.

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "bola-neighbours",
    door: GuideDoor::ObjectOwnership,
    shut_by: ShutBy::Code,
    thought: "Ids count up; what do 1, 2, 3 hold?",
    needs: &[Need::TwoIdentities, Need::AttackerSubject, Need::ObjectRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (attacker, subject) = (p.attacker()?, p.attacker_subject()?);
    let mut attempts = Attempts::default();
    for (_, collection) in p.surface.objects() {
        for id in 1..=5 {
            let (answer, seen) = p.send(&Probe::get(format!("{collection}/{id}")).by(attacker)).await?;
            let owner = answer.json().and_then(|object| oracle::foreign_owner(&object, &subject));
            if let Some(owner) = owner.filter(|_| answer.is_success()) {
                let name = &attacker.name;
                let summary = format!("{name} (subject {subject}) reads {collection}/{id} of owner {owner}");
                return Ok(Verdict::exploited(summary, vec![seen]));
            }
            attempts.blocked(seen);
        }
    }
    Ok(attempts.verdict("no guessed id showed somebody else's object", "nothing is read by id"))
}
