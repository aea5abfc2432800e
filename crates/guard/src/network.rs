//! Which addresses are one client's.

use std::net::IpAddr;

/// The number of a client: an IPv6 customer has a /64; counting single addresses would give each one 2^64 tries.
pub fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6) >> 64 << 64,
    }
}
