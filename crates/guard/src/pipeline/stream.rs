//! A request whose body passes as it comes, and what judges it meanwhile.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use inputs::{MultipartStream, StructureLimits, grpc};
use openapi::MediaType;
use policy::{BodyHandling, BuiltInDoor, Mode, Policy, Upstream};

use super::Pipeline;

use super::finish::{A_DOOR_PANICKED, GUARD, PANIC};
use super::readers::is_judged;
use crate::decision::Refusal;
use crate::doors;
use crate::engine::Engine;
use crate::events::Verdict;
use crate::events::access::StreamNote;
use crate::events::evidence::Evidence;
use crate::exchange::{Declared, Exchange};
use crate::wire::headers::media_type;
use crate::wire::messages::{Coding, MessageError, Messages};
use crate::wire::window::{Gathering, Judge, Seen, Units, Window};

/// How a body passes as it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Streaming {
    /// In pieces as they come.
    Pieces,
    /// In messages of gRPC, each of which is held until it is whole.
    Messages,
}

/// Whether the body passes as it comes: where the route says so, and for gRPC to an HTTP/2 upstream, where both sides
/// may speak at once.
pub(super) fn streaming(x: &Exchange<'_>, policy: &Policy) -> Option<Streaming> {
    if x.routes().all(|route| route.protocol.body == BodyHandling::Stream) {
        return Some(Streaming::Pieces);
    }
    let grpc = x.is_grpc
        && policy
            .gateway
            .groups
            .get(x.destination.group)
            .is_none_or(|group| group.upstreams.iter().all(Upstream::speaks_http2));
    // Where there is a document, a gRPC content type counts only where it is declared.
    let declared = || {
        x.operation().is_some_and(|o| {
            o.body.as_ref().is_none_or(|b| MediaType::select(&b.content, "application/grpc").is_none())
        })
    };
    // A stream of messages would be as many tries to log in.
    let is_held =
        || x.may_log_in || x.routes().any(|route| route.reads_body() || route.is_login) || declared();
    (grpc && !is_held()).then_some(Streaming::Messages)
}

/// How the messages of gRPC in a request may be compressed.
pub(super) fn coding(x: &Exchange<'_>, policy: &Policy) -> Coding {
    let name = x.headers.get("grpc-encoding").map(|name| name.as_bytes().to_vec()).unwrap_or_default();
    Coding { name, limits: (&policy.protocol).into() }
}

/// Whether doors have to read the body as a whole, by what is known before it comes.
pub(super) fn needs_whole<'e>(engine: &'e Engine, x: &mut Exchange<'e>) -> bool {
    let kind = media_type(&x.headers);
    let is_coded = x.headers.get(CONTENT_ENCODING).is_some_and(|coding| coding.as_bytes() != b"identity");
    let of_route = |x: &Exchange<'_>| {
        let route = x.route;
        let is_on = |door: BuiltInDoor| route.modes.of(door) != Mode::Off;
        route.reads_body()
            || route.is_login
            || !route.injection.sanitize.is_empty()
            || (is_on(BuiltInDoor::Injection) && engine.policy.injection.core_rule_set.is_some())
            || (is_on(BuiltInDoor::Ownership) && engine.policy.ownership.cedar.is_some())
            || (is_on(BuiltInDoor::Schema) && !takes_files(x, &kind))
    };
    let is_needed = x.may_log_in
        || is_coded
        || (kind == "multipart/form-data" && x.may_name_method())
        || inputs::is_read_whole(&kind)
        || x.readings().any(|place| {
            x.read_as(place);
            of_route(x)
        });
    x.read_as(0);
    is_needed
}

/// Whether the document says nothing of the bodies of a media type, or that they are files.
fn takes_files(x: &Exchange<'_>, kind: &str) -> bool {
    let Declared::Operation(operation, _) = &x.declared else { return true };
    let Some(body) = &operation.body else { return false };
    MediaType::select(&body.content, kind)
        .is_some_and(|media| media.schema.is_none() || media.shape.is_none())
}

/// What judges a streamed body on its way. A panic in a judge ends the stream, with an event.
///
/// # Errors
/// When it says that it has parts, and not how to tell them apart.
pub(super) fn window<'e>(
    pipeline: Pipeline<'e>,
    x: &mut Exchange<'e>,
    streaming: Streaming,
) -> Result<Window, Refusal> {
    let ruling = pipeline.ruling;
    let policy = &ruling.engine.policy;
    let longest = x.routes().map(|route| route.protocol.max_body).min();
    let longest = longest.unwrap_or(x.route.protocol.max_body);
    let share = || ruling.state.held.share(x.client, policy.gateway.held);
    let units = match streaming {
        Streaming::Messages => {
            let coding = coding(x, policy);
            if coding.is_used() {
                x.headers.remove(CONTENT_LENGTH);
            }
            Units::Messages(Messages::new(longest.min(policy.protocol.max_decoded_body), share(), coding))
        }
        Streaming::Pieces if media_type(&x.headers) == "multipart/form-data" => {
            let longest_field = policy.protocol.max_held_body.as_usize();
            let limits =
                StructureLimits { depth: policy.protocol.max_depth, members: policy.protocol.max_members };
            let mut parts =
                MultipartStream::new(x.content_type(), longest_field, limits).map_err(|error| {
                    Refusal::new(StatusCode::BAD_REQUEST, "body-unreadable", error.to_string())
                })?;
            if !is_judged(x) {
                parts.change_nothing();
            }
            Units::Parts(Box::new(parts), share())
        }
        Streaming::Pieces => Units::Pieces(Gathering::default()),
    };
    let mut judges = Vec::new();
    for place in x.readings() {
        x.read_as(place);
        let judge_of = |door: &'static dyn doors::Door| {
            let (judge, id) = (door.stream_judge(ruling, x)?, door.id());
            Some((judge, id.name(), id.mode(x.route)))
        };
        judges.extend(pipeline.of_reading(x).doors().filter_map(judge_of));
    }
    x.read_as(0);
    if judges.is_empty() && matches!(units, Units::Pieces(_)) {
        return Ok(Window::new(None, units, longest));
    }
    let state = (Arc::clone(&ruling.state.metrics), Arc::clone(&ruling.state.sinks), StreamNote::of(x));
    let record = move |door: Cow<'static, str>, rule: Cow<'static, str>, verdict, evidence: &Evidence| {
        let (metrics, sinks, note) = &state;
        metrics.decided(door.clone(), rule.clone(), verdict);
        note.record(sinks, &door, &rule, verdict, evidence);
    };
    let fields = policy.protocol.max_members;
    let is_enforced = judges.iter().any(|(_, _, mode)| *mode == Mode::Enforce);
    let judge: Judge = Box::new(move |seen| {
        let judged = catch_unwind(AssertUnwindSafe(|| {
            let seen = match seen {
                Seen::Message(message) if is_enforced => match grpc::check(message, fields) {
                    Ok(()) => Seen::Message(message),
                    Err(error) => Seen::Fault(MessageError::Unread(error).into()),
                },
                seen => seen,
            };
            let seen = match seen {
                Seen::Window(bytes) => doors::Passing::Window(bytes),
                Seen::Message(message) => doors::Passing::Message(message),
                Seen::Part(part) => doors::Passing::Part(part),
                Seen::Fault(fault) => {
                    let refusal = Refusal::from(fault);
                    let door = BuiltInDoor::Protocol.name().into();
                    record(door, refusal.rule, Verdict::Refused, &refusal.evidence);
                    return Err(refusal.status);
                }
            };
            for (judge, door, mode) in &mut judges {
                let Some(refusal) = judge(seen) else { continue };
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
    Ok(Window::new(Some(judge), units, longest))
}
