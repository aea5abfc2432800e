//! The request on its way in, and its form as the upstream gets it.

use std::ops::RangeInclusive;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LOCATION, RANGE, TRANSFER_ENCODING,
};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use policy::{BuiltInDoor, Redirect};

use super::Pipeline;
use super::body::{Unfinished, begin, hold, shortest_limit, too_large};
use super::stream::{Streaming, streaming, window};
use crate::decision::ruling::Interruption;
use crate::decision::{Decision, Refusal, problem};
use crate::doors::inspector::Extent;
use crate::doors::ownership::writes;
use crate::doors::rate::crowd;
use crate::doors::{Step, cookies, protocol};
use crate::events::redact::excerpt;
use crate::exchange::Exchange;
use crate::forward::{Client, ForwardError, Reader, forwarded_to, identify, lead};
use crate::wire::body::{Forwarded, Metered, longer};
use crate::wire::headers::media_type;
use crate::wire::window::Window;

/// Takes a request through the doors. What passes is its body: held, or judged while it is forwarded.
pub(crate) async fn admit<'e, B, R, F, Fut>(
    pipeline: Pipeline<'e>,
    x: &mut Exchange<'e>,
    body: Metered<B>,
    forward: &mut F,
) -> Result<Forwarded<B>, Interruption>
where
    B: Body<Data = Bytes>,
    R: Body<Data = Bytes>,
    F: FnMut(Request<Forwarded<B>>, Client) -> Fut,
    Fut: Future<Output = Result<Response<R>, ForwardError>>,
{
    let ruling = pipeline.ruling;
    if let Some(refusal) = protocol::unreadable(x) {
        return Err(ruling.refuse(x, &BuiltInDoor::Protocol.into(), refusal));
    }
    if let Err(refusal) = crowd::enter(x, ruling) {
        let refused = ruling.refuse(x, &BuiltInDoor::Rate.into(), refusal);
        tokio::time::sleep(crowd::PAUSE).await;
        return Err(refused);
    }
    // Those of the query; a body that is streamed is not read for more.
    x.read_fields();
    let places = x.readings();
    judge_heads(pipeline, x, places).await?;
    if let Some(redirect) = &x.destination.redirect {
        return Err(Interruption::Answered(sent_elsewhere(x, redirect)));
    }
    let streaming = streaming(x, &ruling.engine.policy);
    let reader = Reader::new(ruling.engine, x, &ruling.state.held);
    if let Some(streaming) = streaming {
        if let Some(coding) =
            x.headers.get(CONTENT_ENCODING).filter(|coding| coding.as_bytes() != b"identity")
        {
            let evidence = excerpt(coding.as_bytes());
            let refusal =
                Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-encoding-stream", evidence);
            ruling.settle(x, &BuiltInDoor::Protocol.into(), Decision::Refuse(refusal))?;
        }
        if streaming == Streaming::Messages || media_type(&x.headers) != "multipart/form-data" {
            judge_bodies(pipeline, x, &reader, forward, true).await?;
            return Ok(Forwarded::Streamed { body, window: window_of(pipeline, x, streaming)? });
        }
        // The beginning of a form shows whether it becomes longer.
        let begun = begin(ruling, x, body).await?;
        judge_bodies(pipeline, x, &reader, forward, true).await?;
        return resumed(pipeline, x, begun);
    }
    if let Some(unfinished) = hold(ruling, x, body).await? {
        judge_bodies(pipeline, x, &reader, forward, true).await?;
        return resumed(pipeline, x, unfinished);
    }
    let places = x.read_fields();
    judge_heads(pipeline, x, places.clone()).await?;
    if let Some(limit) = shortest_limit(x, places)
        && x.body.as_ref().is_some_and(|body| body.wire.len() > limit.as_usize())
    {
        return Err(ruling.refuse(x, &BuiltInDoor::Protocol.into(), too_large(limit, "max_login_body")));
    }
    judge_bodies(pipeline, x, &reader, forward, false).await?;
    Ok(Forwarded::held(x.body.as_ref().map(|held| held.wire.clone()).unwrap_or_default()))
}

/// A body of which the beginning is here. That is judged before the upstream hears of the request.
fn resumed<'e, B: Body<Data = Bytes>>(
    pipeline: Pipeline<'e>,
    x: &mut Exchange<'e>,
    Unfinished { read, body, share }: Unfinished<Metered<B>>,
) -> Result<Forwarded<B>, Interruption> {
    let mut window = window_of(pipeline, x, Streaming::Pieces)?;
    let passed = window.pass(read).and_then(|first| match body {
        Some(_) => Ok(first),
        None => Ok([first, window.end()?].concat().into()),
    });
    let Ok(first) = passed else {
        let status = window.refused().status().unwrap_or(StatusCode::FORBIDDEN);
        return Err(Interruption::Answered(problem(status, x.id, &[])));
    };
    let has_grown = window.has_grown();
    let has_length = x.headers.contains_key(CONTENT_LENGTH);
    let (forwarded, length) = match body {
        None => (Forwarded::held(first.clone()), Some(first.len() as u64)),
        Some(body) => {
            if has_length {
                // The upstream is told it now.
                window.settle_length();
            }
            let length = longer(&body.size_hint(), first.len() + window.kept()).exact();
            (Forwarded::Resumed { first, body, window, share }, length)
        }
    };
    if let Some(length) = length.filter(|_| has_length && has_grown) {
        x.headers.insert(CONTENT_LENGTH, length.into());
    }
    Ok(forwarded)
}

/// What judges a body on its way.
fn window_of<'e>(
    pipeline: Pipeline<'e>,
    x: &mut Exchange<'e>,
    streaming: Streaming,
) -> Result<Window, Interruption> {
    let protocol = BuiltInDoor::Protocol.into();
    window(pipeline, x, streaming).map_err(|refusal| pipeline.ruling.refuse(x, &protocol, refusal))
}

/// Shows the head of a request to the doors, as each of some readings.
async fn judge_heads<'e>(
    pipeline: Pipeline<'e>,
    x: &mut Exchange<'e>,
    places: RangeInclusive<usize>,
) -> Result<(), Interruption> {
    for place in places {
        x.read_as(place);
        for door in pipeline.of_reading(x).doors() {
            match door.admit_head(pipeline.ruling, x) {
                Step::Now(Decision::Pass) => {}
                step => {
                    let decision = step.answer().await;
                    pipeline.ruling.settle(x, &door.id(), decision)?;
                }
            }
        }
    }
    x.read_as(0);
    Ok(())
}

/// Shows a body that is held to the doors, or tells them of one that is streamed, as each of the readings.
async fn judge_bodies<'e, B, R, F, Fut>(
    pipeline: Pipeline<'e>,
    x: &mut Exchange<'e>,
    reader: &Reader,
    forward: &mut F,
    is_streamed: bool,
) -> Result<(), Interruption>
where
    B: Body<Data = Bytes>,
    R: Body<Data = Bytes>,
    F: FnMut(Request<Forwarded<B>>, Client) -> Fut,
    Fut: Future<Output = Result<Response<R>, ForwardError>>,
{
    for place in x.readings() {
        x.read_as(place);
        for door in pipeline.of_reading(x).doors() {
            let step = match is_streamed {
                true => door.admit_stream(pipeline.ruling, x, reader),
                false => door.admit_body(pipeline.ruling, x, reader),
            };
            match step {
                Step::Now(Decision::Pass) => {}
                step => {
                    let decision = drive(reader, step, forward).await;
                    pipeline.ruling.settle(x, &door.id(), decision)?;
                }
            }
        }
    }
    x.read_as(0);
    Ok(())
}

/// The decision of a door that may read objects.
async fn drive<B, R, F, Fut>(reader: &Reader, step: Step<'_>, forward: &mut F) -> Decision
where
    B: Body<Data = Bytes>,
    R: Body<Data = Bytes>,
    F: FnMut(Request<Forwarded<B>>, Client) -> Fut,
    Fut: Future<Output = Result<Response<R>, ForwardError>>,
{
    match step {
        Step::Now(decision) => decision,
        // Boxed: forwarding needs much room, and most exchanges read nothing.
        Step::Later(door) => Box::pin(reader.drive(door, forward)).await,
    }
}

/// The request as the upstream gets it: normalised target, verified identity, and nothing that would keep a door from
/// reading the answer. A door that observes reads what comes.
pub(crate) fn outgoing_request<'e, B>(
    pipeline: Pipeline<'e>,
    x: &mut Exchange<'e>,
    body: Forwarded<B>,
) -> Result<Request<Forwarded<B>>, Refusal> {
    let engine = pipeline.ruling.engine;
    let uri = forwarded_to(x.destination, x.target.sent_path(), x.target.query()).ok_or_else(|| {
        // What cannot be sent on as it was judged is not sent on at all.
        Refusal::new(StatusCode::BAD_REQUEST, "target-not-a-path", "the target is no URI")
    })?;
    let mut headers = std::mem::take(&mut x.headers);
    identify(engine, x, &mut headers);
    if !engine.policy.is_accounts(x.destination.group) {
        cookies::take_out_own(&mut headers, engine.policy.auth.service.is_some());
    }
    if matches!(body, Forwarded::Held { .. }) {
        headers.remove(TRANSFER_ENCODING);
    }
    let mut method = x.method.clone();
    let mut extent = None;
    for place in x.readings() {
        x.read_as(place);
        let extents =
            pipeline.of_reading(x).enforcing(x).filter_map(|inspector| inspector.expects(engine, x));
        extent = extent.max(extents.max());
    }
    x.read_as(0);
    if let Some(extent) = extent {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if extent >= Extent::Whole {
            headers.remove(RANGE);
            headers.remove(IF_RANGE);
        }
        // The conditions of a write are the API's to decide.
        if extent == Extent::Always && !writes(&method) {
            for name in [IF_MATCH, IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE] {
                headers.remove(name);
            }
        }
        // Whose object a HEAD asks about is in the body of the GET.
        if extent == Extent::Always && method == Method::HEAD {
            method = Method::GET;
        }
    }
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.version_mut() = x.version;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    lead(x.destination, request.extensions_mut());
    // The user service knows what an upstream gets of its callers' providers.
    if let Some(principal) = x.principal.as_ref().filter(|_| engine.policy.auth.service.is_some()) {
        request.extensions_mut().insert(Arc::clone(principal));
    }
    Ok(request)
}

/// The answer to a request whose client is sent elsewhere.
fn sent_elsewhere(x: &Exchange<'_>, redirect: &Redirect) -> Response<Bytes> {
    let location = redirect.location(x.target.sent_path(), x.target.query());
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = redirect.status;
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}
