//! What a service manager is told: that the gateway serves, reloads, stops (`sd_notify(3)`). Without one, nothing happens.

use std::time::Duration;

use sd_notify::NotifyState;

/// It serves; `status` is what `systemctl status` shows.
pub(crate) fn ready(status: &str) {
    /// Characters of a status; an invalid policy can have many problems.
    const MOST: usize = 1000;
    // A line break would begin another assignment.
    let line: String = status.chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    tell(&[NotifyState::Ready, NotifyState::Status(&line)]);
}

/// It reads its policy again; [`ready`] follows.
pub(crate) fn reloading() {
    // systemd 253 and later tell by the time to which request for a reload this belongs.
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, now]);
    }
}

/// It ends, and takes up to this time for the connections that are open.
pub(crate) fn stopping(drain: Duration) {
    /// For the threads and logs, beside the connections.
    const END: Duration = Duration::from_secs(10);
    let time = u32::try_from((drain + END).as_micros()).unwrap_or(u32::MAX);
    tell(&[
        NotifyState::Stopping,
        NotifyState::ExtendTimeoutUsec(time),
        NotifyState::Status("waiting for open connections"),
    ]);
}

fn tell(states: &[NotifyState<'_>]) {
    // A service manager that does not listen is no reason to stop.
    let _ = sd_notify::notify(states);
}
