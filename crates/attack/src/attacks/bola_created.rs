//! An object that the victim has just made.

use http::Method;
use serde_json::Value;

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::identity::Identity;
use crate::report::Outcome;

attack!("bola-created", ObjectOwnership, Code, "The victim created something; can I read it by its id?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let (Some(victim), Some(attacker)) = (p.victim(), p.attacker()) else {
        return Ok(Outcome::not_applicable("needs two identities"));
    };
    let mut last = None;
    for (_, collection) in p.surface.objects() {
        let Some(Created { path, .. }) = create(p, collection, victim).await? else { continue };
        let probe = Probe::get(path.clone());
        let (own, _) = p.send(&probe.clone().by(victim)).await?;
        let (theirs, exchange) = p.send(&probe.by(attacker)).await?;
        if own.status.is_success() && theirs.status.is_success() && own.body == theirs.body {
            let summary = format!("{} reads {path}, which {} created", attacker.name, victim.name);
            return Ok(Outcome::exploited(summary, vec![exchange]));
        }
        last = Some(exchange);
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("only its creator sees it", vec![exchange]),
        None => Outcome::not_applicable("nothing can be created and read by id"),
    })
}

/// An object that somebody has just made.
pub(super) struct Created {
    /// Its id, as it stands in JSON without quotes.
    pub(super) id: String,
    /// Where it is read.
    pub(super) path: String,
    /// What the answer said of it.
    pub(super) body: Value,
}

/// Makes an object in a collection; `None` where nothing can be made, or its answer names no id.
pub(super) async fn create(p: Probing<'_>, collection: &str, by: &Identity) -> Result<Option<Created>, ClientError> {
    let Some(create) = p.surface.plain(&Method::POST).find(|e| e.path == collection) else { return Ok(None) };
    let (created, _) = p.send(&Probe::json(Method::POST, collection, &create.example()).by(by)).await?;
    let Some(body) = created.json() else { return Ok(None) };
    let id = body.get("id").map(|id| id.to_string().trim_matches('"').to_owned());
    Ok(id.map(|id| Created { path: format!("{collection}/{id}"), id, body }))
}
