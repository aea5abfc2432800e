//! Somebody else's object, changed.

use http::Method;

use super::Probing;
use super::bola_created::{Created, create};
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("bola-write", ObjectOwnership, Code, "I may not read it; may I overwrite it?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let (Some(victim), Some(attacker)) = (p.victim(), p.attacker()) else {
        return Ok(Outcome::not_applicable("needs two identities"));
    };
    let mut last = None;
    for (_, collection) in p.surface.objects() {
        let Some(write) = p.surface.writes(&Method::PUT, collection) else { continue };
        let Some(Created { path, .. }) = create(p, collection, victim).await? else { continue };
        let Some(field) = write.texts().first().map(|field| (*field).to_owned()) else { continue };
        let mut body = write.example();
        body[&field] = "taken over".into();
        let (_, exchange) = p.send(&Probe::json(Method::PUT, path.clone(), &body).by(attacker)).await?;
        // What the answer says does not count; what the victim finds does.
        let (after, _) = p.send(&Probe::get(path.clone()).by(victim)).await?;
        if after.json().and_then(|o| o.get(&field).cloned()) == Some("taken over".into()) {
            return Ok(Outcome::exploited(format!("{} changed {path} of {}", attacker.name, victim.name), vec![exchange]));
        }
        last = Some(exchange);
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("the object is as its owner left it", vec![exchange]),
        None => Outcome::not_applicable("nothing is written by id"),
    })
}
