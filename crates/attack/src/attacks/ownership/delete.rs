//! Somebody else's object, deleted.

use http::{Method, StatusCode};

use super::objects;
use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "bola-delete",
    door: GuideDoor::ObjectOwnership,
    shut_by: ShutBy::Code,
    thought: "May I delete what is not mine?",
    needs: &[Need::TwoIdentities, Need::ObjectRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (victim, attacker) = p.accounts()?;
    let mut attempts = Attempts::default();
    for (_, collection) in p.surface.objects() {
        if p.surface.writes(&Method::DELETE, collection).is_none() {
            continue;
        }
        let Some(object) = objects::create_readable(p, collection, victim, &mut attempts).await? else {
            continue;
        };
        let path = object.path;
        let probe = Probe { method: Method::DELETE, ..Probe::get(path.clone()) };
        let (_, sent) = p.send(&probe.by(attacker)).await?;
        let (after, _) = p.send(&object.read).await?;
        if after.status == StatusCode::NOT_FOUND {
            let summary = format!("{} deleted {path} of {}", attacker.name, victim.name);
            return Ok(Verdict::exploited(summary, vec![sent]));
        }
        attempts.blocked(sent);
    }
    Ok(attempts.verdict("the object is still there", "nothing is deleted by id"))
}
