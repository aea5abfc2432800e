//! Wrong passwords, one after the other.

use crate::oracle;
use crate::probe::Probe;
use crate::probing::{AttackError, Probing};
use crate::verdict::Verdict;

/// The guide allows five.
const ATTEMPTS: u32 = 20;

/// Blocked when a limit is reached. `disguise` changes the probe of each attempt.
pub(super) async fn probe(
    p: Probing<'_>,
    disguise: impl Fn(Probe, u32) -> Probe,
) -> Result<Verdict, AttackError> {
    let login = p.login()?;
    let name = p.options.login.as_ref().map_or("admin", |(name, _)| name.as_str());
    let mut last = None;
    for attempt in 0..ATTEMPTS {
        let body = login.credentials(name, &format!("wrong-password-{attempt}"));
        let probe = disguise(login.request(&body), attempt);
        let (answer, seen) = p.send(&probe).await?;
        if oracle::is_rate_limited(&answer) {
            return Ok(Verdict::blocked(format!("stopped after {attempt} tries"), vec![seen]));
        }
        last = Some(seen);
    }
    let summary = format!("{ATTEMPTS} wrong passwords, and nobody stopped me");
    Ok(Verdict::exploited(summary, last.into_iter().collect()))
}
