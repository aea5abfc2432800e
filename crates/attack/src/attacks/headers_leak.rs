//! Names and versions of what runs there.

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("headers-leak", SecurityHeaders, Code, "Which software is it, and which known holes does that version have?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let Some(endpoint) = p.surface.secured_read() else { return Ok(Outcome::not_applicable("nothing to read")) };
    let (answer, exchange) = p.send(&p.mine(Probe::get(endpoint.path.clone()))).await?;
    let told = ["server", "x-powered-by", "x-aspnet-version", "x-generator"]
        .into_iter()
        .filter_map(|name| answer.header(name).map(|value| format!("{name}: {value}")))
        .find(|line| line.starts_with("x-") || line.contains('/'));
    Ok(match told {
        Some(line) => Outcome::exploited(line, vec![exchange]),
        None => Outcome::blocked("nothing is told", vec![exchange]),
    })
}
