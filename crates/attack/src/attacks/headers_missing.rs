//! Headers that cost nothing.

use super::Probing;
use crate::client::{Answer, ClientError, Probe};
use crate::report::Outcome;

attack!("headers-missing", SecurityHeaders, Code, "May I frame it, sniff it, load scripts into it?", run);

const NEEDED: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", ""),
    ("referrer-policy", ""),
    ("content-security-policy", "default-src"),
    ("permissions-policy", ""),
];

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let Some(endpoint) = p.surface.secured_read() else { return Ok(Outcome::not_applicable("nothing to read")) };
    let (answer, exchange) = p.send(&p.mine(Probe::get(endpoint.path.clone()))).await?;
    Ok(graded(&answer, exchange))
}

/// What an answer lacks.
pub(super) fn graded(answer: &Answer, exchange: crate::client::Exchange) -> Outcome {
    let missing: Vec<&str> = NEEDED
        .iter()
        .filter(|(name, word)| !answer.header(name).is_some_and(|value| value.contains(word)))
        .map(|(name, _)| *name)
        .collect();
    if missing.is_empty() {
        Outcome::blocked("all there", vec![exchange])
    } else {
        Outcome::exploited(format!("missing: {}", missing.join(", ")), vec![exchange])
    }
}
