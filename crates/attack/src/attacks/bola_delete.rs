//! Somebody else's object, gone.

use http::{Method, StatusCode};

use super::Probing;
use super::bola_created::{Created, create};
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("bola-delete", ObjectOwnership, Code, "May I delete what is not mine?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let (Some(victim), Some(attacker)) = (p.victim(), p.attacker()) else {
        return Ok(Outcome::not_applicable("needs two identities"));
    };
    let mut last = None;
    for (_, collection) in p.surface.objects().filter(|(_, c)| p.surface.writes(&Method::DELETE, c).is_some()) {
        let Some(Created { path, .. }) = create(p, collection, victim).await? else { continue };
        let probe = Probe { method: Method::DELETE, ..Probe::get(path.clone()) };
        let (_, exchange) = p.send(&probe.by(attacker)).await?;
        let (after, _) = p.send(&Probe::get(path.clone()).by(victim)).await?;
        if after.status == StatusCode::NOT_FOUND {
            return Ok(Outcome::exploited(format!("{} deleted {path} of {}", attacker.name, victim.name), vec![exchange]));
        }
        last = Some(exchange);
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("the object is still there", vec![exchange]),
        None => Outcome::not_applicable("nothing is deleted by id"),
    })
}
