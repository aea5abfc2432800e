//! A token that says it needs no signature.

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::identity::Identity;
use crate::report::Outcome;
use crate::token;

attack!("token-unsigned", Authentication, Code, "Does it believe a token with `alg: none`?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let (Some(endpoint), Some(claims)) = (p.surface.secured_read(), p.victim().and_then(Identity::claims)) else {
        return Ok(Outcome::not_applicable("needs a JWT and a read that asks for it"));
    };
    let mut last = None;
    for spelling in ["none", "None", "NONE", "nOnE"] {
        let forged = Identity::bearer("forged", &token::unsigned(&claims, spelling));
        let (answer, exchange) = p.send(&Probe::get(endpoint.path.clone()).by(&forged)).await?;
        if answer.status.is_success() {
            return Ok(Outcome::exploited(format!("a token with `alg: {spelling}` is believed"), vec![exchange]));
        }
        last = Some(exchange);
    }
    Ok(Outcome::blocked("no unsigned token is believed", last.into_iter().collect()))
}
