//! The response on its way out: held only where an owner or a schema has to be checked.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, TRANSFER_ENCODING};
use http::{HeaderMap, Response, StatusCode};
use http_body::Body;
use policy::Door;
use policy::config::ResponseProperties;
use policy::openapi::ShapeId;

use super::observe;
use crate::decision::ruling::{Interruption, Ruling, enforced, on};
use crate::decision::{Refusal, problem};
use crate::doors;
use crate::doors::injection::rules::response as rules;
use crate::doors::ownership::Released;
use crate::doors::ownership::{cedar, read_first};
use crate::engine::Engine;
use crate::events::Verdict;
use crate::exchange::Exchange;
use crate::exchange::content_encoding::decode;
use crate::inputs::{StructureLimits, essence, parse_json};
use crate::wire::body::{CollectError, Outgoing, collect};

/// Checks and strips the response's body where the policy asks for it; everything else passes as it comes.
pub(crate) async fn release<R>(
    ruling: Ruling<'_>,
    x: &mut Exchange<'_>,
    response: Response<R>,
) -> Response<Outgoing<R>>
where
    R: Body<Data = Bytes>,
{
    let engine = ruling.engine;
    let (parts, body) = response.into_parts();
    if let Err(stop) = rules::release_head(ruling, x, &parts) {
        return stopped(x, stop);
    }
    if on(x, Door::Schema) && doors::schema::masks(x, engine, parts.status) {
        let enforce = enforced(x, Door::Schema);
        let verdict = if enforce { Verdict::Rewritten } else { Verdict::WouldRewrite };
        ruling.note(x, Door::Schema.name(), "server-error", verdict, None, parts.status.as_str());
        if enforce {
            return problem(parts.status, x.id, &[]).map(Outgoing::held);
        }
    }
    let kind = essence(&parts.headers);
    if on(x, Door::Schema)
        && let Some((rule, evidence)) = doors::schema::undeclared_response(x, parts.status, &kind)
    {
        ruling.note(x, Door::Schema.name(), rule, Verdict::Reported, None, &evidence);
    }
    let is_json = kind == "application/json" || kind.ends_with("+json");
    let owner =
        on(x, Door::Ownership) && parts.status.is_success() && doors::ownership::needs_body(x, engine);
    let cedar = on(x, Door::Ownership) && parts.status.is_success() && cedar::needs_response(x, engine);
    let shape = (on(x, Door::Schema) && is_json && x.route.responses == ResponseProperties::Strip)
        .then(|| doors::schema::response_shape(x, parts.status, &kind))
        .flatten();
    let remember =
        on(x, Door::Ownership) && parts.status.is_success() && is_json && doors::ownership::remembers(x);
    let watch = x.watched.is_some() && is_json;
    let rules = rules::reads_body(x, engine, &parts);
    if (!owner && !cedar && !remember && !watch && !rules && shape.is_none()) || body.is_end_stream() {
        if let Err(stop) = rules::release_body(ruling, x, &[]) {
            return stopped(x, stop);
        }
        observe::finish(ruling, x, parts.status, &kind, None);
        return Response::from_parts(parts, Outgoing::streamed(body));
    }
    // Boxed: reading an answer needs much room, and most exchanges need none.
    Box::pin(check(ruling, x, parts, body, Checks { owner, cedar, remember, rules, shape, is_json })).await
}

type ReleaseCheck = fn(&Exchange<'_>, &Engine, Option<&mut serde_json::Value>) -> Released;

/// What has to be checked of a response's body.
struct Checks {
    owner: bool,
    cedar: bool,
    remember: bool,
    rules: bool,
    shape: Option<ShapeId>,
    is_json: bool,
}

async fn check<R>(
    ruling: Ruling<'_>,
    x: &mut Exchange<'_>,
    mut parts: http::response::Parts,
    body: R,
    Checks { owner, cedar, remember, rules, shape, is_json }: Checks,
) -> Response<Outgoing<R>>
where
    R: Body<Data = Bytes>,
{
    let engine = ruling.engine;
    let limit = engine.policy.protocol.max_decoded_body.as_usize();
    let mut body = Box::pin(body);
    let held = match collect(body.as_mut(), limit, engine.policy.gateway.timeouts.upstream.0).await {
        Ok(held) => held,
        Err(CollectError::TooLarge(_)) if owner || cedar => {
            let refusal = doors::ownership::unreadable(engine, "a response too large to check");
            return refuse_response(ruling, x, refusal);
        }
        Err(CollectError::TooLarge(read)) => {
            // What was read is judged; a client cannot be made to wait for all of it.
            if rules && let Err(stop) = rules::release_body(ruling, x, &read) {
                return stopped(x, stop);
            }
            if shape.is_some() {
                let (verdict, evidence) = (Verdict::WouldRewrite, "a response that is too large to strip");
                ruling.note(x, Door::Schema.name(), "response-too-large", verdict, None, evidence);
            }
            return Response::from_parts(parts, Outgoing::resumed(read, body));
        }
        Err(_) => {
            ruling.note(x, "upstream", "broken", Verdict::Failed, Some(502), "the answer broke off");
            return problem(StatusCode::BAD_GATEWAY, x.id, &[]).map(Outgoing::held);
        }
    };
    if held.is_empty() {
        return Response::from_parts(parts, Outgoing::held(held));
    }
    let coding = parts.headers.get(CONTENT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
    let text = match decode(&coding, &held, &engine.policy.protocol) {
        Ok(decoded) => decoded.map_or_else(|| held.clone(), Bytes::from),
        Err(_) => Bytes::new(),
    };
    if let Err(stop) = rules::release_body(ruling, x, if rules { &text } else { &[] }) {
        return stopped(x, stop);
    }
    // The usual case needs no tree: all of it is the caller's, and nothing else is asked.
    let partial = parts.status == StatusCode::PARTIAL_CONTENT;
    let only_owner = owner && !cedar && shape.is_none() && !remember && x.watched.is_none();
    if only_owner && is_json && !partial && doors::ownership::is_all_own(x, &text) {
        return Response::from_parts(parts, Outgoing::held(held));
    }
    let structure = StructureLimits { depth: 128, members: usize::MAX };
    let mut value = if is_json { parse_json(&text, structure).ok() } else { None };
    observe::finish(ruling, x, parts.status, &essence(&parts.headers), value.as_ref());
    let mut changed = false;
    let checks: [(bool, ReleaseCheck, &str, &str); 2] = [
        (owner, doors::ownership::release, "owner-filter", "objects of others"),
        (cedar, cedar::release, "cedar-filter", "objects that no policy permits"),
    ];
    for (_, release, rule, what) in checks.into_iter().filter(|(asked, ..)| *asked) {
        match release(x, engine, value.as_mut().filter(|_| !partial)) {
            Released::Unchanged => {}
            Released::Filtered(count) => {
                let verdict =
                    if enforced(x, Door::Ownership) { Verdict::Rewritten } else { Verdict::WouldRewrite };
                ruling.note(x, Door::Ownership.name(), rule, verdict, None, &format!("{count} {what}"));
                changed = true;
            }
            Released::Refused(refusal) => return refuse_or_pass(ruling, x, refusal, parts, held),
        }
    }
    if changed && !enforced(x, Door::Ownership) {
        // Observed only: what leaves is what came.
        return Response::from_parts(parts, Outgoing::held(held));
    }
    if let (true, Some(value)) = (remember, &value) {
        read_first::remember_response(ruling, x, value).await;
    }
    if let (Some(shape), Some(value)) = (shape, value.as_mut()) {
        let before = (!enforced(x, Door::Schema)).then(|| value.clone());
        let removed = doors::schema::release(x, engine, shape, value);
        if !removed.is_empty() {
            let verdict = if before.is_none() { Verdict::Rewritten } else { Verdict::WouldRewrite };
            let evidence = crate::events::redact::excerpt(removed.join(" ").as_bytes());
            ruling.note(x, Door::Schema.name(), "response-property", verdict, None, &evidence);
            match before {
                Some(before) => *value = before,
                None => changed = true,
            }
        }
    }
    let body = match value {
        Some(value) if changed => {
            parts.headers.remove(CONTENT_ENCODING);
            parts.headers.remove(TRANSFER_ENCODING);
            // What was changed is no longer what the upstream's validator names.
            parts.headers.remove(ETAG);
            let body = Bytes::from(value.to_string());
            parts.headers.insert(CONTENT_LENGTH, body.len().into());
            body
        }
        _ => held,
    };
    Response::from_parts(parts, Outgoing::held(body))
}

fn refuse_or_pass<R>(
    ruling: Ruling<'_>,
    x: &mut Exchange<'_>,
    refusal: Refusal,
    parts: http::response::Parts,
    held: Bytes,
) -> Response<Outgoing<R>> {
    if enforced(x, Door::Ownership) {
        return refuse_response(ruling, x, refusal);
    }
    ruling.note(x, Door::Ownership.name(), refusal.rule, Verdict::WouldRefuse, None, &refusal.evidence);
    Response::from_parts(parts, Outgoing::held(held))
}

fn refuse_response<R>(ruling: Ruling<'_>, x: &mut Exchange<'_>, refusal: Refusal) -> Response<Outgoing<R>> {
    let status = Some(refusal.status.as_u16());
    ruling.note(x, Door::Ownership.name(), refusal.rule, Verdict::Refused, status, &refusal.evidence);
    refusal.response(x.id).map(Outgoing::held)
}

/// What a door made of an answer instead.
fn stopped<R>(x: &Exchange<'_>, stop: Interruption) -> Response<Outgoing<R>> {
    match stop {
        Interruption::Refused(refusal) => refusal.response(x.id).map(Outgoing::held),
        Interruption::Answered(status, headers) => answer(status, headers),
    }
}

pub(crate) fn answer<R>(status: StatusCode, headers: HeaderMap) -> Response<Outgoing<R>> {
    let mut response = Response::new(Outgoing::held(Bytes::new()));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response.headers_mut().remove(CONTENT_TYPE);
    response
}
