//! One password after the other.

use http::Method;

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("rate-login", RateLimiting, Code, "I can try 10,000 passwords a second. Does anybody stop me?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    try_passwords(p, |probe, _| probe).await
}

/// Twenty wrong passwords; the guide allows five.
pub(super) async fn try_passwords(p: Probing<'_>, dress: impl Fn(Probe, u32) -> Probe) -> Result<Outcome, ClientError> {
    const TRIES: u32 = 20;
    let Some(login) = p.surface.login() else { return Ok(Outcome::not_applicable("no login operation")) };
    let name = p.options.login.as_ref().map_or("admin", |(name, _)| name.as_str());
    let mut last = None;
    for i in 0..TRIES {
        let body = serde_json::json!({ "username": name, "password": format!("wrong-password-{i}") });
        let (answer, exchange) = p.send(&dress(Probe::json(Method::POST, login.path.clone(), &body), i)).await?;
        if answer.status.as_u16() == 429 {
            return Ok(Outcome::blocked(format!("stopped after {i} tries"), vec![exchange]));
        }
        last = Some(exchange);
    }
    Ok(Outcome::exploited(format!("{TRIES} wrong passwords, and nobody stopped me"), last.into_iter().collect()))
}
