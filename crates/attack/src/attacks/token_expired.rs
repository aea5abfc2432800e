//! A token that should have ended.

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::identity::Identity;
use crate::report::Outcome;
use crate::token;

attack!("token-expired", Authentication, Code, "I have an old token; does it still open the door?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let (Some(endpoint), Some(victim)) = (p.surface.secured_read(), p.victim()) else {
        return Ok(Outcome::not_applicable("needs a JWT and a read that asks for it"));
    };
    let (Some(text), Some(mut claims)) = (victim.token(), victim.claims()) else {
        return Ok(Outcome::not_applicable("the credential is not a JWT"));
    };
    // Without the secret there is nothing but old tokens made by others.
    let Some(secret) = token::crack(text) else {
        return Ok(Outcome::blocked("no token of another age can be made", vec![]));
    };
    claims["iat"] = 1_577_836_800.into();
    claims["exp"] = 1_577_840_400.into();
    let Some(old) = token::forge(&claims, secret) else { return Ok(Outcome::not_applicable("cannot sign")) };
    let (answer, exchange) = p.send(&Probe::get(endpoint.path.clone()).by(&Identity::bearer("old", &old))).await?;
    Ok(if answer.status.is_success() {
        Outcome::exploited("a token that ended in January 2020 is believed", vec![exchange])
    } else {
        Outcome::blocked("old tokens are not believed", vec![exchange])
    })
}
