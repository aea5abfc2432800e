//! A privilege hidden in an inner object.

use http::Method;
use serde_json::json;

use crate::door::{GuideDoor, ShutBy};
use crate::oracle;
use crate::payloads::mass_assignment::INNER_VALUE;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "mass-nested",
    door: GuideDoor::MassAssignment,
    shut_by: ShutBy::Code,
    thought: "The outer fields are checked; what about the object inside?",
    needs: &[],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let mut attempts = Attempts::default();
    for endpoint in p.surface.plain(&Method::PATCH) {
        for outer in endpoint.body.properties() {
            for name in &outer.read_only_inside {
                let body = json!({ &*outer.name: { &**name: INNER_VALUE } });
                let probe = endpoint.request(&body);
                let (answer, seen) = p.send(&p.authenticated(probe)).await?;
                if oracle::took(&answer, &[&outer.name, name], &INNER_VALUE.into()) {
                    let summary = format!("{} took {}.{name}", endpoint.path, outer.name);
                    return Ok(Verdict::exploited(summary, vec![seen]));
                }
                attempts.blocked(seen);
            }
        }
    }
    Ok(attempts.verdict("the inner field was not taken", "no inner object has read-only fields"))
}
