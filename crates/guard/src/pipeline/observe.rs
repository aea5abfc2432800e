//! Exchanges as `doorward learn` watches them: what was asked and what was answered, parsed.

use http::StatusCode;
use http::header::AUTHORIZATION;
use policy::learn::{Observation, unverified_claims};
use serde_json::{Map, Value};

use crate::decision::ruling::Ruling;
use crate::exchange::Exchange;
use crate::inputs::{ParsedBody, essence, pairs};

/// Notes the request, when somebody watches.
pub(crate) fn begin(ruling: Ruling<'_>, x: &mut Exchange<'_>) {
    if !ruling.state.sink.watches() {
        return;
    }
    let request = x.body.as_ref().and_then(|body| match &body.parsed {
        ParsedBody::Json(value) => Some(value.clone()),
        ParsedBody::Form(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), Value::String(value.clone())));
            Some(Value::Object(fields.collect::<Map<_, _>>()))
        }
        _ => None,
    });
    let claims = match &x.principal {
        Some(principal) => principal.claims.clone(),
        None => x.header(AUTHORIZATION).map(unverified_claims).unwrap_or_default(),
    };
    x.watched = Some(Box::new(Observation {
        method: x.method.clone(),
        path: x.target.path().to_owned(),
        query: pairs(x.target.query().unwrap_or("").as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect(),
        request: request.map(|value| (essence(&x.headers), value)),
        claims,
        ..Observation::default()
    }));
}

/// Hands the exchange on with its answer; only the first answer counts.
pub(crate) fn finish(
    ruling: Ruling<'_>,
    x: &mut Exchange<'_>,
    status: StatusCode,
    kind: &str,
    value: Option<&Value>,
) {
    let Some(mut observation) = x.watched.take() else { return };
    observation.status = status.as_u16();
    observation.response = Some((kind.to_owned(), value.cloned())).filter(|_| !kind.is_empty());
    ruling.state.sink.watch(*observation);
}
