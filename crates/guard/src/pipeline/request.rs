//! The request on its way in: its body held back and read, and its form as the upstream gets it.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE, TRANSFER_ENCODING,
};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use http_body::Body;
use inputs::{BodyError, ContentTypeError, ParsedBody, StructureLimits, other_reading, parse_body};
use openapi::MediaType;
use policy::{BodyHandling, BuiltInDoor, Mode, OtherCharsets, Policy, Upstream};

use super::Pipeline;
use super::finish::{A_DOOR_PANICKED, GUARD, PANIC};
use crate::decision::ruling::{Interruption, Ruling, enforced};
use crate::decision::{Decision, Refusal};
use crate::doors::inspector::Extent;
use crate::doors::ownership::writes;
use crate::doors::{self, Step, protocol};
use crate::events::Verdict;
use crate::events::access::StreamNote;
use crate::events::evidence::Evidence;
use crate::events::redact::excerpt;
use crate::exchange::content_encoding::decode;
use crate::exchange::{Exchange, HeldBody};
use crate::forward::{Client, ForwardError, Reader, identify};
use crate::wire::body::{Forwarded, Judge, Window};
use crate::wire::collect::{Unheld, collect};
use crate::wire::headers::media_type;
use crate::wire::messages::Messages;

/// Takes a request through the doors. What passes is its body: held, or judged while it is forwarded.
pub(crate) async fn admit<'e, B, R, F, Fut>(
    pipeline: Pipeline<'e>,
    x: &mut Exchange<'e>,
    body: B,
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
    // Those of the query; a body that is streamed is not read for more.
    x.read_method_fields(ruling.engine);
    let places = x.readings();
    judge_heads(pipeline, x, places).await?;
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
        judge_bodies(pipeline, x, &reader, forward, true).await?;
        let window = window(pipeline, x, streaming);
        x.read_as(0);
        return Ok(Forwarded::Streamed { body, window });
    }
    hold(ruling, x, body).await?;
    let places = x.read_method_fields(ruling.engine);
    judge_heads(pipeline, x, places).await?;
    judge_bodies(pipeline, x, &reader, forward, false).await?;
    Ok(Forwarded::held(x.body.as_ref().map(|held| held.wire.clone()).unwrap_or_default()))
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

/// Holds the body and reads it.
async fn hold<B>(ruling: Ruling<'_>, x: &mut Exchange<'_>, body: B) -> Result<(), Interruption>
where
    B: Body<Data = Bytes>,
{
    let gateway = &ruling.engine.policy.gateway;
    let mut share = ruling.state.held.share(x.client, gateway.held);
    let limit = x.routes().map(|route| route.protocol.max_body).min().unwrap_or(x.route.protocol.max_body);
    let wire = match collect(body, limit.as_usize(), gateway.timeouts.body.0, &mut share).await {
        Ok(held) => held.bytes,
        Err(error) => {
            let refusal = match error.why {
                Unheld::TooLarge => {
                    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", format!("over {limit}"))
                }
                Unheld::TooSlow => {
                    Refusal::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", "did not come in time")
                }
                Unheld::Broken => Refusal::new(StatusCode::BAD_REQUEST, "body-broken", "broke off"),
                Unheld::OverBudget(over) => over.into(),
            };
            // Not even an observing door can pass on a body that is not there.
            return Err(ruling.refuse(x, &BuiltInDoor::Protocol.into(), refusal));
        }
    };
    if wire.is_empty() {
        let empty =
            HeldBody { wire: Bytes::new(), decoded: Bytes::new(), parsed: ParsedBody::Empty, other: None };
        x.body = Some(empty);
    } else if !reads_body(x) {
        x.body = Some(HeldBody { decoded: wire.clone(), wire, parsed: ParsedBody::Binary, other: None });
    } else if let Err(refusal) = read_body(ruling, x, wire) {
        ruling.settle(x, &BuiltInDoor::Protocol.into(), Decision::Refuse(refusal))?;
    }
    let held = x.body.as_ref().map_or(0, HeldBody::bytes);
    let over = share.resize(held).err();
    x.held = Some(share);
    // Not even an observing door has room for it.
    over.map_or(Ok(()), |over| Err(ruling.refuse(x, &BuiltInDoor::Protocol.into(), over.into())))
}

/// The doors that look into a body.
const READERS: [BuiltInDoor; 4] =
    [BuiltInDoor::Protocol, BuiltInDoor::Schema, BuiltInDoor::Injection, BuiltInDoor::Ownership];

/// Whether any door looks into the body.
fn reads_body(x: &Exchange<'_>) -> bool {
    x.routes().any(|route| READERS.into_iter().any(|door| route.modes.of(door) != Mode::Off))
}

/// Decodes and parses a body. One that cannot be read is still held, as bytes, for doors that only observe.
fn read_body(ruling: Ruling<'_>, x: &mut Exchange<'_>, wire: Bytes) -> Result<(), Refusal> {
    let limits = &ruling.engine.policy.protocol;
    let refuse = |status, rule, evidence: String| Err(Refusal::new(status, rule, evidence));
    let coding: Vec<&[u8]> =
        x.headers.get_all(CONTENT_ENCODING).iter().map(|value| value.as_bytes()).collect();
    let (wire, decoded) = match decode(&coding.join(&b","[..]), &wire, limits) {
        Ok(None) => (wire.clone(), wire),
        Ok(Some(decoded)) => forwarded(x, wire, decoded.into()),
        Err(error) => {
            x.body = Some(HeldBody { wire, decoded: Bytes::new(), parsed: ParsedBody::Binary, other: None });
            return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-encoding", error.to_string());
        }
    };
    let structure = StructureLimits { depth: limits.max_depth, members: limits.max_members };
    let read = parse_body(x.content_type(), &decoded, structure)
        .and_then(|parsed| Ok((other_reading(x.content_type(), &parsed, &decoded, structure)?, parsed)));
    match read {
        Ok((other, parsed)) => {
            x.body = Some(HeldBody { wire, decoded, parsed, other });
            Ok(())
        }
        Err(error) => {
            // Rules may still read it as a whole.
            x.body = Some(HeldBody { wire, decoded, parsed: ParsedBody::Binary, other: None });
            let is_charset = error == BodyError::ContentType(ContentTypeError::Charset);
            if is_charset && x.route.protocol.other_charsets == OtherCharsets::Pass {
                return Ok(());
            }
            refuse(StatusCode::BAD_REQUEST, "body-unreadable", error.to_string())
        }
    }
}

/// The body as it is forwarded, and decoded: the same, because most servers do not undo a request's coding, and would
/// read what no door judged. Where no door may change anything, the body stays coded.
fn forwarded(x: &mut Exchange<'_>, wire: Bytes, decoded: Bytes) -> (Bytes, Bytes) {
    if !READERS.into_iter().any(|door| enforced(x, door)) {
        return (wire, decoded);
    }
    x.headers.remove(CONTENT_ENCODING);
    // A chunked body has no length to correct.
    if x.headers.contains_key(CONTENT_LENGTH) {
        x.headers.insert(CONTENT_LENGTH, decoded.len().into());
    }
    (decoded.clone(), decoded)
}

/// How a body passes as it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Streaming {
    /// In pieces as they come.
    Pieces,
    /// In messages of gRPC, each of which is held until it is whole.
    Messages,
}

/// Whether the body passes as it comes: where the route says so, and for gRPC to an HTTP/2 upstream, where both sides
/// may speak at once.
fn streaming(x: &Exchange<'_>, policy: &Policy) -> Option<Streaming> {
    if x.routes().all(|route| route.protocol.body == BodyHandling::Stream) {
        return Some(Streaming::Pieces);
    }
    let speaks_http2 = |upstream: &Upstream| matches!(upstream, Upstream::Tcp { http2: true, .. });
    let grpc = is_grpc(x) && policy.gateway.upstreams.iter().all(speaks_http2);
    // Where there is a document, a gRPC content type counts only where it is declared.
    let declared = || {
        x.operation().is_some_and(|o| {
            o.body.as_ref().is_none_or(|b| MediaType::select(&b.content, "application/grpc").is_none())
        })
    };
    // A stream of messages would be as many tries to log in.
    let is_held = || x.routes().any(|route| route.reads_body() || route.is_login) || declared();
    (grpc && !is_held()).then_some(Streaming::Messages)
}

/// Whether a request is gRPC's.
pub(crate) fn is_grpc(x: &Exchange<'_>) -> bool {
    let kind = media_type(&x.headers);
    let format = kind.strip_prefix("application/grpc");
    x.version == Version::HTTP_2 && format.is_some_and(|rest| rest.is_empty() || rest.starts_with('+'))
}

/// What judges a streamed body on its way. A panic in a judge ends the stream, with an event.
fn window<'e>(pipeline: Pipeline<'e>, x: &mut Exchange<'e>, streaming: Streaming) -> Window {
    let ruling = pipeline.ruling;
    let messages = (streaming == Streaming::Messages).then(|| {
        let share = ruling.state.held.share(x.client, ruling.engine.policy.gateway.held);
        let longest = x.routes().map(|route| route.protocol.max_body).min();
        Messages::new(longest.unwrap_or(x.route.protocol.max_body), share)
    });
    let mut judges = Vec::new();
    for place in x.readings() {
        x.read_as(place);
        let judge_of = |door: &'static dyn doors::Door| {
            let (judge, id) = (door.stream_judge(ruling, x)?, door.id());
            Some((judge, id.name(), id.mode(x.route)))
        };
        judges.extend(pipeline.of_reading(x).doors().filter_map(judge_of));
    }
    if judges.is_empty() && messages.is_none() {
        return Window::new(None, None);
    }
    let state = (Arc::clone(&ruling.state.metrics), Arc::clone(&ruling.state.sinks), StreamNote::of(x));
    let record = move |door: Cow<'static, str>, rule: Cow<'static, str>, verdict, evidence: &Evidence| {
        let (metrics, sinks, note) = &state;
        metrics.decided(door.clone(), rule.clone(), verdict);
        note.record(sinks, &door, &rule, verdict, evidence);
    };
    let judge: Judge = Box::new(move |window| {
        let judged = catch_unwind(AssertUnwindSafe(|| {
            let window = match window {
                Ok(window) => window,
                Err(error) => {
                    let refusal = Refusal::from(error);
                    let door = BuiltInDoor::Protocol.name().into();
                    record(door, refusal.rule, Verdict::Refused, &refusal.evidence);
                    return Err(refusal.status);
                }
            };
            for (judge, door, mode) in &mut judges {
                let Some(refusal) = judge(window) else { continue };
                let enforce = *mode == Mode::Enforce;
                let verdict = if enforce { Verdict::Refused } else { Verdict::WouldRefuse };
                record(door.clone(), refusal.rule, verdict, &refusal.evidence);
                if enforce {
                    return Err(StatusCode::FORBIDDEN);
                }
            }
            Ok(())
        }));
        judged.unwrap_or_else(|_| {
            // It may have been the sink that panicked.
            let _ = catch_unwind(AssertUnwindSafe(|| {
                record(GUARD, PANIC, Verdict::Failed, &A_DOOR_PANICKED.into())
            }));
            Err(StatusCode::FORBIDDEN)
        })
    });
    Window::new(Some(judge), messages)
}

/// The request as the upstream gets it: normalised target, verified identity, and nothing that would keep a door from
/// reading the answer. A door that observes reads what comes.
pub(crate) fn outgoing_request<'e, B>(
    pipeline: Pipeline<'e>,
    x: &mut Exchange<'e>,
    body: Forwarded<B>,
) -> Result<Request<Forwarded<B>>, Refusal> {
    let engine = pipeline.ruling.engine;
    let uri: Uri = x.target.path_and_query().parse().map_err(|_| {
        // What cannot be sent on as it was judged is not sent on at all.
        Refusal::new(StatusCode::BAD_REQUEST, "target-not-a-path", "the target is no URI")
    })?;
    let mut headers = std::mem::take(&mut x.headers);
    identify(engine, x, &mut headers);
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
    Ok(request)
}
