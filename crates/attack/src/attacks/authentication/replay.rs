//! A refresh token that is used twice.

use std::time::Duration;

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

/// How long a replay waits, each time.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8), Duration::from_secs(20)];

pub(super) const ATTACK: Attack = Attack {
    name: "refresh-replay",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "I copied a refresh token. Can I use it after its owner did?",
    needs: &[Need::LoginCredentials, Need::RefreshOperation],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let refresh = p.refresh()?;
    let Some((session, begun)) = p.session().await? else {
        return Ok(Verdict::not_applicable("the log in gives no session"));
    };
    let (next, first) = p.renew(&session, refresh).await?;
    let Some(next) = next else {
        return Ok(Verdict::not_applicable("the session cannot be renewed"));
    };
    let replaced = next.refresh.as_ref().filter(|token| Some(*token) != session.refresh.as_ref());
    let mut waited = 0;
    loop {
        let (again, second) = p.renew(&session, refresh).await?;
        let Some(again) = again else {
            return Ok(Verdict::blocked("a spent refresh token is refused", vec![second]));
        };
        let evidence = vec![begun.clone(), first.clone(), second];
        if replaced.is_none() {
            return Ok(Verdict::exploited("a refresh token renews again and again", evidence));
        }
        if again.refresh.as_ref() != replaced {
            return Ok(Verdict::exploited("a spent refresh token gives a session of its own", evidence));
        }
        // Tabs that renew at the same moment may all be given the same successor, for some seconds.
        let Some(pause) = PAUSES.get(waited) else {
            return Ok(Verdict::exploited("a spent refresh token still renews", evidence));
        };
        tokio::time::sleep(*pause).await;
        waited += 1;
    }
}
