//! A login body that is far too large.

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::payloads::waf::PADDING;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "waf-large-login",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "Does it hash a password of 20 KB, again and again?",
    needs: &[Need::LoginCredentials],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (login, name, password) = p.credentials()?;
    let padding = "x".repeat(PADDING);
    let mut body = login.credentials(name, password);
    if let Some(fields) = body.as_object_mut() {
        fields.insert("padding".into(), padding.into());
    }
    let (answer, seen) = p.send(&login.request(&body)).await?;
    // The credentials are valid: success proves that the body was read and used.
    Ok(if answer.is_success() {
        Verdict::exploited("a login body of 20 KB is processed", vec![seen])
    } else {
        Verdict::blocked("the body is refused", vec![seen])
    })
}
