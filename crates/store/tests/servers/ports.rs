//! Free loopback ports for what tests start.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// A free port below the range of ephemeral ports. Each port is returned once to a process, so that no other test takes it
/// before it is bound.
pub(crate) fn free_port() -> u16 {
    const FIRST: u16 = 10_000;
    const PORTS: u16 = 20_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Other test processes begin at other ports.
    let own = (std::process::id() % 20) as u16 * 1000;
    loop {
        let port = FIRST + own.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
