//! A token that should have expired.

use crate::door::{GuideDoor, ShutBy};
use crate::identity::Identity;
use crate::need::Need;
use crate::payloads::authentication::EXPIRED;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::token;
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "token-expired",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "I have an old token; does it still open the door?",
    needs: &[Need::Identity, Need::VictimJwt, Need::SecuredRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let endpoint = p.secured_read()?;
    let (text, claims) = p.victim_jwt()?;
    // Without the secret, an attacker has only old tokens that the API issued.
    let Some(secret) = token::crack(text) else {
        return Ok(Verdict::blocked("no token of another age can be made", vec![]));
    };
    let (issued, expired) = EXPIRED;
    let claims = token::changed(claims, [("iat", issued.into()), ("exp", expired.into())]);
    let Some(old) = token::forge(&claims, secret) else { return Ok(Verdict::not_applicable("cannot sign")) };
    let old = Identity::bearer("old", &old);
    let (answer, seen) = p.send(&Probe::get(endpoint.path.clone()).by(&old)).await?;
    Ok(if answer.is_success() {
        Verdict::exploited("a token that expired in January 2020 is accepted", vec![seen])
    } else {
        Verdict::blocked("expired tokens are not accepted", vec![seen])
    })
}
