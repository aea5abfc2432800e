//! A token that brings the key that signed it.

use crate::door::{GuideDoor, ShutBy};
use crate::identity::Identity;
use crate::need::Need;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::token;
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "token-own-key",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "Does it verify my token with the key that I put into it?",
    needs: &[Need::Identity, Need::Jwt, Need::SecuredRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let endpoint = p.secured_read()?;
    let (_, claims) = p.jwt()?;
    let Some(forged) = token::with_own_key(&claims) else {
        return Ok(Verdict::not_applicable("cannot sign"));
    };
    let forged = Identity::bearer("forged", &forged);
    let (answer, seen) = p.send(&Probe::get(endpoint.path.clone()).by(&forged)).await?;
    Ok(if answer.is_success() {
        Verdict::exploited("a forged token is accepted with the key in its `jwk`", vec![seen])
    } else {
        Verdict::blocked("a token brings no key", vec![seen])
    })
}
