//! Which targets are attacked without a word: those that only their owner reaches.

use std::net::{IpAddr, ToSocketAddrs};

use attack::ApiUrl;

use crate::exit::Failure;

/// Refuses a target that others may own, unless somebody has allowed the attack.
pub(super) fn check(url: &ApiUrl, authorized: Option<&str>) -> Result<(), Failure> {
    if authorized.is_some_and(|text| text.trim().is_empty()) {
        return Err(Failure::usage(miette::miette!(
            "--authorized is empty; say who allowed the attack, and why"
        )));
    }
    if authorized.is_some() {
        return Ok(());
    }
    let (host, port) = (url.host(), url.port());
    let addresses = (host, port)
        .to_socket_addrs()
        .map_err(|error| Failure::could_not_run(format!("{host} has no address: {error}")))?;
    match addresses.map(|address| address.ip()).find(|ip| !is_near(*ip)) {
        None => Ok(()),
        Some(far) => Err(Failure::usage(miette::miette!(
            help = "if it is yours, or you were asked to: --authorized 'who allowed it, and why'; it stands in the report",
            "{host} is {far}, an address that anybody may have"
        ))),
    }
}

/// Whether an address is this machine, or in a network of one's own (RFC 1918, RFC 4193, RFC 3927).
fn is_near(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified(),
        IpAddr::V6(ip) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_ones_own_are_near_and_all_others_are_not() {
        for (text, near) in [
            ("127.0.0.1", true),
            ("127.8.8.8", true),
            ("10.1.2.3", true),
            ("172.31.0.1", true),
            ("192.168.1.1", true),
            ("169.254.1.1", true),
            ("0.0.0.0", true),
            ("::1", true),
            ("::ffff:10.0.0.1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("172.32.0.1", false),
            ("8.8.8.8", false),
            ("::ffff:8.8.8.8", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_near(text.parse().unwrap()), near, "{text}");
        }
    }
}
