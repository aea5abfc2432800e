//! An answer to a request of no operation.

use report::Transcript;

use crate::probe::Answer;

/// An answer to a request of no operation.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// The answer.
    pub(crate) answer: Answer,
    /// Both as evidence.
    pub(crate) seen: Transcript,
    /// A command that sends it again.
    pub(crate) repeat: String,
}
