//! An object in somebody else's name.

use http::Method;

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("mass-owner", MassAssignment, Code, "What if I say whose it is?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    try_assign(p, &[("user_id", 4242), ("owner_id", 4242)]).await
}

/// Adds read-only numbers to what can be created, and reads them back.
pub(super) async fn try_assign(p: Probing<'_>, fields: &[(&str, i64)]) -> Result<Outcome, ClientError> {
    let mut last = None;
    for endpoint in p.surface.plain(&Method::POST).filter(|e| e.secured) {
        for (field, value) in fields.iter().filter(|(field, _)| endpoint.response.iter().any(|known| known == field)) {
            let mut body = endpoint.example();
            body[*field] = (*value).into();
            let (answer, exchange) = p.send(&p.mine(Probe::json(Method::POST, endpoint.path.clone(), &body))).await?;
            let taken = answer.json().and_then(|o| o.get(*field).cloned()) == Some((*value).into());
            if answer.status.is_success() && taken {
                return Ok(Outcome::exploited(format!("{} took {field}: {value}", endpoint.path), vec![exchange]));
            }
            last = Some(exchange);
        }
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("the field was not taken", vec![exchange]),
        None => Outcome::not_applicable("no such field in what can be created"),
    })
}
