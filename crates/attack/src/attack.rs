//! What an attack is, and what it leaves behind.

use futures_util::future::BoxFuture;
use report::{Level, Transcript};

use crate::answer::Reply;
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Sent, Stop};

/// An attack.
pub struct Attack {
    /// Its name.
    pub name: &'static str,
    /// The door that it tries.
    pub door: GuideDoor,
    /// Who can shut the door against it.
    pub shut_by: ShutBy,
    /// The question that the attacker asks.
    pub thought: &'static str,
    /// How bad it is when it works.
    pub level: Level,
    /// What says more: CWE, OWASP API Security Top 10 2023, ASVS 5.0.
    pub references: &'static [&'static str],
    /// What to change in the code.
    pub mend_in_code: &'static str,
    /// What to set at the gate.
    pub mend_at_gate: &'static str,
    pub(crate) run: for<'a> fn(&'a Prober<'a>, &'a mut Tried) -> BoxFuture<'a, Result<(), Stop>>,
}

/// A hole: one attack that worked on one operation.
#[derive(Debug, Clone)]
pub(crate) struct Hole {
    /// The operation: `GET /orders/{id}`; empty for what concerns the whole service.
    pub(crate) operation: String,
    /// Where in its request: `query q`.
    pub(crate) slot: String,
    /// One sentence that says what was seen.
    pub(crate) message: String,
    /// How bad, if not as bad as the attack usually is.
    pub(crate) level: Option<Level>,
    /// The exchanges that show it, the ordinary one first.
    pub(crate) evidence: Vec<Transcript>,
    /// A command that shows it again.
    pub(crate) repeat: String,
}

impl Hole {
    /// A hole that a reply shows, with the ordinary one beside it.
    pub(crate) fn shown(
        operation: impl Into<String>,
        slot: impl ToString,
        message: impl Into<String>,
        ordinary: &Reply,
        attack: &Reply,
    ) -> Self {
        Hole {
            operation: operation.into(),
            slot: slot.to_string(),
            message: message.into(),
            level: None,
            evidence: vec![ordinary.seen.clone(), attack.seen.clone()],
            repeat: attack.repeat.clone(),
        }
    }
}

impl Sent {
    /// The hole that it shows, with what an ordinary request was answered with.
    pub(crate) fn hole(
        &self,
        operation: impl Into<String>,
        message: impl Into<String>,
        ordinary: &Sent,
    ) -> Hole {
        Hole {
            operation: operation.into(),
            slot: String::new(),
            message: message.into(),
            level: None,
            evidence: vec![ordinary.seen.clone(), self.seen.clone()],
            repeat: self.repeat.clone(),
        }
    }
}

/// What an attack leaves behind.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    /// What worked, proved twice.
    pub(crate) holes: Vec<Hole>,
    /// How often the ordinary request was served and the attack was not.
    pub(crate) shut: usize,
    /// The last of those.
    pub(crate) held: Option<Transcript>,
    /// What was found out where it was shut, once each: a limit, a length.
    pub(crate) found: Vec<String>,
    /// Why it could not be tried, once for each reason.
    pub(crate) not_tried: Vec<String>,
    /// Why nothing can be said, once for each reason.
    pub(crate) unknown: Vec<String>,
}

impl Tried {
    /// The attack worked. One finding for each operation and slot.
    pub(crate) fn open(&mut self, hole: Hole) {
        let same = |known: &Hole| known.operation == hole.operation && known.slot == hole.slot;
        if !self.holes.iter().any(same) {
            self.holes.push(hole);
        }
    }

    /// Whether an operation is known to be open already.
    pub(crate) fn is_open(&self, operation: &str) -> bool {
        self.holes.iter().any(|hole| hole.operation == operation)
    }

    /// The ordinary request was served, and the attack was not.
    pub(crate) fn shut(&mut self, seen: &Transcript) {
        self.shut += 1;
        self.held = Some(seen.clone());
    }

    /// The same, with what was found out.
    pub(crate) fn shut_by(&mut self, seen: &Transcript, found: impl Into<String>) {
        self.shut(seen);
        note(&mut self.found, found.into());
    }

    /// There was nothing to try it on.
    pub(crate) fn not_tried(&mut self, reason: impl Into<String>) {
        note(&mut self.not_tried, reason.into());
    }

    /// What came back proves neither.
    pub(crate) fn unknown(&mut self, reason: impl Into<String>) {
        note(&mut self.unknown, reason.into());
    }

    /// The result of one try: where a request had no answer, nothing is known, and the attack goes on.
    pub(crate) fn take<T>(&mut self, result: Result<T, Stop>) -> Result<Option<T>, Stop> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Stop::NoAnswer(reason)) => {
                self.unknown(reason);
                Ok(None)
            }
            Err(Stop::NotAllowed(reason)) => {
                self.not_tried(reason);
                Ok(None)
            }
            Err(ended) => Err(ended),
        }
    }
}

fn note(list: &mut Vec<String>, reason: String) {
    const MAX: usize = 12;
    if list.len() < MAX && !list.contains(&reason) {
        list.push(reason);
    }
}
