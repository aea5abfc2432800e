//! A tool that does not even say what it is.

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("waf-no-agent", Firewall, Code, "Does it answer a script without a User-Agent?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let Some(endpoint) = p.surface.secured_read() else { return Ok(Outcome::not_applicable("nothing to read")) };
    let probe = Probe { agent: false, ..p.mine(Probe::get(endpoint.path.clone())) };
    let (answer, exchange) = p.send(&probe).await?;
    Ok(if answer.status.is_success() {
        Outcome::exploited("served without a User-Agent", vec![exchange])
    } else {
        Outcome::blocked("not served", vec![exchange])
    })
}
