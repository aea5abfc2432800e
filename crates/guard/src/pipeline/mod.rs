//! The order of the doors.

pub(crate) mod finish;
pub(crate) mod needs;
pub(crate) mod observe;
pub(crate) mod request;
pub(crate) mod response;

use http::{HeaderMap, StatusCode};
use policy::Door;

use crate::decision::Decision;
use crate::decision::ruling::{Interruption, Ruling, enforced, on};
use crate::doors;
use crate::doors::injection::{rules, sanitize};
use crate::doors::ownership::{cedar, enumeration};
use crate::engine::Engine;
use crate::exchange::Exchange;
use crate::inputs::{StructureLimits, parse_body};

/// What can be judged by the head alone. The order of these lines is the order of the doors.
pub(crate) async fn admit_head(ruling: Ruling<'_>, x: &mut Exchange<'_>) -> Result<(), Interruption> {
    if let Some(refusal) = doors::protocol::unreadable(x) {
        return Err(ruling.refuse(x, Door::Protocol, refusal));
    }
    ask(ruling, x, Door::Protocol, doors::protocol::admit)?;
    ask(ruling, x, Door::Network, doors::network::admit)?;
    ask(ruling, x, Door::Cors, doors::cors::admit)?;
    if on(x, Door::Rate) {
        let decision = doors::rate::by_address(x, ruling.state).await;
        ruling.settle(x, Door::Rate, decision)?;
    }
    if on(x, Door::Authentication) {
        let decision = doors::authentication::admit(x, ruling.engine).await;
        ruling.settle(x, Door::Authentication, decision)?;
    }
    if on(x, Door::Rate) {
        let decision = doors::rate::by_identity(x, ruling.state).await;
        ruling.settle(x, Door::Rate, decision)?;
    }
    ask(ruling, x, Door::Schema, doors::schema::admit_head)?;
    if !x.route.sanitize.is_empty() {
        ask(ruling, x, Door::Injection, |x, _| sanitize::query(x))?;
    }
    ask(ruling, x, Door::Injection, doors::injection::admit_head)?;
    if on(x, Door::Ownership) {
        let decision = enumeration::admit(ruling, x).await;
        ruling.settle(x, Door::Ownership, decision)?;
    }
    ask(ruling, x, Door::Ownership, doors::ownership::admit_head)?;
    ask(ruling, x, Door::Ownership, cedar::admit_head)
}

/// What needs the body.
pub(crate) fn admit_body<'e>(ruling: Ruling<'e>, x: &mut Exchange<'e>) -> Result<(), Interruption> {
    ask(ruling, x, Door::Schema, doors::schema::admit_body)?;
    if !x.route.sanitize.is_empty() && on(x, Door::Injection) {
        sanitize(ruling, x)?;
    }
    ask(ruling, x, Door::Injection, doors::injection::admit_body)?;
    if on(x, Door::Injection) {
        rules::admit(ruling, x)?;
    }
    ask(ruling, x, Door::Ownership, doors::ownership::admit_body)?;
    ask(ruling, x, Door::Ownership, cedar::admit_body)
}

/// What the response's head gains and loses. The same doors, in reverse.
pub(crate) fn release_head(
    ruling: Ruling<'_>,
    x: &Exchange<'_>,
    status: StatusCode,
    headers: &mut HeaderMap,
) {
    if enforced(x, Door::Rate) {
        doors::rate::release(x, headers);
    }
    if enforced(x, Door::Cors) {
        doors::cors::release(x, ruling.engine, headers);
    }
    if enforced(x, Door::Headers) {
        doors::headers::release(x, ruling.engine, status, headers);
    }
    if enforced(x, Door::Cookies) {
        doors::cookies::release(ruling.engine, headers);
    }
}

/// Takes markup away, and judges what is left from here on.
fn sanitize(ruling: Ruling<'_>, x: &mut Exchange<'_>) -> Result<(), Interruption> {
    let Some(body) = &x.body else { return Ok(()) };
    // What was stripped before must not come back.
    let unlimited = StructureLimits { depth: 128, members: usize::MAX };
    let Ok(mut parsed) = parse_body(&x.headers, &body.decoded, unlimited) else { return Ok(()) };
    let decision = sanitize::body(x, &mut parsed);
    ruling.settle(x, Door::Injection, decision)?;
    if enforced(x, Door::Injection)
        && let Some(body) = &mut x.body
    {
        body.parsed = parsed;
    }
    Ok(())
}

fn ask(
    ruling: Ruling<'_>,
    x: &mut Exchange<'_>,
    door: Door,
    decide: fn(&Exchange<'_>, &Engine) -> Decision,
) -> Result<(), Interruption> {
    if on(x, door) {
        let decision = decide(x, ruling.engine);
        ruling.settle(x, door, decision)?;
    }
    Ok(())
}
