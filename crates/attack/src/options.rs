//! What a run may do, and with which accounts.

use std::time::Duration;

use crate::door::GuideDoor;
use crate::identity::Identity;

/// Called after each attack, so that a lab can restore its data.
pub type Reset = Box<dyn Fn() + Send + Sync>;

/// An account of the API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// A name for the report.
    pub name: String,
    /// What it logs in with.
    pub credentials: Option<(String, String)>,
    /// What its requests carry, where that is known before: a token, a key, a cookie.
    pub identity: Option<Identity>,
}

impl Account {
    /// An account that logs in.
    pub fn with_password(name: &str, password: &str) -> Self {
        Account { name: name.into(), credentials: Some((name.into(), password.into())), identity: None }
    }

    /// An account whose requests carry this.
    pub fn with_identity(identity: Identity) -> Self {
        Account { name: identity.name.clone(), credentials: None, identity: Some(identity) }
    }
}

/// What a run may do.
pub struct Options {
    /// The accounts: the victim, then the attacker. With fewer than two, some attacks cannot be tried.
    pub accounts: Vec<Account>,
    /// An account that may do more than others.
    pub administrator: Option<Account>,
    /// Only the attacks on these doors; all attacks when empty.
    pub doors: Vec<GuideDoor>,
    /// Whether attacks that destroy data, or send thousands of requests, are allowed.
    pub destructive: bool,
    /// Whether nothing is written: only reads, and log ins.
    pub is_safe: bool,
    /// Only operations whose name (`GET /orders/{id}`) has one of these in it; all when empty.
    pub only: Vec<String>,
    /// No operations whose name has one of these in it.
    pub exclude: Vec<String>,
    /// The most requests of a run.
    pub max_requests: u64,
    /// The longest that a run takes.
    pub time_limit: Duration,
    /// Restores data between attacks.
    pub reset: Option<Reset>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            accounts: Vec::new(),
            administrator: None,
            doors: Vec::new(),
            destructive: false,
            is_safe: false,
            only: Vec::new(),
            exclude: Vec::new(),
            max_requests: 30_000,
            time_limit: Duration::from_secs(15 * 60),
            reset: None,
        }
    }
}

impl Options {
    /// Whether an operation with this name is attacked.
    pub(crate) fn wants(&self, operation: &str) -> bool {
        let has = |list: &[String]| list.iter().any(|part| operation.contains(part.as_str()));
        (self.only.is_empty() || has(&self.only)) && !has(&self.exclude)
    }
}
