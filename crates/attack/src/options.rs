//! What a run may do, and with which accounts.

use crate::door::GuideDoor;
use crate::identity::Identity;

/// Called after each attack, so that a lab can restore its data.
pub type Reset = Box<dyn Fn() + Send + Sync>;

/// What a run may do.
#[derive(Default)]
pub struct Options {
    /// The accounts: the victim, then the attacker. With fewer than two, some attacks cannot be tried.
    pub identities: Vec<Identity>,
    /// Only the attacks on these doors; all attacks when empty.
    pub doors: Vec<GuideDoor>,
    /// Whether attacks that destroy data, or send thousands of requests, are allowed.
    pub destructive: bool,
    /// A valid name and password, for attacks on the login.
    pub login: Option<(String, String)>,
    /// Restores data between attacks.
    pub reset: Option<Reset>,
}
