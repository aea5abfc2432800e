//! A login that is far too long.

use http::Method;

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("waf-large-login", Firewall, Code, "Does it hash a password of 20 KB, again and again?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let (Some(login), Some((name, password))) = (p.surface.login(), &p.options.login) else {
        return Ok(Outcome::not_applicable("needs a login operation and a password"));
    };
    let body = serde_json::json!({ "username": name, "password": password, "padding": "x".repeat(20_000) });
    let (answer, exchange) = p.send(&Probe::json(Method::POST, login.path.clone(), &body)).await?;
    // The credentials are right: an answer of success proves that the body was read and used.
    Ok(if answer.status.is_success() {
        Outcome::exploited("a login body of 20 KB is processed", vec![exchange])
    } else {
        Outcome::blocked("the body is refused", vec![exchange])
    })
}
