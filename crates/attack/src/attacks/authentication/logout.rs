//! A token that outlives its session.

use std::time::Duration;

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

/// The guide wants it everywhere within a second.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(300);

pub(super) const ATTACK: Attack = Attack {
    name: "token-after-logout",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "Its owner logged out. Does the token that I copied still open the door?",
    needs: &[Need::LoginCredentials, Need::LogoutOperation, Need::SecuredRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (logout, read) = (p.logout()?, p.secured_read()?);
    let Some((session, _)) = p.session().await? else {
        return Ok(Verdict::not_applicable("the log in gives no session"));
    };
    let read = Probe::get(read.path.clone()).by(&session.identity);
    let (before, _) = p.send(&read).await?;
    if !before.is_success() {
        return Ok(Verdict::not_applicable("the session opens nothing"));
    }
    let (out, ended) = p.send(&session.asks(logout)).await?;
    if !out.is_success() && !out.status.is_redirection() {
        return Ok(Verdict::not_applicable("the log out is refused"));
    }
    let mut last = ended.clone();
    for _ in 0..TRIES {
        let (answer, seen) = p.send(&read).await?;
        if !answer.is_success() {
            return Ok(Verdict::blocked("the token is revoked", vec![ended, seen]));
        }
        last = seen;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(Verdict::exploited("the token of a session that was logged out is accepted", vec![ended, last]))
}
