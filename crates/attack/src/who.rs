//! Who sends a request.

/// Who sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Who {
    /// Nobody: without a credential.
    Nobody,
    /// The account whose data is the target.
    Victim,
    /// The account that attacks.
    Attacker,
    /// An account that may do more than others.
    Administrator,
}

impl Who {
    /// Those with an account.
    pub(crate) const PEOPLE: [Who; 3] = [Who::Attacker, Who::Victim, Who::Administrator];
}
