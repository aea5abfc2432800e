//! Hands each record to every sink that wants its kind: log, access log, audit log, learner, and whatever comes.

use std::sync::Arc;

use learn::Observation;

#[cfg(feature = "rules")]
use super::modsecurity::Audit;
use super::sinks::{AccessSink, AuditSink, EventSink, Observer};
use super::{Access, Record};

/// Any number of sinks of each kind. The guard makes a record only if a sink wants its kind.
#[derive(Clone, Default)]
pub struct FanOut {
    events: Vec<Arc<dyn EventSink>>,
    access: Vec<Arc<dyn AccessSink>>,
    audit: Vec<Arc<dyn AuditSink>>,
    observers: Vec<Arc<dyn Observer>>,
}

impl FanOut {
    /// No sink at all.
    pub fn new() -> Self {
        FanOut::default()
    }

    /// Adds a sink for events and notices.
    #[must_use]
    pub fn events(mut self, sink: Arc<dyn EventSink>) -> Self {
        self.events.push(sink);
        self
    }

    /// Adds a sink for requests served.
    #[must_use]
    pub fn access(mut self, sink: Arc<dyn AccessSink>) -> Self {
        self.access.push(sink);
        self
    }

    /// Adds a sink for what the rules of a rule set found.
    #[must_use]
    pub fn audit(mut self, sink: Arc<dyn AuditSink>) -> Self {
        self.audit.push(sink);
        self
    }

    /// Adds an observer of exchanges.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Hands a record to every sink for events.
    pub fn record(&self, record: &Record<'_>) {
        self.events.iter().for_each(|sink| sink.record(record));
    }

    /// The number of records that sinks had to drop.
    pub fn dropped(&self) -> u64 {
        let events = self.events.iter().map(|sink| sink.dropped());
        events.chain(self.audit.iter().map(|sink| sink.dropped())).sum()
    }

    pub(crate) fn wants_access(&self) -> bool {
        !self.access.is_empty()
    }

    #[cfg(feature = "rules")]
    pub(crate) fn wants_audit(&self) -> bool {
        !self.audit.is_empty()
    }

    pub(crate) fn wants_observations(&self) -> bool {
        !self.observers.is_empty()
    }

    pub(crate) fn access_line(&self, access: &Access<'_>) {
        self.access.iter().for_each(|sink| sink.access(access));
    }

    #[cfg(feature = "rules")]
    pub(crate) fn audit_entry(&self, entry: &Audit) {
        self.audit.iter().for_each(|sink| sink.audit(entry));
    }

    pub(crate) fn observation(&self, observation: &Observation) {
        self.observers.iter().for_each(|observer| observer.observe(observation));
    }
}

/// Events alone, which is what most callers want.
impl<S: EventSink + 'static> From<Arc<S>> for FanOut {
    fn from(sink: Arc<S>) -> Self {
        FanOut::new().events(sink)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::SystemTime;

    use super::*;
    use crate::events::Timestamp;

    #[derive(Default)]
    struct Counting(AtomicU64);

    impl EventSink for Counting {
        fn record(&self, _: &Record<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn dropped(&self) -> u64 {
            3
        }
    }

    impl Observer for Counting {
        fn observe(&self, _: &Observation) {
            self.0.fetch_add(10, Ordering::Relaxed);
        }
    }

    #[test]
    fn each_sink_gets_the_kinds_that_it_is_registered_for() {
        let (log, learner) = (Arc::new(Counting::default()), Arc::new(Counting::default()));
        let sinks = FanOut::new().events(log.clone()).events(log.clone()).observer(learner.clone());
        sinks.record(&Record::Notice { time: Timestamp(SystemTime::now()), message: "started" });
        sinks.observation(&Observation::default());
        assert_eq!((log.0.load(Ordering::Relaxed), learner.0.load(Ordering::Relaxed)), (2, 10));
        assert_eq!(sinks.dropped(), 6);
        assert!(sinks.wants_observations() && !sinks.wants_access() && !sinks.wants_audit());
    }
}
