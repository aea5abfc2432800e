//! What every exchange is judged by: a policy with its keys read.

use identity::{Authenticator, KeyError};
use policy::Policy;

use crate::told::Told;

/// A policy with its keys read: what every exchange is judged by.
#[derive(Debug)]
pub struct Engine {
    /// The policy.
    pub policy: Policy,
    /// The keys.
    pub authenticator: Authenticator,
    /// What the operator was told under this policy.
    pub(crate) told: Told,
}

impl Engine {
    /// Reads the keys of a policy.
    ///
    /// # Errors
    /// When a key is of no use.
    pub fn new(policy: Policy) -> Result<Self, KeyError> {
        let authenticator = Authenticator::new(&policy.auth)?;
        Ok(Engine { policy, authenticator, told: Told::default() })
    }
}
