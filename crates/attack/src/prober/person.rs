//! An account as a run uses it.

use serde_json::Value;

use crate::answer::Reply;
use crate::identity::Identity;
use crate::options::Account;
use crate::request::Draft;
use crate::session::{LogInForm, Session};
use crate::who::Who;

/// An account of a run.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) who: Who,
    pub(crate) account: Account,
    /// What its requests carry.
    pub(crate) identity: Option<Identity>,
    /// What its last log in answered with.
    pub(crate) session: Option<Session>,
    /// The answer to that log in, without what is secret in it.
    pub(crate) entry: Option<Reply>,
    /// How it logs in, where a way was found.
    pub(crate) form: Option<LogInForm>,
    /// A request that is served to this account, and to nobody without one.
    pub(crate) sign: Option<Draft>,
    /// Why it cannot be used.
    pub(crate) trouble: Option<String>,
}

/// An account that the run has registered.
#[derive(Debug, Clone)]
pub(crate) struct Newcomer {
    /// What it logs in with.
    pub(crate) name: String,
    /// Its password; whoever changes it writes that down here.
    pub(crate) password: String,
    /// How it logs in.
    pub(super) form: LogInForm,
    /// A request that is served to whoever is logged in.
    pub(super) sign: Draft,
}

/// A session of an account beside the one that its requests use.
#[derive(Debug, Clone)]
pub(crate) struct Entered {
    /// What its requests carry.
    pub(crate) identity: Identity,
    /// What the log in answered with.
    pub(crate) session: Session,
    /// A request that is served to it, and to nobody without.
    pub(crate) sign: Draft,
    /// The answer to that request.
    pub(crate) served: Reply,
}

/// An account that the run has registered with a changed request.
#[derive(Debug, Clone)]
pub(crate) struct Registered {
    /// What it was registered with, and the answer.
    pub(crate) reply: Reply,
    /// Its id, where the answer or its own view tells.
    pub(crate) id: Option<Value>,
    /// What it logs in with.
    pub(crate) credentials: Option<(String, String)>,
    /// What its requests carry, where it could log in.
    pub(crate) identity: Option<Identity>,
    /// What it sees of itself.
    pub(crate) view: Option<Reply>,
}
