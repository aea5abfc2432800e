//! The two versions of the shop.

/// Which version of the shop is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// With the mistakes.
    Vulnerable,
    /// With the defences.
    Hardened,
}
