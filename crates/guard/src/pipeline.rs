//! The order of the doors, and what happens to their decisions.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};
use policy::{Door, Mode};

use crate::event::{Event, Record, Timestamp, Verdict};
use crate::exchange::Exchange;
use crate::guard::{Engine, Shared};
use crate::inputs::{StructureLimits, parse_body};
use crate::refusal::{Change, Decision, Refusal};
use crate::{doors, sanitize, waf};

/// An exchange that does not go on to the upstream.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A door refused it.
    Refused(Refusal),
    /// A door answered it.
    Answered(StatusCode, HeaderMap),
}

/// Runs the doors over one exchange.
#[derive(Clone, Copy)]
pub(crate) struct Pipeline<'e> {
    pub(crate) engine: &'e Engine,
    pub(crate) shared: &'e Shared,
}

impl<'e> Pipeline<'e> {
    /// What can be judged by the head alone. The order of these lines is the order of the doors.
    pub(crate) async fn admit_head(self, x: &mut Exchange<'_>) -> Result<(), Stop> {
        if let Some(refusal) = doors::protocol::unreadable(x) {
            return Err(self.refuse(x, Door::Protocol, refusal));
        }
        self.ask(x, Door::Protocol, doors::protocol::admit)?;
        self.ask(x, Door::Network, doors::network::admit)?;
        self.ask(x, Door::Cors, doors::cors::admit)?;
        if on(x, Door::Rate) {
            let decision = doors::rate::by_address(x, self.shared).await;
            self.settle(x, Door::Rate, decision)?;
        }
        if on(x, Door::Authentication) {
            let decision = doors::authentication::admit(x, self.engine).await;
            self.settle(x, Door::Authentication, decision)?;
        }
        if on(x, Door::Rate) {
            let decision = doors::rate::by_identity(x, self.shared).await;
            self.settle(x, Door::Rate, decision)?;
        }
        self.ask(x, Door::Schema, doors::schema::admit_head)?;
        if !x.route.sanitize.is_empty() {
            self.ask(x, Door::Injection, |x, _| sanitize::query(x))?;
        }
        self.ask(x, Door::Injection, doors::injection::admit_head)?;
        if on(x, Door::Ownership) {
            let decision = crate::enumeration::admit(self, x).await;
            self.settle(x, Door::Ownership, decision)?;
        }
        self.ask(x, Door::Ownership, doors::ownership::admit_head)?;
        self.ask(x, Door::Ownership, doors::cedar::admit_head)
    }

    /// What needs the body.
    pub(crate) fn admit_body(self, x: &mut Exchange<'e>) -> Result<(), Stop> {
        self.ask(x, Door::Schema, doors::schema::admit_body)?;
        if !x.route.sanitize.is_empty() && on(x, Door::Injection) {
            self.sanitize(x)?;
        }
        self.ask(x, Door::Injection, doors::injection::admit_body)?;
        if on(x, Door::Injection) {
            waf::admit(self, x)?;
        }
        self.ask(x, Door::Ownership, doors::ownership::admit_body)?;
        self.ask(x, Door::Ownership, doors::cedar::admit_body)
    }

    /// What the response's head gains and loses. The same doors, in reverse.
    pub(crate) fn release_head(self, x: &Exchange<'_>, status: StatusCode, headers: &mut HeaderMap) {
        if enforced(x, Door::Rate) {
            doors::rate::release(x, headers);
        }
        if enforced(x, Door::Cors) {
            doors::cors::release(x, self.engine, headers);
        }
        if enforced(x, Door::Headers) {
            doors::headers::release(x, self.engine, status, headers);
        }
        if enforced(x, Door::Cookies) {
            doors::cookies::release(self.engine, headers);
        }
    }

    /// Takes markup away, and judges what is left from here on.
    fn sanitize(self, x: &mut Exchange<'_>) -> Result<(), Stop> {
        let Some(body) = &x.body else { return Ok(()) };
        // What was stripped before must not come back.
        let unlimited = StructureLimits { depth: 128, members: usize::MAX };
        let Ok(mut parsed) = parse_body(&x.headers, &body.decoded, unlimited) else { return Ok(()) };
        let decision = sanitize::body(x, &mut parsed);
        self.settle(x, Door::Injection, decision)?;
        if enforced(x, Door::Injection)
            && let Some(body) = &mut x.body
        {
            body.parsed = parsed;
        }
        Ok(())
    }

    fn ask(
        self,
        x: &mut Exchange<'_>,
        door: Door,
        decide: fn(&Exchange<'_>, &Engine) -> Decision,
    ) -> Result<(), Stop> {
        if on(x, door) {
            let decision = decide(x, self.engine);
            self.settle(x, door, decision)?;
        }
        Ok(())
    }

    /// Makes a decision hold, or only notes it when the door observes.
    pub(crate) fn settle(self, x: &mut Exchange<'_>, door: Door, decision: Decision) -> Result<(), Stop> {
        let enforce = x.route.modes.of(door) == Mode::Enforce;
        match decision {
            Decision::Pass => Ok(()),
            Decision::Answer(status, headers) if enforce => Err(Stop::Answered(status, headers)),
            Decision::Answer(..) => Ok(()),
            Decision::Report(rule, evidence) => {
                self.note(x, door.name(), rule, Verdict::Reported, None, &evidence);
                Ok(())
            }
            Decision::Rewrite(rewrite) => {
                let verdict = if enforce { Verdict::Rewritten } else { Verdict::WouldRewrite };
                self.note(x, door.name(), rewrite.rule, verdict, None, &rewrite.evidence);
                if enforce {
                    apply(x, rewrite.change);
                }
                Ok(())
            }
            Decision::Refuse(refusal) => {
                let verdict = if enforce { Verdict::Refused } else { Verdict::WouldRefuse };
                let status = enforce.then_some(refusal.status.as_u16());
                self.note(x, door.name(), refusal.rule, verdict, status, &refusal.evidence);
                if enforce { Err(Stop::Refused(refusal)) } else { Ok(()) }
            }
        }
    }

    /// A refusal that holds whatever the door's mode, with its event.
    pub(crate) fn refuse(self, x: &Exchange<'_>, door: Door, refusal: Refusal) -> Stop {
        let status = Some(refusal.status.as_u16());
        self.note(x, door.name(), refusal.rule, Verdict::Refused, status, &refusal.evidence);
        Stop::Refused(refusal)
    }

    /// Writes an event.
    pub(crate) fn note(
        self,
        x: &Exchange<'_>,
        door: &'static str,
        rule: &'static str,
        verdict: Verdict,
        status: Option<u16>,
        evidence: &str,
    ) {
        self.shared.metrics.decided(door, rule, verdict);
        self.shared.sink.record(&Record::Event(Event {
            time: Timestamp(x.now + x.started.elapsed()),
            id: x.id,
            door,
            rule,
            verdict,
            status,
            evidence,
            client: x.client,
            method: x.method.as_str(),
            path: x.target.path(),
            route: &x.route.name,
            principal: x.subject(),
            latency_us: x.started.elapsed().as_micros() as u64,
        }));
    }
}

/// Whether a door is asked on this route.
pub(crate) fn on(x: &Exchange<'_>, door: Door) -> bool {
    x.route.modes.of(door) != Mode::Off
}

/// Whether a door may change things on this route.
pub(crate) fn enforced(x: &Exchange<'_>, door: Door) -> bool {
    x.route.modes.of(door) == Mode::Enforce
}

fn apply(x: &mut Exchange<'_>, change: Change) {
    match change {
        Change::RemoveHeaders(names) => {
            for name in names {
                x.headers.remove(name);
            }
        }
        Change::Query(query) => {
            x.target.set_query(query);
            // What was taken out of it is not judged any more.
            x.sent = x.target.path_and_query().parse().unwrap_or_default();
        }
        Change::Body(bytes) => replace_body(x, bytes),
    }
}

fn replace_body(x: &mut Exchange<'_>, bytes: Bytes) {
    x.headers.remove(CONTENT_ENCODING);
    x.headers.insert(CONTENT_LENGTH, bytes.len().into());
    if let Some(body) = &mut x.body {
        body.wire = bytes.clone();
        body.decoded = bytes;
    }
}
