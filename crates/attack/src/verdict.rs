//! How an attack ended.

use report::Transcript;
use serde::Serialize;

/// How an attack ended. Only [`Status::Blocked`] speaks for the API: what could not be tried is never shown as shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It worked, and the evidence shows it.
    Exploited,
    /// It was tried and did not work.
    Blocked,
    /// The API or the options offer nothing to try it on.
    NotApplicable,
    /// It could not run to its end: a request had no answer.
    Failed,
}

/// The result of an attack, with evidence.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// How the attack ended.
    pub status: Status,
    /// One line that says what was seen.
    pub summary: String,
    /// The exchanges that show it.
    pub evidence: Vec<Transcript>,
}

impl Verdict {
    /// The attack worked.
    pub fn exploited(summary: impl Into<String>, evidence: Vec<Transcript>) -> Self {
        Verdict { status: Status::Exploited, summary: summary.into(), evidence }
    }

    /// The attack was tried and did not work.
    pub fn blocked(summary: impl Into<String>, evidence: Vec<Transcript>) -> Self {
        Verdict { status: Status::Blocked, summary: summary.into(), evidence }
    }

    /// There is nothing to try the attack on.
    pub fn not_applicable(reason: impl Into<String>) -> Self {
        Verdict { status: Status::NotApplicable, summary: reason.into(), evidence: Vec::new() }
    }

    /// The attack could not run to its end.
    pub fn failed(reason: impl Into<String>) -> Self {
        Verdict { status: Status::Failed, summary: reason.into(), evidence: Vec::new() }
    }
}

/// Attempts of one attack that did not work. The last one becomes the evidence that the door held.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    last: Option<Transcript>,
    unjudged: Option<&'static str>,
}

impl Attempts {
    /// Notes an attempt that was tried and did not work.
    pub(crate) fn blocked(&mut self, transcript: Transcript) {
        self.last = Some(transcript);
    }

    /// Notes an attempt that proves nothing, because its control request failed.
    pub(crate) fn unjudged(&mut self, reason: &'static str) {
        self.unjudged = Some(reason);
    }

    /// The verdict when no attempt worked: blocked if at least one could be judged, else not applicable.
    pub(crate) fn verdict(self, blocked: &str, nothing_to_try: &str) -> Verdict {
        match self.last {
            Some(transcript) => Verdict::blocked(blocked, vec![transcript]),
            None => Verdict::not_applicable(self.unjudged.unwrap_or(nothing_to_try)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_that_could_not_be_judged_are_not_blocked() {
        let transcript = || Transcript { request: "GET /".into(), answer: "403".into() };
        for (judged, unjudged, status, summary) in [
            (0, None, Status::NotApplicable, "nothing to try"),
            (0, Some("the control failed"), Status::NotApplicable, "the control failed"),
            (1, None, Status::Blocked, "held"),
            (2, Some("the control failed"), Status::Blocked, "held"),
        ] {
            let mut attempts = Attempts::default();
            (0..judged).for_each(|_| attempts.blocked(transcript()));
            if let Some(reason) = unjudged {
                attempts.unjudged(reason);
            }
            let verdict = attempts.verdict("held", "nothing to try");
            assert_eq!((verdict.status, verdict.summary.as_str()), (status, summary));
            assert_eq!(verdict.evidence.len(), usize::from(judged > 0));
        }
    }
}
