//! A token that names the key that signed it, by a `kid` that leads elsewhere.

use crate::door::{GuideDoor, ShutBy};
use crate::identity::Identity;
use crate::need::Need;
use crate::payloads::authentication::KEY_IDS;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::token;
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "token-key-id",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "Does the name of a key in my token lead to one that I know?",
    needs: &[Need::Identity, Need::Jwt, Need::SecuredRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let endpoint = p.secured_read()?;
    let (_, claims) = p.jwt()?;
    let mut attempts = Attempts::default();
    for (kid, secret) in KEY_IDS {
        let Some(forged) = token::with_kid(&claims, kid, secret) else { continue };
        let forged = Identity::bearer("forged", &forged);
        let (answer, seen) = p.send(&Probe::get(endpoint.path.clone()).by(&forged)).await?;
        if answer.is_success() {
            let summary = format!("a forged token is accepted with the `kid` {kid}");
            return Ok(Verdict::exploited(summary, vec![seen]));
        }
        attempts.blocked(seen);
    }
    Ok(attempts.verdict("no name of a key leads elsewhere", "cannot sign"))
}
