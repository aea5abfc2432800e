//! How sure a detector is.

/// How likely a finding is an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// As common in honest input as in attacks.
    Low,
    /// Rare in honest input.
    Medium,
    /// An attack.
    High,
}

impl Confidence {
    /// Points that a finding adds to the anomaly score of a request. A low-confidence finding adds none.
    pub const fn score(self) -> u32 {
        match self {
            Confidence::Low => 0,
            Confidence::Medium => 3,
            Confidence::High => 5,
        }
    }

    /// The name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}
