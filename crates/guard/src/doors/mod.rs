//! What a door is, and one room per door. Each room begins with the guide's question that it answers.
//!
//! A [`Door`] decides at five moments: when the head of a request is there, when its body is, when the head of the
//! upstream's answer is, when the answer's body has to be read (an [`Inspector`]), and when any answer leaves. It
//! implements the moments that it needs. The order of the doors is in `pipeline`.

pub(crate) mod authentication;
pub(crate) mod bots;
pub(crate) mod cookies;
pub(crate) mod cors;
pub(crate) mod headers;
pub(crate) mod injection;
pub(crate) mod inspector;
pub(crate) mod network;
pub(crate) mod ownership;
pub(crate) mod protocol;
pub(crate) mod rate;
pub(crate) mod schema;

use std::pin::Pin;

use http::response::Parts;
use http::{HeaderMap, StatusCode};
use inputs::Part;

use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::decision::{Decision, Refusal};
use crate::exchange::Exchange;
use crate::forward::Reader;

/// A door, or a part of one. It is not asked on routes where its mode is off.
pub(crate) trait Door: Sync {
    /// Which door it is, for events and for its mode.
    fn id(&self) -> DoorId;

    /// Whether it judges by what the route or the operation says. Then it judges a request once for each that the request
    /// may be on.
    fn judges_by_route(&self) -> bool {
        false
    }

    /// Judges the head of a request.
    fn admit_head<'a, 'e>(&'a self, _: Ruling<'e>, _: &'a mut Exchange<'e>) -> Step<'a> {
        Step::PASS
    }

    /// Judges a body that is held back. Objects that it names can be read.
    fn admit_body<'a, 'e>(&'a self, _: Ruling<'e>, _: &'a mut Exchange<'e>, _: &'a Reader) -> Step<'a> {
        Step::PASS
    }

    /// Judges a request whose body is forwarded while it is received, before the first byte of it.
    fn admit_stream<'a, 'e>(&'a self, _: Ruling<'e>, _: &'a mut Exchange<'e>, _: &'a Reader) -> Step<'a> {
        Step::PASS
    }

    /// What judges such a body, a window of it at a time.
    fn stream_judge(&self, _: Ruling<'_>, _: &Exchange<'_>) -> Option<StreamJudge> {
        None
    }

    /// Judges the head of the upstream's answer.
    fn release_head<'e>(&self, _: Ruling<'e>, _: &mut Exchange<'e>, _: &Parts) -> Decision {
        Decision::Pass
    }

    /// Counts any answer, also one that a door gave, and dresses its head.
    fn finish<'a, 'e>(
        &'a self,
        _: Ruling<'e>,
        _: &'a mut Exchange<'e>,
        _: StatusCode,
        _: &'a mut HeaderMap,
    ) -> Step<'a, ()> {
        Step::Now(())
    }
}

/// Judges what passes of a streamed body.
pub(crate) type StreamJudge = Box<dyn FnMut(Passing<'_>) -> Option<Refusal> + Send + Sync>;

/// What passes of a streamed body.
#[derive(Clone, Copy)]
pub(crate) enum Passing<'s> {
    /// Some bytes, with the end of those before.
    Window(&'s [u8]),
    /// A message of gRPC.
    Message(&'s [u8]),
    /// A part of a form; of a large file, its head.
    Part(&'s Part),
}

/// What a door answers, now or later. Only a door that waits for something allocates.
pub(crate) enum Step<'a, T = Decision> {
    Now(T),
    Later(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
}

impl<'a, T> Step<'a, T> {
    /// An answer that has to be waited for.
    pub(crate) fn later(answer: impl Future<Output = T> + Send + 'a) -> Self {
        Step::Later(Box::pin(answer))
    }

    /// The answer.
    pub(crate) async fn answer(self) -> T {
        match self {
            Step::Now(answer) => answer,
            Step::Later(answer) => answer.await,
        }
    }
}

impl Step<'_> {
    /// Nothing to object to.
    pub(crate) const PASS: Self = Step::Now(Decision::Pass);
}

impl From<Decision> for Step<'_> {
    fn from(decision: Decision) -> Self {
        Step::Now(decision)
    }
}
