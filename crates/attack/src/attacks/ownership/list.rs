//! The list that should hold only the caller's own objects.

use http::Method;
use serde_json::Value;

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "bola-list",
    door: GuideDoor::ObjectOwnership,
    shut_by: ShutBy::Code,
    thought: "Does the list show everybody's objects instead of mine?",
    needs: &[Need::TwoIdentities, Need::AttackerSubject],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (attacker, subject) = (p.attacker()?, p.attacker_subject()?);
    let mut attempts = Attempts::default();
    let lists = p.surface.plain(&Method::GET).filter(|endpoint| endpoint.secured);
    for endpoint in lists.filter(|endpoint| endpoint.response.iter().any(|field| field == "user_id")) {
        let (answer, seen) = p.send(&Probe::get(endpoint.path.clone()).by(attacker)).await?;
        let Some(Value::Array(items)) = answer.json() else { continue };
        let is_foreign = |item: &Value| oracle::foreign_owner(item, &subject).is_some();
        let count = items.iter().filter(|item| is_foreign(item)).count();
        if count > 0 {
            let summary = format!("{} lists {count} objects of others at {}", attacker.name, endpoint.path);
            return Ok(Verdict::exploited(summary, vec![seen]));
        }
        attempts.blocked(seen);
    }
    Ok(attempts.verdict("the list holds only the caller's own objects", "no list of owned objects"))
}
