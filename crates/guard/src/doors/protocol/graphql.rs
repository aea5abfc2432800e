//! How much a GraphQL request may ask for (`[protocol.graphql]`).

use std::sync::Arc;

use http::StatusCode;
use inputs::graphql::{maps_elsewhere, stored};
use inputs::{GraphqlShape, ParsedBody, is_same_name};
use policy::{GraphqlConfig, Introspection};

use crate::decision::ruling::Ruling;
use crate::decision::{Decision, Refusal};
use crate::doors::{Passing, StreamJudge};
use crate::exchange::Exchange;
use crate::stored_log_ins::names_another;

/// Judges a request that is here as a whole.
pub(super) fn judge(x: &Exchange<'_>, limits: &GraphqlConfig) -> Decision {
    match x.graphql().and_then(|shape| excess(&shape, limits)) {
        Some(refusal) => Decision::Refuse(refusal),
        None => Decision::Pass,
    }
}

/// Judges the parts of a form that is forwarded while it comes: an upload with its `operations`. What logs somebody in has to be
/// counted before it leaves, and a document has to be seen whole; neither is what an upload is for.
pub(super) fn of_parts(ruling: Ruling<'_>, x: &Exchange<'_>) -> StreamJudge {
    let limits = ruling.engine.policy.protocol.graphql.clone();
    let counts_log_ins = !x.route.is_no_login && !ruling.engine.policy.rate.login.is_empty();
    let known = Arc::clone(&ruling.state.stored_log_ins);
    Box::new(move |passing| {
        let Passing::Part(part) = passing else { return None };
        let is_called = |name| is_same_name(&part.name, name);
        if part.is_file && ["operations", "query", "map"].into_iter().any(is_called) {
            return Some(upload(format!("a file as `{}`", part.name)));
        }
        if part.is_file {
            return None;
        }
        let parts = vec![part.clone()];
        if maps_elsewhere(&parts) {
            return Some(upload("`map` puts a part elsewhere than into `variables`".to_owned()));
        }
        let form = ParsedBody::Multipart(parts);
        let shape = GraphqlShape::of("", Some((&form, b"")), false);
        let named = || stored("", Some((&form, b"")));
        let is_stored =
            || named().iter().any(|one| names_another(one).is_some_and(|hash| known.find(&hash).is_some()));
        if counts_log_ins && (shape.is_some_and(|shape| shape.log_ins > 0) || is_stored()) {
            return Some(upload("it logs somebody in".to_owned()));
        }
        shape.and_then(|shape| excess(&shape, &limits))
    })
}

fn upload(evidence: String) -> Refusal {
    let evidence = format!("{evidence}, in a form that is too large to be held (`[protocol] max_held_body`)");
    Refusal::new(StatusCode::BAD_REQUEST, "graphql-upload", evidence)
}

/// What is too much.
fn excess(shape: &GraphqlShape, limits: &GraphqlConfig) -> Option<Refusal> {
    if shape.is_ambiguous {
        let evidence = "servers read different documents in it: mind line breaks and escapes in strings, quotes at the end of a block string, letters beyond ASCII in names";
        return Some(Refusal::new(StatusCode::BAD_REQUEST, "graphql-ambiguous", evidence));
    }
    let number = |count: usize| if count == usize::MAX { "far more".to_owned() } else { count.to_string() };
    for (rule, count, most, setting) in [
        ("graphql-depth", shape.depth, limits.max_depth, "max_depth"),
        ("graphql-fields", shape.fields, limits.max_fields, "max_fields"),
        ("graphql-same", shape.doubled, limits.max_same, "max_same"),
        ("graphql-batch", shape.requests, limits.max_batch, "max_batch"),
    ] {
        if count > most {
            let evidence = format!("{}, of {most} (`[protocol.graphql] {setting}`)", number(count));
            return Some(Refusal::new(StatusCode::BAD_REQUEST, rule, evidence));
        }
    }
    if shape.is_introspection && limits.introspection == Introspection::Refuse {
        let evidence = "it asks for the schema".to_owned();
        return Some(Refusal::new(StatusCode::FORBIDDEN, "graphql-introspection", evidence));
    }
    None
}
