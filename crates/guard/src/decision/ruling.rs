//! What happens to the decisions of doors.

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use policy::{BuiltInDoor, Mode};

use super::door_id::DoorId;
use super::{Change, Decision, Refusal};
use crate::engine::Engine;
use crate::events::allowing::{Place, allow_with};
use crate::events::evidence::Evidence;
use crate::events::{Event, Record, Timestamp, Verdict, micros};
use crate::exchange::Exchange;
use crate::exchange::id::EventId;
use crate::state::State;

/// An exchange that does not go on to the upstream, or whose answer does not go on to the client.
#[derive(Debug)]
pub(crate) enum Interruption {
    /// A door refused it.
    Refused(Refusal),
    /// A door answered it.
    Answered(Response<Bytes>),
}

impl Interruption {
    /// What the client gets.
    pub(crate) fn response(self, id: EventId) -> Response<Bytes> {
        match self {
            Interruption::Refused(refusal) => refusal.response(id),
            Interruption::Answered(mut response) => {
                if response.body().is_empty() {
                    response.headers_mut().remove(CONTENT_TYPE);
                }
                response
            }
        }
    }
}

/// Makes the decisions of doors hold: the policy that they hold by, and where they are written down.
#[derive(Clone, Copy)]
pub(crate) struct Ruling<'e> {
    pub(crate) engine: &'e Engine,
    pub(crate) state: &'e State,
}

impl Ruling<'_> {
    /// Makes a decision hold, or only notes it when the door observes.
    pub(crate) fn settle(
        self,
        x: &mut Exchange<'_>,
        door: &DoorId,
        decision: Decision,
    ) -> Result<(), Interruption> {
        let asked = match &decision {
            Decision::Refuse(refusal) => refusal.door.map(DoorId::from),
            _ => None,
        };
        let door = asked.as_ref().unwrap_or(door);
        let enforce = door.mode(x.route) == Mode::Enforce;
        match decision {
            Decision::Pass => Ok(()),
            Decision::Answer(response) if enforce => Err(Interruption::Answered(response)),
            Decision::Answer(_) => Ok(()),
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
            Decision::Refuse(refusal) if enforce => Err(self.refuse(x, door, refusal)),
            Decision::Refuse(refusal) => {
                self.note(
                    x,
                    door.name(),
                    refusal.rule.clone(),
                    Verdict::WouldRefuse,
                    None,
                    &refusal.evidence,
                );
                Ok(())
            }
        }
    }

    /// A refusal that holds whatever the door's mode, with its event.
    pub(crate) fn refuse(self, x: &Exchange<'_>, door: &DoorId, refusal: Refusal) -> Interruption {
        let (rule, status) = (refusal.rule.clone(), Some(refusal.status.as_u16()));
        self.note(x, door.name(), rule, Verdict::Refused, status, &refusal.evidence);
        if let DoorId::BuiltIn(door) = door {
            x.refused_by.store(*door as u8 + 1, Ordering::Relaxed);
        }
        Interruption::Refused(refusal)
    }

    /// Writes an event.
    pub(crate) fn note(
        self,
        x: &Exchange<'_>,
        door: impl Into<Cow<'static, str>>,
        rule: impl Into<Cow<'static, str>>,
        verdict: Verdict,
        status: Option<u16>,
        evidence: &Evidence,
    ) {
        let (door, rule) = (door.into(), rule.into());
        self.state.metrics.decided(door.clone(), rule.clone(), verdict);
        x.account.judged(verdict.gravity());
        let allow_with = allow_with((&door, &rule), verdict, evidence, place(x));
        self.state.sinks.record(&Record::Event(Event {
            time: Timestamp(x.now + x.started.elapsed()),
            id: x.id,
            request_id: x.account.request_id(),
            door: &door,
            rule: &rule,
            verdict,
            status,
            allow_with: allow_with.as_deref(),
            evidence,
            client: x.client,
            method: x.method.as_str(),
            path: x.sent_path(),
            route: &x.route.name,
            principal: x.subject(),
            latency_us: micros(x.started.elapsed()),
        }));
    }
}

impl Ruling<'_> {
    /// Tells, once for each route, of something that every response of the route would repeat.
    pub(crate) fn tell(
        self,
        x: &Exchange<'_>,
        door: BuiltInDoor,
        (rule, what): (&'static str, &str),
        verdict: Verdict,
        evidence: impl FnOnce() -> Evidence,
    ) {
        if self.engine.told.is_new(&x.route.name, rule, what) {
            self.note(x, door.name(), rule, verdict, None, &evidence());
        }
    }
}

/// Where an exchange is, for whoever wants to allow it.
fn place<'x>(x: &'x Exchange<'_>) -> Place<'x> {
    let path = x.declared_path().unwrap_or_else(|| x.target.path());
    let origin = x.origin.as_ref().and_then(|origin| origin.to_str().ok());
    Place { route: &x.route.name, path, origin }
}

/// Whether a door is asked on this route.
pub(crate) fn on(x: &Exchange<'_>, door: BuiltInDoor) -> bool {
    x.route.modes.of(door) != Mode::Off
}

/// Whether a door may change things on this route.
pub(crate) fn enforced(x: &Exchange<'_>, door: BuiltInDoor) -> bool {
    x.route.modes.of(door) == Mode::Enforce
}

fn apply(x: &mut Exchange<'_>, change: Change) {
    match change {
        Change::Headers(changes) => {
            for (name, value) in changes {
                match value {
                    Some(value) => drop(x.headers.insert(name, value)),
                    None => drop(x.headers.remove(name)),
                }
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
        // What is written here is read in one way.
        body.others = Vec::new();
    }
}
