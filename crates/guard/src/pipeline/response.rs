//! The answer on its way out: held only where something has to see its body.

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use http::response::Parts;
use http::{Response, StatusCode};
use http_body::Body;
use policy::BuiltInDoor;

use super::finish::GUARD;
use super::{Pipeline, Places};
use crate::decision::ruling::Interruption;
use crate::decision::{Decision, problem};
use crate::doors::inspector::{Head, Held, Inspector};
use crate::events::Verdict;
use crate::exchange::Exchange;
use crate::wire::body::Outgoing;
use crate::wire::collect::{CollectError, Unheld, collect};
use crate::wire::content_encoding::decode;

/// Takes the upstream's answer through the doors.
pub(crate) async fn release<'e, R>(
    pipeline: Pipeline<'e>,
    x: &mut Exchange<'e>,
    response: Response<R>,
) -> Result<Response<Outgoing<R>>, Interruption>
where
    R: Body<Data = Bytes>,
{
    let ruling = pipeline.ruling;
    let (parts, body) = response.into_parts();
    for place in x.readings() {
        x.read_as(place);
        for door in pipeline.of_reading(x).doors().rev() {
            match door.release_head(ruling, x, &parts) {
                Decision::Pass => {}
                decision => ruling.settle(x, &door.id(), decision)?,
            }
        }
    }
    let head = Head::new(&parts);
    let mut is_wanted = false;
    for place in x.readings() {
        x.read_as(place);
        is_wanted |= !wanting(pipeline.of_reading(x), x, &head).is_empty();
    }
    x.read_as(0);
    if !is_wanted || body.is_end_stream() {
        unseen(pipeline, x, &head)?;
        return Ok(Response::from_parts(parts, Outgoing::streamed(body)));
    }
    // Boxed: reading an answer needs much room, and most exchanges need none.
    Box::pin(inspect(pipeline, x, parts, body, head)).await
}

/// The inspectors that want to see the body of an answer.
fn wanting(pipeline: Pipeline<'_>, x: &Exchange<'_>, head: &Head) -> Places {
    let inspectors = pipeline.all.inspectors.iter().enumerate();
    Places::of(inspectors.map(|(at, inspector)| {
        pipeline.inspectors.has(at) && inspector.wants(pipeline.ruling.engine, x, head)
    }))
}

/// Holds the body, and shows it to those who want to see it.
async fn inspect<'e, R>(
    pipeline: Pipeline<'e>,
    x: &mut Exchange<'e>,
    mut parts: Parts,
    body: R,
    head: Head,
) -> Result<Response<Outgoing<R>>, Interruption>
where
    R: Body<Data = Bytes>,
{
    let ruling = pipeline.ruling;
    let engine = ruling.engine;
    let limit = engine.policy.protocol.max_decoded_body.as_usize();
    let mut body = Box::pin(body);
    let gateway = &engine.policy.gateway;
    let mut share = ruling.state.held.share(x.client, gateway.held);
    let collected = collect(body.as_mut(), limit, gateway.timeouts.upstream.0, &mut share).await;
    let (wire, trailers) = match collected {
        Ok(held) => (held.bytes, held.trailers),
        Err(CollectError { why: Unheld::OverBudget(over), .. }) if is_needed(pipeline, x, &head) => {
            return Err(ruling.refuse(x, &BuiltInDoor::Protocol.into(), over.into()));
        }
        Err(CollectError { why: Unheld::TooLarge | Unheld::OverBudget(_), read }) => {
            for place in x.readings() {
                x.read_as(place);
                let pipeline = pipeline.of_reading(x);
                let wanting = wanting(pipeline, x, &head);
                for (_, inspector) in pipeline.inspectors().filter(|(at, _)| wanting.has(*at)) {
                    let decision = inspector.too_large(ruling, x, &head, &read);
                    settle(pipeline, x, inspector, decision)?;
                }
            }
            x.read_as(0);
            return Ok(Response::from_parts(parts, Outgoing::resumed(read, body).holding(share)));
        }
        Err(CollectError { why, read }) => {
            let is_slow = why == Unheld::TooSlow;
            let evidence =
                if is_slow { "the answer did not come in time" } else { "the answer broke off" }.into();
            if is_needed(pipeline, x, &head) {
                ruling.note(x, "upstream", "broken", Verdict::Failed, Some(502), &evidence);
                return Ok(problem(StatusCode::BAD_GATEWAY, x.id, &[]).map(Outgoing::held));
            }
            // Who only watches does not keep it back.
            ruling.note(x, GUARD, "answer-unseen", Verdict::Reported, None, &evidence);
            let rest = if is_slow { Outgoing::resumed(read, body) } else { Outgoing::broken(read) };
            return Ok(Response::from_parts(parts, rest));
        }
    };
    if wire.is_empty() {
        unseen(pipeline, x, &head)?;
        return Ok(Response::from_parts(parts, Outgoing::held_with(wire, trailers)));
    }
    let codings: Vec<&[u8]> =
        parts.headers.get_all(CONTENT_ENCODING).iter().map(|value| value.as_bytes()).collect();
    let decoded = decode(&codings.join(&b","[..]), &wire, &engine.policy.protocol);
    let text = decoded.ok().map(|decoded| decoded.map_or_else(|| wire.clone(), Bytes::from));
    let mut held = Held::new(head, wire, text);
    for place in x.readings() {
        x.read_as(place);
        let pipeline = pipeline.of_reading(x);
        let wanting = wanting(pipeline, x, &held.head);
        for (at, inspector) in pipeline.inspectors() {
            let decision = if !wanting.has(at) {
                inspector.unseen(ruling, x, &held.head)
            } else if wanting.is_last(at) && inspector.is_clean(engine, x, &held) {
                // The usual case: one look over the text, and no tree is built.
                Decision::Pass
            } else {
                inspector.inspect(ruling, x, &mut held).answer().await
            };
            settle(pipeline, x, inspector, decision)?;
        }
    }
    x.read_as(0);
    let body = held.into_body(&mut parts.headers);
    // What grew by a few bytes is here already.
    let _ = share.resize(body.len());
    Ok(Response::from_parts(parts, Outgoing::held_with(body, trailers).holding(share)))
}

/// Whether an answer may not leave without an inspector that wants to see its body.
fn is_needed<'e>(pipeline: Pipeline<'e>, x: &mut Exchange<'e>, head: &Head) -> bool {
    let is_needed = x.readings().any(|place| {
        x.read_as(place);
        let mut inspectors = pipeline.of_reading(x).enforcing(x);
        inspectors.any(|inspector| inspector.wants(pipeline.ruling.engine, x, head))
    });
    x.read_as(0);
    is_needed
}

/// The answer leaves without a body that somebody has seen.
fn unseen<'e>(pipeline: Pipeline<'e>, x: &mut Exchange<'e>, head: &Head) -> Result<(), Interruption> {
    for place in x.readings() {
        x.read_as(place);
        for (_, inspector) in pipeline.of_reading(x).inspectors() {
            let decision = inspector.unseen(pipeline.ruling, x, head);
            settle(pipeline, x, inspector, decision)?;
        }
    }
    x.read_as(0);
    Ok(())
}

fn settle<'e>(
    pipeline: Pipeline<'e>,
    x: &mut Exchange<'e>,
    inspector: &dyn Inspector,
    decision: Decision,
) -> Result<(), Interruption> {
    match inspector.door() {
        Some(door) => pipeline.ruling.settle(x, &door, decision),
        None => Ok(()),
    }
}
