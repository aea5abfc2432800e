//! The end of an exchange: counted and logged when the last byte of its answer is sent, or is not.

use std::sync::Arc;
use std::time::Instant;

use http::StatusCode;

use crate::events::access::StreamNote;
use crate::exchange::Exchange;
use crate::state::State;
use crate::wire::body::OnEnd;

/// Counts and logs an exchange when its answer has ended.
pub(crate) struct Finish {
    note: Option<StreamNote>,
    started: Instant,
    status: StatusCode,
    state: Arc<State>,
}

impl Finish {
    pub(crate) fn new(x: &Exchange<'_>, status: StatusCode, state: Arc<State>) -> Self {
        let note = state.sink.wants_access().then(|| StreamNote::of(x));
        Finish { note, started: x.started, status, state }
    }
}

impl OnEnd for Finish {
    fn ended(&mut self, bytes: u64) {
        self.state.metrics.answered(self.status.as_u16(), self.started.elapsed().as_secs_f64());
        if let Some(note) = &self.note {
            note.access(&*self.state.sink, self.status, bytes);
        }
    }
}
