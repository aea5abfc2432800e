//! A signing secret that can be guessed offline.

use crate::door::{GuideDoor, ShutBy};
use crate::identity::Identity;
use crate::need::Need;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::token;
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "token-weak-secret",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "Can I guess the signing secret and make tokens of my own?",
    needs: &[Need::Identity, Need::Jwt, Need::SecuredRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let endpoint = p.secured_read()?;
    let (text, claims) = p.jwt()?;
    let Some(secret) = token::crack(text) else {
        return Ok(Verdict::blocked("the secret is not a common one", vec![]));
    };
    let claims = token::changed(claims, [("role", "admin".into())]);
    let Some(forged) = token::forge(&claims, secret) else {
        return Ok(Verdict::not_applicable("cannot sign"));
    };
    let forged = Identity::bearer("forged", &forged);
    let (answer, seen) = p.send(&Probe::get(endpoint.path.clone()).by(&forged)).await?;
    Ok(if answer.is_success() {
        Verdict::exploited(format!("the secret is `{secret}`: a forged admin token is accepted"), vec![seen])
    } else {
        Verdict::blocked("the secret was guessed, but forged tokens are not accepted", vec![seen])
    })
}
