//! Log rotation: files that were moved away are let go, on SIGHUP and SIGUSR1.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::notice::notice;
use crate::output::Logs;
use crate::state::State;

/// Opens the logs anew at each signal, until the gateway ends.
pub(crate) async fn rotate(state: Arc<State>, logs: Arc<Logs>) {
    let (Ok(mut hangup), Ok(mut user)) = (signal(SignalKind::hangup()), signal(SignalKind::user_defined1()))
    else {
        return;
    };
    loop {
        tokio::select! {
            _ = hangup.recv() => {}
            _ = user.recv() => {}
        }
        for error in logs.reopen() {
            notice(&state, &format!("{error}; the old file is written to"));
        }
    }
}
