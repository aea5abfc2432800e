//! The list that should hold only one's own.

use http::Method;
use serde_json::Value;

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("bola-list", ObjectOwnership, Code, "Does the list show everybody's objects instead of mine?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let Some(attacker) = p.attacker() else { return Ok(Outcome::not_applicable("needs two identities")) };
    let Some(subject) = attacker.subject() else { return Ok(Outcome::not_applicable("the token names no subject")) };
    let mut last = None;
    for endpoint in p.surface.plain(&Method::GET).filter(|e| e.secured && e.response.iter().any(|f| f == "user_id")) {
        let (answer, exchange) = p.send(&Probe::get(endpoint.path.clone()).by(attacker)).await?;
        let Some(Value::Array(items)) = answer.json() else { continue };
        let foreign = items.iter().filter(|item| {
            item.get("user_id").is_some_and(|owner| owner.to_string().trim_matches('"') != subject)
        });
        let count = foreign.count();
        if count > 0 {
            let summary = format!("{} lists {count} objects of others at {}", attacker.name, endpoint.path);
            return Ok(Outcome::exploited(summary, vec![exchange]));
        }
        last = Some(exchange);
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("the list holds only one's own", vec![exchange]),
        None => Outcome::not_applicable("no list of owned objects"),
    })
}
