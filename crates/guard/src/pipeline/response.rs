//! The answer on its way out: held only where something has to see its body.

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use http::response::Parts;
use http::{Response, StatusCode};
use http_body::Body;

use super::{Pipeline, Places};
use crate::decision::ruling::Interruption;
use crate::decision::{Decision, problem};
use crate::doors::inspector::{Head, Held, Inspector};
use crate::events::Verdict;
use crate::exchange::Exchange;
use crate::exchange::content_encoding::decode;
use crate::wire::body::{CollectError, Outgoing, collect};

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
        for (_, inspector) in pipeline.inspectors() {
            let decision = inspector.unseen(ruling, x, &head);
            settle(pipeline, x, inspector, decision)?;
        }
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
    let wire = match collect(body.as_mut(), limit, engine.policy.gateway.timeouts.upstream.0).await {
        Ok(wire) => wire,
        Err(CollectError::TooLarge(read)) => {
            for place in x.readings() {
                x.read_as(place);
                let pipeline = pipeline.of_reading(x);
                let wanting = wanting(pipeline, x, &head);
                for (_, inspector) in pipeline.inspectors().filter(|(at, _)| wanting.has(*at)) {
                    if let (Some(refusal), Some(door)) = (inspector.insists(engine), inspector.door()) {
                        return Err(ruling.refuse(x, &door, refusal));
                    }
                }
            }
            x.read_as(0);
            let wanting = wanting(pipeline, x, &head);
            for (_, inspector) in pipeline.inspectors().filter(|(at, _)| wanting.has(*at)) {
                let decision = inspector.too_large(ruling, x, &read);
                settle(pipeline, x, inspector, decision)?;
            }
            return Ok(Response::from_parts(parts, Outgoing::resumed(read, body)));
        }
        Err(_) => {
            ruling.note(x, "upstream", "broken", Verdict::Failed, Some(502), &"the answer broke off".into());
            return Ok(problem(StatusCode::BAD_GATEWAY, x.id, &[]).map(Outgoing::held));
        }
    };
    if wire.is_empty() {
        return Ok(Response::from_parts(parts, Outgoing::held(wire)));
    }
    let coding = parts.headers.get(CONTENT_ENCODING).map_or(&[][..], |value| value.as_bytes());
    let text = match decode(coding, &wire, &engine.policy.protocol) {
        Ok(decoded) => decoded.map_or_else(|| wire.clone(), Bytes::from),
        Err(_) => Bytes::new(),
    };
    let mut held = Held::new(head, wire, text);
    'readings: for place in x.readings() {
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
            if held.is_sealed() {
                break 'readings;
            }
        }
    }
    x.read_as(0);
    let body = held.into_body(&mut parts.headers);
    Ok(Response::from_parts(parts, Outgoing::held(body)))
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
