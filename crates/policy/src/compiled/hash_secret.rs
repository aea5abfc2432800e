//! The secret under which counter keys are hashed.

/// A secret that all gateways with the same counters share. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct HashSecret(pub(crate) Vec<u8>);

impl HashSecret {
    /// Its bytes.
    pub fn expose_secret(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for HashSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashSecret")
    }
}
