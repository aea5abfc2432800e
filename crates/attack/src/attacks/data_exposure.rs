//! Fields that nobody meant to show.

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("data-exposure", MassAssignment, Code, "Does the answer hold more than the page shows: hashes, secrets, flags?", run);

const SECRETS: [&str; 8] = ["password", "password_hash", "passwd", "secret", "salt", "ssn", "mfa_secret", "api_key"];

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let Some(victim) = p.victim() else { return Ok(Outcome::not_applicable("needs an identity")) };
    let Some(id) = victim.subject() else { return Ok(Outcome::not_applicable("the token names no subject")) };
    let mut last = None;
    for (_, collection) in p.surface.objects() {
        let (answer, exchange) = p.send(&Probe::get(format!("{collection}/{id}")).by(victim)).await?;
        let shown = answer.json().and_then(|o| SECRETS.into_iter().find(|field| o.get(field).is_some()));
        if let Some(field) = shown {
            return Ok(Outcome::exploited(format!("{collection}/{id} shows `{field}`"), vec![exchange]));
        }
        last = Some(exchange);
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("nothing secret is shown", vec![exchange]),
        None => Outcome::not_applicable("nothing is read by id"),
    })
}
