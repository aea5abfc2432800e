//! What a run makes: objects, and texts that are stored.

use std::sync::Arc;

use serde_json::Value;

use crate::answer::Reply;
use crate::census::Control;
use crate::request::Slot;
use crate::who::Who;

/// An object that a run has made.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    /// Its id.
    pub(crate) id: Value,
    /// What it is one of.
    pub(crate) collection: String,
    /// Whose it is.
    pub(crate) owner: Who,
    /// The answer that made it.
    pub(crate) reply: Reply,
}

/// A text that was stored.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    /// The ordinary request of the operation that stores it.
    pub(crate) control: Arc<Control>,
    /// Where in its request.
    pub(crate) slot: Slot,
    /// The token in the text.
    pub(crate) token: String,
    /// The answer to the request that stored it.
    pub(crate) reply: Reply,
    /// The object that was made, where one was.
    pub(crate) made: Option<Made>,
}
