//! The client's address behind proxies, and the forwarding headers for the upstream (RFC 7239).

use std::fmt::{self, Write};
use std::net::IpAddr;

use bytes::BytesMut;
use http::HeaderMap;
use http::header::{FORWARDED, HOST, HeaderName, HeaderValue};
use ipnet::IpNet;
use policy::{ClientAddressFrom, Gateway};

use crate::exchange::peer::{Peer, Transport};
use crate::wire::headers::remove_headers;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// Names under which proxies and frameworks believe an address, scheme, host, port or path.
const CLAIMS: [&str; 14] = [
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "fastly-client-ip",
    "x-forwarded",
    "forwarded-for",
    "x-forwarded-port",
    "x-forwarded-server",
    "x-forwarded-prefix",
    "x-original-url",
    "x-rewrite-url",
    "x-original-host",
];

/// The client's address: the peer, or the last address that no trusted proxy added to the header that the policy names.
/// The other header may come from the client: a proxy that writes one passes the other on untouched.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, gateway: &Gateway) -> IpAddr {
    let trusted = &gateway.trusted_proxies;
    let peer = peer.to_canonical();
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let chain: Vec<Option<IpAddr>> = match gateway.client_address_from {
        ClientAddressFrom::Forwarded => list(headers, &FORWARDED).map(forwarded_for).collect(),
        ClientAddressFrom::XForwardedFor => list(headers, &X_FORWARDED_FOR).map(address).collect(),
    };
    let chain = chain.into_iter().map(|hop| hop.map(|address| address.to_canonical()));
    let mut client = peer;
    for hop in chain.rev() {
        match hop {
            Some(address) => client = address,
            // Obfuscated or broken: nothing before it can be believed.
            None => break,
        }
        if !is_trusted(client, trusted) {
            break;
        }
    }
    client
}

/// Whether the client spoke TLS: to us, or to a trusted proxy that says so.
pub(crate) fn client_transport(peer: &Peer, headers: &HeaderMap, trusted: &[IpNet]) -> Transport {
    let claimed =
        || headers.get(X_FORWARDED_PROTO).is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"https"));
    if peer.transport == Transport::Tls || (is_trusted(peer.address, trusted) && claimed()) {
        Transport::Tls
    } else {
        Transport::Plain
    }
}

/// Tells the upstream who the client is, in every form that is in use, and removes what anybody else claimed.
pub fn set_forwarded(
    headers: &mut HeaderMap,
    client: IpAddr,
    peer: &Peer,
    transport: Transport,
    gateway: &Gateway,
) {
    let is_proxy = is_trusted(peer.address, &gateway.trusted_proxies);
    let keeps = |name: &str| is_proxy && gateway.keep_forwarded.iter().any(|kept| kept.name() == name);
    remove_headers(headers, |name| CLAIMS.contains(&name) && !keeps(name));
    let scheme = match transport {
        Transport::Tls => "https",
        Transport::Plain => "http",
    };
    // A proxy may add a line of its own (HAProxy does): they are one list.
    let earlier = || list(headers, &X_FORWARDED_FOR).filter(|hop| !hop.is_empty()).collect::<Vec<_>>();
    let chain = match if is_proxy { earlier() } else { Vec::new() } {
        none if none.is_empty() => value(format_args!("{}", peer.address)),
        earlier => value(format_args!("{}, {}", earlier.join(", "), peer.address)),
    };
    let claimed = headers.get(X_FORWARDED_HOST).filter(|_| keeps(X_FORWARDED_HOST.as_str()));
    let host = claimed.or(headers.get(HOST)).cloned();
    let name = host.as_ref().and_then(|host| host.to_str().ok());
    let (open, close) = if client.is_ipv6() { ("\"[", "]\"") } else { ("", "") };
    let forwarded = match name {
        Some(name) => {
            let is_token = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
            let quote = if is_token { "" } else { "\"" };
            value(format_args!("for={open}{client}{close};proto={scheme};host={quote}{name}{quote}"))
        }
        None => value(format_args!("for={open}{client}{close};proto={scheme}")),
    };
    set(headers, X_FORWARDED_FOR, chain);
    set(headers, X_FORWARDED_PROTO, Some(HeaderValue::from_static(scheme)));
    set(headers, FORWARDED, forwarded);
    set(headers, X_FORWARDED_HOST, host);
}

/// A header value, written once into the bytes that it keeps.
fn value(text: fmt::Arguments<'_>) -> Option<HeaderValue> {
    const USUAL: usize = 96;
    let mut bytes = BytesMut::with_capacity(USUAL);
    bytes.write_fmt(text).ok()?;
    HeaderValue::from_maybe_shared(bytes.freeze()).ok()
}

/// Sets a header, or removes the client's when there is no value.
fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    match value {
        Some(value) => drop(headers.insert(name, value)),
        None => drop(headers.remove(name)),
    }
}

/// Whether an address is one of a trusted proxy.
pub(crate) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    // A dual-stack socket has IPv4 peers as `::ffff:a.b.c.d`.
    let address = address.to_canonical();
    trusted.iter().any(|network| network.contains(&address))
}

fn list<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    headers.get_all(name).iter().flat_map(|v| v.to_str().unwrap_or("").split(',')).map(str::trim)
}

fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pair = element.split(';').map(str::trim).find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    })?;
    address(pair.trim_matches('"'))
}

/// An address with or without a port, IPv6 in brackets or bare.
fn address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split_once(']').and_then(|(inner, _)| inner.parse().ok());
    }
    text.split_once(':').and_then(|(host, _)| host.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(from: &str, peer: &str, lines: &[(&'static str, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        client_address(peer.parse().unwrap(), &headers, &gateway(from)).to_string()
    }

    fn gateway(settings: &str) -> Gateway {
        let text = format!(
            "[gateway]\nupstream = ['http://127.0.0.1:1']\ntrusted_proxies = ['10.0.0.0/8']\n{settings}"
        );
        policy::load(&policy::Inputs { text: Some(text), ..Default::default() }).unwrap().gateway
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let xff = |peer, value| client("", peer, &[("x-forwarded-for", value)]);
        assert_eq!(xff("192.0.2.1", "198.51.100.7"), "192.0.2.1");
        assert_eq!(xff("10.0.0.1", "198.51.100.7"), "198.51.100.7");
        assert_eq!(xff("::ffff:10.0.0.1", "::ffff:198.51.100.7"), "198.51.100.7");
        assert_eq!(xff("::ffff:192.0.2.1", "198.51.100.7"), "192.0.2.1");
        assert_eq!(xff("10.0.0.1", "6.6.6.6, 198.51.100.7, 10.0.0.2"), "198.51.100.7");
        assert_eq!(xff("10.0.0.1", "6.6.6.6, unknown"), "10.0.0.1");
    }

    #[test]
    fn only_the_header_that_proxies_write_is_believed() {
        let both = [
            ("forwarded", "for=6.6.6.6, for=\"[2001:db8::7]:99\";proto=https"),
            ("x-forwarded-for", "198.51.100.7"),
        ];
        assert_eq!(client("", "10.0.0.1", &both), "198.51.100.7");
        assert_eq!(client("", "10.0.0.1", &both[..1]), "10.0.0.1");
        let from = "client_address_from = 'forwarded'";
        assert_eq!(client(from, "10.0.0.1", &both), "2001:db8::7");
        assert_eq!(client(from, "10.0.0.1", &both[1..]), "10.0.0.1");
    }

    #[test]
    fn every_line_of_the_chain_is_kept() {
        let mut headers = HeaderMap::new();
        for line in ["6.6.6.6", "198.51.100.7, 10.0.0.2"] {
            headers.append(X_FORWARDED_FOR, line.parse().unwrap());
        }
        let peer =
            Peer { address: "10.0.0.1".parse().unwrap(), transport: Transport::Plain, violation: None };
        let gateway = gateway("");
        set_forwarded(&mut headers, peer.address, &peer, Transport::Plain, &gateway);
        assert_eq!(headers["x-forwarded-for"], "6.6.6.6, 198.51.100.7, 10.0.0.2, 10.0.0.1");
    }

    #[test]
    fn what_strangers_claim_is_gone() {
        let mut headers = HeaderMap::new();
        for name in ["x-forwarded-for", "forwarded", "x-real-ip", "x-original-url", "x-forwarded-host"] {
            headers.insert(name, HeaderValue::from_static("127.0.0.1"));
        }
        headers.insert(HOST, HeaderValue::from_static("shop.example"));
        let peer = Peer { address: "192.0.2.1".parse().unwrap(), transport: Transport::Tls, violation: None };
        set_forwarded(&mut headers, peer.address, &peer, Transport::Tls, &gateway(""));
        assert_eq!(headers["x-forwarded-for"], "192.0.2.1");
        assert_eq!(headers["forwarded"], "for=192.0.2.1;proto=https;host=shop.example");
        assert_eq!(headers["x-forwarded-host"], "shop.example");
        assert!(!headers.contains_key("x-real-ip") && !headers.contains_key("x-original-url"));
    }

    #[test]
    fn a_trusted_proxy_says_what_the_policy_lets_it_say() {
        let claims = [
            ("x-forwarded-host", "shop.example"),
            ("x-forwarded-port", "8443"),
            ("x-forwarded-prefix", "/shop"),
            ("x-real-ip", "127.0.0.1"),
        ];
        let all = "keep_forwarded = ['x-forwarded-host', 'x-forwarded-port', 'x-forwarded-prefix']";
        for (settings, peer, expected) in [
            ("", "10.0.0.1", [Some("own.example"), None, None, None]),
            (all, "10.0.0.1", [Some("shop.example"), Some("8443"), Some("/shop"), None]),
            (
                "keep_forwarded = ['x-forwarded-prefix']",
                "10.0.0.1",
                [Some("own.example"), None, Some("/shop"), None],
            ),
            (all, "192.0.2.1", [Some("own.example"), None, None, None]),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("own.example"));
            for (name, value) in claims {
                headers.insert(name, HeaderValue::from_static(value));
            }
            let peer = Peer { address: peer.parse().unwrap(), transport: Transport::Tls, violation: None };
            set_forwarded(&mut headers, peer.address, &peer, Transport::Tls, &gateway(settings));
            let kept = claims.map(|(name, _)| headers.get(name).map(|value| value.to_str().unwrap()));
            assert_eq!(kept, expected, "{settings} {}", peer.address);
            let host = expected[0].unwrap();
            assert!(headers["forwarded"].to_str().unwrap().ends_with(&format!("host={host}")));
        }
    }
}
