//! What the log is told by what runs beside the workers.

use std::time::SystemTime;

use guard::{Record, Timestamp};

use crate::state::State;

/// Tells an operator something.
pub(super) fn notice(state: &State, message: &str) {
    state.guard.sinks().record(&Record::Notice { time: Timestamp(SystemTime::now()), message });
}
