//! Whatever origin asks.

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("cors-reflected", Cors, Code, "Can my site read the API with the victim's cookies?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    try_origins(p, &["https://evil.example", "http://evil.example:8080"]).await
}

/// Whether any of these origins is allowed to read, with credentials or at all.
pub(super) async fn try_origins(p: Probing<'_>, origins: &[&str]) -> Result<Outcome, ClientError> {
    let Some(endpoint) = p.surface.secured_read() else { return Ok(Outcome::not_applicable("no read needs an identity")) };
    let mut last = None;
    for origin in origins {
        let probe = p.mine(Probe::get(endpoint.path.clone())).header("origin", *origin);
        let (answer, exchange) = p.send(&probe).await?;
        let allowed = answer.header("access-control-allow-origin");
        if allowed == Some(origin) || (allowed == Some("*") && answer.header("access-control-allow-credentials").is_some()) {
            return Ok(Outcome::exploited(format!("{origin} may read {}", endpoint.path), vec![exchange]));
        }
        last = Some(exchange);
    }
    Ok(Outcome::blocked("no foreign origin is allowed", last.into_iter().collect()))
}
