//! Failed logins, counted by account.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Failed logins by account.
#[derive(Default)]
pub(crate) struct Failures(Mutex<HashMap<String, Vec<Instant>>>);

const WINDOW: Duration = Duration::from_secs(15 * 60);
const ALLOWED: usize = 5;
/// The most accounts that are counted: names come from outside and must not fill the memory.
const MAX_ACCOUNTS: usize = 10_000;

impl Failures {
    pub(crate) fn are_too_many(&self, account: &str) -> bool {
        let mut failures = self.0.lock();
        let Some(times) = failures.get_mut(account) else { return false };
        times.retain(|time| time.elapsed() < WINDOW);
        times.len() >= ALLOWED
    }

    pub(crate) fn add(&self, account: &str) {
        let mut failures = self.0.lock();
        if failures.len() >= MAX_ACCOUNTS {
            failures.clear();
        }
        failures.entry(account.to_owned()).or_default().push(Instant::now());
    }

    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }
}
