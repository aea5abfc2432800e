//! A write that another site's page sends with the victim's cookie.

use http::Method;

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("cors-forgery", Cors, Gate, "Can a form on my page write to the API as the visitor?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let Some(token) = p.victim().and_then(|v| v.token()) else { return Ok(Outcome::not_applicable("needs a token")) };
    let mut last = None;
    for endpoint in p.surface.plain(&Method::POST).filter(|e| e.secured && !e.texts().is_empty()) {
        let probe = Probe::json(Method::POST, endpoint.path.clone(), &endpoint.example())
            .header("cookie", format!("session={token}"))
            .header("origin", "https://evil.example")
            .header("sec-fetch-site", "cross-site")
            .header("sec-fetch-mode", "cors");
        let (answer, exchange) = p.send(&probe).await?;
        if answer.status.is_success() {
            return Ok(Outcome::exploited(format!("a foreign page writes to {} as the visitor", endpoint.path), vec![exchange]));
        }
        last = Some(exchange);
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("no write across sites", vec![exchange]),
        None => Outcome::not_applicable("no write takes a cookie"),
    })
}
