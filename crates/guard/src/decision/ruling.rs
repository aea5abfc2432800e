//! What happens to the decisions of doors.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};
use policy::{Door, Mode};

use super::{Change, Decision, Refusal};
use crate::engine::Engine;
use crate::events::{Event, Record, Timestamp, Verdict};
use crate::exchange::Exchange;
use crate::state::State;

/// An exchange that does not go on to the upstream.
#[derive(Debug)]
pub(crate) enum Interruption {
    /// A door refused it.
    Refused(Refusal),
    /// A door answered it.
    Answered(StatusCode, HeaderMap),
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
        door: Door,
        decision: Decision,
    ) -> Result<(), Interruption> {
        let enforce = x.route.modes.of(door) == Mode::Enforce;
        match decision {
            Decision::Pass => Ok(()),
            Decision::Answer(status, headers) if enforce => Err(Interruption::Answered(status, headers)),
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
                if enforce { Err(Interruption::Refused(refusal)) } else { Ok(()) }
            }
        }
    }

    /// A refusal that holds whatever the door's mode, with its event.
    pub(crate) fn refuse(self, x: &Exchange<'_>, door: Door, refusal: Refusal) -> Interruption {
        let status = Some(refusal.status.as_u16());
        self.note(x, door.name(), refusal.rule, Verdict::Refused, status, &refusal.evidence);
        Interruption::Refused(refusal)
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
        self.state.metrics.decided(door, rule, verdict);
        self.state.sink.record(&Record::Event(Event {
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
