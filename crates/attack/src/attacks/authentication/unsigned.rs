//! A token that claims to need no signature.

use crate::door::{GuideDoor, ShutBy};
use crate::identity::Identity;
use crate::need::Need;
use crate::payloads::authentication::NONE_SPELLINGS;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::token;
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "token-unsigned",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "Does it believe a token with `alg: none`?",
    needs: &[Need::Identity, Need::VictimJwt, Need::SecuredRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let endpoint = p.secured_read()?;
    let (_, claims) = p.victim_jwt()?;
    let mut attempts = Attempts::default();
    for spelling in NONE_SPELLINGS {
        let forged = Identity::bearer("forged", &token::unsigned(&claims, spelling));
        let (answer, seen) = p.send(&Probe::get(endpoint.path.clone()).by(&forged)).await?;
        if answer.is_success() {
            let summary = format!("a token with `alg: {spelling}` is accepted");
            return Ok(Verdict::exploited(summary, vec![seen]));
        }
        attempts.blocked(seen);
    }
    Ok(attempts.verdict("no unsigned token is accepted", "no spelling was tried"))
}
