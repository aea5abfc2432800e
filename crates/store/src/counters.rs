//! The counters behind rate limits: what every backend promises.

use std::fmt::Debug;
use std::sync::Arc;

use crate::answer::Answer;
use crate::error::StoreError;
use crate::key_hash::CounterKey;
use crate::limit::{Outcome, Quota, Ticket};
use crate::millis::Millis;

/// What a backend calls to tell something to an operator: a sentence, and whether counters are shared now.
pub type Tell = Arc<dyn Fn(&str, bool) + Send + Sync>;

/// What one limit takes from its counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Take {
    /// From which counter.
    pub key: CounterKey,
    /// Of which quota.
    pub quota: Quota,
    /// How many units.
    pub cost: u32,
    /// What happens to these units when a later limit of the same request refuses.
    pub on_refusal: OnRefusal,
}

/// What happens to units that were taken when a later limit of the same request refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRefusal {
    /// They are refunded: a refused request costs nothing.
    Refund,
    /// They stay taken: the limit counts failures, and a refused request is one.
    Keep,
}

/// Counters that many requests, and with a server many gateways, change at once.
pub trait Counters: Send + Sync + Debug {
    /// Takes from several counters in one call, in order, and stops at the first that does not have enough.
    ///
    /// Returns the outcome of each take up to that one, so only the last outcome can be without a ticket. If there
    /// is such a refusal, takes before it with [`OnRefusal::Refund`] have been refunded already, and their tickets are
    /// void. Each take is exact under concurrency; the takes of one call need not be atomic together.
    ///
    /// # Errors
    /// If the backend does not answer. What was taken until then stays taken.
    fn take_all<'a>(&'a self, takes: &'a [Take], now: Millis) -> Answer<'a, Vec<Outcome>>;

    /// Refunds tickets: the request turned out not to count.
    ///
    /// # Errors
    /// If the backend does not answer. What was not refunded stays counted.
    fn refund<'a>(&'a self, tickets: &'a [Ticket], now: Millis) -> Answer<'a, ()>;

    /// Writes down what is to outlive the process, where that is asked for. Called when it stops.
    ///
    /// # Errors
    /// If it cannot be written.
    fn save(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Says what to call when counters that are shared cannot be, and can be again. Counters of one process have nothing to
    /// tell.
    fn tells(&self, _: Tell) {}

    /// Asks the backend whether it lets us in, before anything else. One that is only away is no error: counters work
    /// without it.
    ///
    /// # Errors
    /// If nothing but another address or password helps.
    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
