//! Somebody else's object in a list of ids.

use http::Method;
use serde_json::Value;

use super::objects;
use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "bola-batch",
    door: GuideDoor::ObjectOwnership,
    shut_by: ShutBy::Code,
    thought: "One id is checked; are all of `ids=1,2,3`?",
    needs: &[Need::TwoIdentities],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (victim, attacker) = p.accounts()?;
    let mut attempts = Attempts::default();
    for endpoint in p.surface.plain(&Method::GET).filter(|endpoint| endpoint.secured) {
        let Some(list) = endpoint.lists.first() else { continue };
        let Some((collection, _)) = endpoint.path.rsplit_once('/') else { continue };
        let Some(foreign) = objects::create(p, collection, victim).await? else { continue };
        let Some(own) = objects::create(p, collection, attacker).await? else { continue };
        let target = format!("{}?{list}={},{}", endpoint.path, own.id, foreign.id);
        let (answer, seen) = p.send(&Probe::get(target.clone()).by(attacker)).await?;
        let items = match answer.json() {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        if items.iter().filter_map(|item| item.get("id")).any(|id| oracle::id_text(id) == foreign.id) {
            let summary = format!("{} reads {target}, one of them of {}", attacker.name, victim.name);
            return Ok(Verdict::exploited(summary, vec![seen]));
        }
        attempts.blocked(seen);
    }
    Ok(attempts.verdict("the foreign id returned nothing", "nothing takes a list of ids"))
}
