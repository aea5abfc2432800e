//! More requests than any person makes. It exhausts limits, so it runs last, and only where that is allowed.

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "rate-flood",
    door: GuideDoor::RateLimiting,
    shut_by: ShutBy::Code,
    thought: "How many requests can one address make?",
    needs: &[Need::Destructive, Need::SecuredRead],
    run: |probing| Box::pin(run(probing)),
};

/// The guide's limit is 2,000 in five minutes.
const REQUESTS: u32 = 2_100;

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let probe = p.read()?;
    let mut last = None;
    for served in 0..REQUESTS {
        let (answer, seen) = p.send(&probe).await?;
        if oracle::is_rate_limited(&answer) {
            return Ok(Verdict::blocked(format!("stopped after {served} requests"), vec![seen]));
        }
        last = Some(seen);
    }
    Ok(Verdict::exploited(format!("{REQUESTS} requests in one go, all served"), last.into_iter().collect()))
}
