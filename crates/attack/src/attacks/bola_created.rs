//! An object that the victim has just made.

use http::Method;

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("bola-created", ObjectOwnership, Code, "The victim created something; can I read it by its id?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let (Some(victim), Some(attacker)) = (p.victim(), p.attacker()) else {
        return Ok(Outcome::not_applicable("needs two identities"));
    };
    let mut last = None;
    for (_, collection) in p.surface.objects() {
        let Some(create) = p.surface.plain(&Method::POST).find(|e| e.path == collection) else { continue };
        let (created, _) = p.send(&Probe::json(Method::POST, collection, &create.example()).by(victim)).await?;
        let Some(id) = created.json().and_then(|o| o.get("id").map(|id| id.to_string().trim_matches('"').to_owned())) else { continue };
        let probe = Probe::get(format!("{collection}/{id}"));
        let (own, _) = p.send(&probe.clone().by(victim)).await?;
        let (theirs, exchange) = p.send(&probe.by(attacker)).await?;
        if own.status.is_success() && theirs.status.is_success() && own.body == theirs.body {
            let summary = format!("{} reads {collection}/{id}, which {} created", attacker.name, victim.name);
            return Ok(Outcome::exploited(summary, vec![exchange]));
        }
        last = Some(exchange);
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("only its creator sees it", vec![exchange]),
        None => Outcome::not_applicable("nothing can be created and read by id"),
    })
}
