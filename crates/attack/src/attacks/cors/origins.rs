//! Reads from pages of other origins.

use crate::oracle;
use crate::probing::{AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

/// Whether any of these origins may read the API with credentials.
pub(super) async fn probe(p: Probing<'_>, origins: &[&str]) -> Result<Verdict, AttackError> {
    let read = p.read()?;
    let mut attempts = Attempts::default();
    for origin in origins {
        let (answer, seen) = p.send(&read.clone().header("origin", *origin)).await?;
        if oracle::allows_origin(&answer, origin) {
            return Ok(Verdict::exploited(format!("{origin} may read {}", read.target), vec![seen]));
        }
        attempts.blocked(seen);
    }
    Ok(attempts.verdict("no foreign origin is allowed", "no origin was tried"))
}
