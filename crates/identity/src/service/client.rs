//! Who asks.

use std::net::IpAddr;

/// Who asks, as far as the gate knows it without a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// His address.
    pub address: IpAddr,
    /// What his program calls itself.
    pub user_agent: String,
    /// The cookie of his device that he sends.
    pub device: Option<String>,
    /// Whether he keeps his tokens himself and gets no cookies: his sessions are bound to no device.
    pub is_native: bool,
}
