//! What was found, for people and for machines.

use serde::Serialize;

use crate::attacks::{By, Door};
use crate::client::Exchange;

/// How an attack ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It worked, and the evidence shows it.
    Exploited,
    /// It did not work.
    Blocked,
    /// The API has nothing that it could be tried on.
    NotApplicable,
}

/// What an attack says of an API.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// One line: what was seen.
    pub summary: String,
    /// The exchanges that show it.
    pub evidence: Vec<Exchange>,
}

impl Outcome {
    /// It worked.
    pub fn exploited(summary: impl Into<String>, evidence: Vec<Exchange>) -> Self {
        Outcome { status: Status::Exploited, summary: summary.into(), evidence }
    }

    /// It did not work.
    pub fn blocked(summary: impl Into<String>, evidence: Vec<Exchange>) -> Self {
        Outcome { status: Status::Blocked, summary: summary.into(), evidence }
    }

    /// There is nothing to try it on.
    pub fn not_applicable(why: impl Into<String>) -> Self {
        Outcome { status: Status::NotApplicable, summary: why.into(), evidence: Vec::new() }
    }
}

/// An attack with its outcome.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Which attack.
    pub attack: &'static str,
    /// At which door.
    pub door: Door,
    /// What the attacker thinks.
    pub thought: &'static str,
    /// Who can shut this.
    pub shut_by: By,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Everything that was tried.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What the attacks found.
    pub findings: Vec<Finding>,
    /// Ordinary requests sent, and those of them that were not answered as usual.
    pub ordinary: usize,
    /// What became of those that were not.
    pub refused: Vec<Exchange>,
}

impl Report {
    /// The attacks of one door.
    pub fn door(&self, door: Door) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |f| f.door == door)
    }

    /// How many attacks ended so, of one door.
    pub fn count(&self, door: Door, status: Status) -> usize {
        self.door(door).filter(|f| f.outcome.status == status).count()
    }

    /// Whether any attack worked.
    pub fn is_exploited(&self) -> bool {
        self.findings.iter().any(|f| f.outcome.status == Status::Exploited)
    }
}
