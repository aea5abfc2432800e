//! Somebody else's object under the caller's own name.

use http::Method;

use super::objects;
use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "bola-nested",
    door: GuideDoor::ObjectOwnership,
    shut_by: ShutBy::Code,
    thought: "The user in the path is me; is the order, too?",
    needs: &[Need::TwoIdentities, Need::AttackerSubject],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (victim, attacker) = p.accounts()?;
    let subject = p.attacker_subject()?;
    let mut attempts = Attempts::default();
    for endpoint in p.surface.endpoints.iter().filter(|endpoint| endpoint.method == Method::GET) {
        let segments: Vec<&str> = endpoint.path.split('/').collect();
        // `/api/users/{user}/orders/{id}`: the inner collection has operations of its own elsewhere.
        let [.., outer, inner, id] = segments[..] else { continue };
        if !outer.starts_with('{') || !id.starts_with('{') {
            continue;
        }
        let inner = format!("/{inner}");
        let Some((_, collection)) = p.surface.objects().find(|(_, path)| path.ends_with(&inner)) else {
            continue;
        };
        let Some(foreign) = objects::create(p, collection, victim).await? else { continue };
        let path = endpoint.path.replacen(outer, &subject, 1).replacen(id, &foreign.id, 1);
        let (answer, seen) = p.send(&Probe::get(path.clone()).by(attacker)).await?;
        if foreign.body.get("id").is_some_and(|id| oracle::took(&answer, &["id"], id)) {
            let summary = format!("{} reads {path}, which {} created", attacker.name, victim.name);
            return Ok(Verdict::exploited(summary, vec![seen]));
        }
        attempts.blocked(seen);
    }
    Ok(attempts.verdict("the inner object is checked too", "no object stands under another"))
}
