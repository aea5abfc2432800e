//! What is known while a file is walked.

use super::value::{Scope, Value};
use crate::code::rules::schema::{Knowledge, Rule};
use crate::code::rules::{Index, Rules};
use crate::code::tree::{Id, Tree};

/// What a rule found in one file.
#[derive(Debug)]
pub(crate) struct Hit<'r> {
    pub(crate) rule: &'r Rule,
    pub(crate) at: Id,
    /// The expression that is wrong, and the callee.
    pub(crate) value: String,
    pub(crate) call: String,
    /// The lines of the value's way.
    pub(crate) way: Vec<usize>,
}

/// What the rules say about one language, ready to run.
pub(crate) struct Engine<'r> {
    pub(crate) index: Index<'r>,
    pub(crate) knowledge: Knowledge,
    pub(super) rules: &'r Rules,
}

/// One file being walked.
pub(crate) struct Scan<'s, 'r> {
    pub(super) engine: &'r Engine<'r>,
    pub(super) tree: &'s Tree,
    pub(super) source: &'s str,
    pub(super) file: &'s str,
    pub(super) scope: Scope,
    /// The functions around the place where the walk is; the file is the first.
    pub(super) contexts: Vec<Context>,
    pub(super) hits: Vec<Hit<'r>>,
    /// Values are computed again, for options: nothing is told twice.
    pub(super) quiet: bool,
}

/// The function around a place.
#[derive(Debug, Default)]
pub(crate) struct Context {
    /// Its text in the source, from its first decorator on.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) name: String,
    /// It answers requests.
    pub(crate) handler: bool,
    /// It has decorators or annotations of a route: what it gives back is the answer.
    pub(crate) answers: bool,
    pub(crate) function: Option<Id>,
    /// What it gives back, so far.
    pub(crate) returned: Option<Value>,
    /// What stands beside it in the call that registers it: middleware.
    pub(crate) beside: String,
    /// The names of its parameters that came from the client.
    pub(crate) sent: Vec<String>,
}

impl Context {
    /// The file itself, outside of all functions.
    pub(crate) fn file(length: usize) -> Context {
        Context { end: length, ..Context::default() }
    }
}
