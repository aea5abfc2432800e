//! A token that brings, or names, the key that signed it.

use crate::door::{GuideDoor, ShutBy};
use crate::identity::Identity;
use crate::need::Need;
use crate::payloads::authentication::KEY_IDS;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::token;
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "token-own-key",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "Can my token say which key to verify it with?",
    needs: &[Need::Identity, Need::Jwt, Need::SecuredRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let endpoint = p.secured_read()?;
    let (_, claims) = p.jwt()?;
    let mut attempts = Attempts::default();
    let kids = KEY_IDS
        .iter()
        .map(|(kid, secret)| (format!("the `kid` {kid}"), token::with_kid(&claims, kid, secret)));
    let own = [("a key of its own in `jwk`".to_owned(), token::with_own_key(&claims))];
    for (what, forged) in own.into_iter().chain(kids) {
        let Some(forged) = forged else { continue };
        let forged = Identity::bearer("forged", &forged);
        let (answer, seen) = p.send(&Probe::get(endpoint.path.clone()).by(&forged)).await?;
        if answer.is_success() {
            return Ok(Verdict::exploited(format!("a forged token is accepted with {what}"), vec![seen]));
        }
        attempts.blocked(seen);
    }
    Ok(attempts.verdict("a token has no say in its key", "cannot sign"))
}
