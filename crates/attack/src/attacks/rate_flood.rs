//! More requests than any person makes. Wears out limits, so it runs last, and only where that is allowed.

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("rate-flood", RateLimiting, Code, "How many requests can one address make?", run);

/// The guide's limit is 2,000 in five minutes.
const REQUESTS: u32 = 2_100;

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    if !p.options.destructive {
        return Ok(Outcome::not_applicable("sends 2,100 requests; needs --destructive"));
    }
    let Some(endpoint) = p.surface.secured_read() else { return Ok(Outcome::not_applicable("nothing to read")) };
    let probe = p.mine(Probe::get(endpoint.path.clone()));
    let mut last = None;
    for i in 0..REQUESTS {
        let (answer, exchange) = p.send(&probe).await?;
        if answer.status.as_u16() == 429 {
            return Ok(Outcome::blocked(format!("stopped after {i} requests"), vec![exchange]));
        }
        last = Some(exchange);
    }
    Ok(Outcome::exploited(format!("{REQUESTS} requests in one go, all served"), last.into_iter().collect()))
}
