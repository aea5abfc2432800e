//! Somebody else's object, changed.

use http::Method;

use super::objects;
use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "bola-write",
    door: GuideDoor::ObjectOwnership,
    shut_by: ShutBy::Code,
    thought: "I may not read it; may I overwrite it?",
    needs: &[Need::TwoIdentities, Need::ObjectRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (victim, attacker) = p.accounts()?;
    let mut attempts = Attempts::default();
    for (_, collection) in p.surface.objects() {
        let Some(write) = p.surface.writes(&Method::PUT, collection) else { continue };
        let Some(field) = write.texts().first().copied() else { continue };
        let Some(object) = objects::create_readable(p, collection, victim, &mut attempts).await? else {
            continue;
        };
        let path = object.path;
        let body = write.example_with(field, "taken over");
        let (_, sent) = p.send(&write.request_at(&path, &body).by(attacker)).await?;
        // The answer to the write does not count; what the victim finds afterwards does.
        let (after, _) = p.send(&object.read).await?;
        if oracle::took(&after, &[field], &"taken over".into()) {
            let summary = format!("{} changed {path} of {}", attacker.name, victim.name);
            return Ok(Verdict::exploited(summary, vec![sent]));
        }
        if after.is_success() {
            attempts.blocked(sent);
        } else {
            attempts.unjudged("its creator cannot read it any more");
        }
    }
    Ok(attempts.verdict("the object is as its owner left it", "nothing is written by id"))
}
