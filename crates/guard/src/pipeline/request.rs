//! The request on its way in: its body held back and read, and its form as the upstream gets it.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE,
    TRANSFER_ENCODING,
};
use http::{Method, Request, StatusCode, Uri, Version};
use http_body::Body;
use policy::config::BodyHandling;
use policy::openapi::MediaType;
use policy::{Door, Mode, Policy, Upstream};

use super::needs::holds_response;
use crate::decision::ruling::{Interruption, Ruling, enforced, on};
use crate::decision::{Decision, Refusal};
use crate::doors;
use crate::doors::injection::rules;
use crate::doors::ownership::cedar;
use crate::engine::Engine;
use crate::events::Verdict;
use crate::events::access::StreamNote;
use crate::exchange::content_encoding::decode;
use crate::exchange::{Exchange, HeldBody};
use crate::forward::identify;
use crate::inputs::{ParsedBody, StructureLimits, essence, parse_body};
use crate::wire::body::{BoxError, CollectError, Forwarded, Window, collect};

/// Holds the body until there is a verdict, or wraps it so that it is judged as it passes.
pub(crate) async fn admit_body<'e, B>(
    ruling: Ruling<'e>,
    x: &mut Exchange<'e>,
    body: B,
) -> Result<Forwarded<B>, Interruption>
where
    B: Body<Data = Bytes>,
{
    if streams(x, &ruling.engine.policy) {
        // Rules see of a streamed request what is there: all but its body.
        if on(x, Door::Injection) {
            rules::admit(ruling, x)?;
        }
        return Ok(Forwarded::Streamed { body, window: window(ruling, x) });
    }
    let policy = &ruling.engine.policy;
    let wire = match collect(body, x.route.max_body.as_usize(), policy.gateway.timeouts.body.0).await {
        Ok(wire) => wire,
        Err(error) => {
            let refusal = match error {
                CollectError::TooLarge(_) => Refusal::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "body-too-large",
                    format!("over {}", x.route.max_body),
                ),
                CollectError::TooSlow => {
                    Refusal::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", "did not come in time")
                }
                CollectError::Broken => Refusal::new(StatusCode::BAD_REQUEST, "body-broken", "broke off"),
            };
            // Not even an observing door can pass on a body that is not there.
            return Err(ruling.refuse(x, Door::Protocol, refusal));
        }
    };
    if wire.is_empty() {
        let empty = HeldBody { wire: Bytes::new(), decoded: Bytes::new(), parsed: ParsedBody::Empty };
        x.body = Some(empty);
    } else if !reads_body(x) {
        x.body = Some(HeldBody { decoded: wire.clone(), wire, parsed: ParsedBody::Binary });
    } else if let Err(refusal) = read_body(ruling, x, wire) {
        ruling.settle(x, Door::Protocol, Decision::Refuse(refusal))?;
    }
    super::admit_body(ruling, x)?;
    Ok(Forwarded::held(x.body.as_ref().map(|held| held.wire.clone()).unwrap_or_default()))
}

/// Whether any door looks into the body.
fn reads_body(x: &Exchange<'_>) -> bool {
    [Door::Protocol, Door::Schema, Door::Injection, Door::Ownership].into_iter().any(|door| on(x, door))
}

/// Decodes and parses a body. One that cannot be read is still held, as bytes, for doors that only observe.
fn read_body(ruling: Ruling<'_>, x: &mut Exchange<'_>, wire: Bytes) -> Result<(), Refusal> {
    let limits = &ruling.engine.policy.protocol;
    let refuse = |status, rule, evidence: String| Err(Refusal::new(status, rule, evidence));
    let coding = x.header(CONTENT_ENCODING).unwrap_or("").to_owned();
    let decoded = match decode(&coding, &wire, limits) {
        Ok(decoded) => decoded.map_or_else(|| wire.clone(), Bytes::from),
        Err(error) => {
            x.body = Some(HeldBody { wire, decoded: Bytes::new(), parsed: ParsedBody::Binary });
            return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-encoding", error.to_string());
        }
    };
    let structure = StructureLimits { depth: limits.max_depth, members: limits.max_members };
    match parse_body(&x.headers, &decoded, structure) {
        Ok(parsed) => {
            x.body = Some(HeldBody { wire, decoded, parsed });
            Ok(())
        }
        Err(error) => {
            // Rules may still read it as a whole.
            x.body = Some(HeldBody { wire, decoded, parsed: ParsedBody::Binary });
            refuse(StatusCode::BAD_REQUEST, "body-unreadable", error.to_string())
        }
    }
}

/// Whether the body passes as it comes: where the route says so, and for gRPC to an HTTP/2 upstream, where both sides
/// may speak at once.
fn streams(x: &Exchange<'_>, policy: &Policy) -> bool {
    let grpc = || {
        x.version == Version::HTTP_2
            && essence(&x.headers).starts_with("application/grpc")
            && policy.gateway.upstreams.iter().all(|u| matches!(u, Upstream::Tcp { http2: true, .. }))
    };
    // What is called gRPC is believed where nothing depends on it: not where a body of another kind is declared.
    let declared = || {
        x.operation().is_some_and(|o| {
            o.body.as_ref().is_some_and(|b| MediaType::select(&b.content, "application/grpc").is_none())
        })
    };
    x.route.body == BodyHandling::Stream || (grpc() && !x.route.reads_body() && !declared())
}

fn window(ruling: Ruling<'_>, x: &Exchange<'_>) -> Window {
    if x.route.modes.of(Door::Injection) == Mode::Off {
        return Window::new(None);
    }
    let enforce = enforced(x, Door::Injection);
    let rounds = ruling.engine.policy.decode_rounds;
    let classes = doors::injection::of_streams(x.route);
    let (metrics, sink) = (Arc::clone(&ruling.state.metrics), Arc::clone(&ruling.state.sink));
    let note = StreamNote::of(x);
    Window::new(Some(Box::new(move |window| {
        let Some(refusal) = doors::injection::judge_window(window, rounds, &classes) else { return Ok(()) };
        let verdict = if enforce { Verdict::Refused } else { Verdict::WouldRefuse };
        metrics.decided(Door::Injection.name(), refusal.rule, verdict);
        note.record(&*sink, refusal.rule, verdict, &refusal.evidence);
        if enforce { Err(BoxError::from("the stream was refused")) } else { Ok(()) }
    })))
}

/// The request as the upstream gets it: normalised target, verified identity, nothing that the checks on the
/// response could not read.
pub(crate) fn outgoing_request<B>(
    engine: &Engine,
    x: &mut Exchange<'_>,
    body: Forwarded<B>,
) -> Result<Request<Forwarded<B>>, Refusal> {
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
    if holds_response(engine, x) {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if doors::ownership::needs_body(x, engine) || cedar::needs_response(x, engine) {
            for name in [RANGE, IF_RANGE, IF_NONE_MATCH, IF_MODIFIED_SINCE] {
                headers.remove(name);
            }
            // Whose object a HEAD asks about is in the body of the GET.
            if method == Method::HEAD {
                method = Method::GET;
            }
        }
    }
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.version_mut() = x.version;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request)
}
