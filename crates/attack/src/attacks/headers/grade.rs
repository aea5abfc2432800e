//! The verdict on the headers of an answer.

use report::Transcript;

use crate::oracle;
use crate::probe::Answer;
use crate::verdict::Verdict;

/// Exploited when a security header is missing.
pub(super) fn verdict(answer: &Answer, seen: Transcript) -> Verdict {
    let missing = oracle::missing_headers(answer);
    if missing.is_empty() {
        Verdict::blocked("all there", vec![seen])
    } else {
        Verdict::exploited(format!("missing: {}", missing.join(", ")), vec![seen])
    }
}
