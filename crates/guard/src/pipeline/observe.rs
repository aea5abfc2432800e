//! Exchanges as `doorward learn` watches them: what was asked and what was answered, parsed.

use http::header::AUTHORIZATION;
use inputs::{ParsedBody, pairs};
use learn::{Observation, unverified_claims};
use serde_json::{Map, Value};

use crate::decision::Decision;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::doors::Step;
use crate::doors::inspector::{Extent, Head, Held, Inspector};
use crate::engine::Engine;
use crate::exchange::Exchange;
use crate::wire::headers::media_type;

/// Notes the request, when somebody watches.
pub(crate) fn begin(ruling: Ruling<'_>, x: &mut Exchange<'_>) {
    if !ruling.state.sinks.wants_observations() {
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
        request: request.map(|value| (media_type(&x.headers), value)),
        claims,
        ..Observation::default()
    }));
}

/// Hands exchanges on with their answers.
pub(crate) struct Learning;

impl Inspector for Learning {
    fn door(&self) -> Option<DoorId> {
        None
    }

    fn expects(&self, _: &Engine, x: &Exchange<'_>) -> Option<Extent> {
        x.watched.as_ref().map(|_| Extent::Any)
    }

    fn wants(&self, _: &Engine, x: &Exchange<'_>, head: &Head) -> bool {
        x.watched.is_some() && head.is_json
    }

    fn inspect<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        held: &'a mut Held,
    ) -> Step<'a> {
        let value = held.value().cloned();
        finish(ruling, x, &held.head, value);
        Step::PASS
    }

    fn unseen<'e>(&self, ruling: Ruling<'e>, x: &mut Exchange<'e>, head: &Head) -> Decision {
        finish(ruling, x, head, None);
        Decision::Pass
    }
}

/// Only the first answer counts.
fn finish(ruling: Ruling<'_>, x: &mut Exchange<'_>, head: &Head, value: Option<Value>) {
    let Some(mut observation) = x.watched.take() else { return };
    observation.status = head.status.as_u16();
    observation.response = Some((head.essence.clone(), value)).filter(|_| !head.essence.is_empty());
    ruling.state.sinks.observation(&observation);
}
