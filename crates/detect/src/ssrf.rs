//! Requests to where only the server gets: addresses within its network, its cloud's metadata, schemes of other protocols.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::bytes::{self, begins, has};
use crate::{Confidence, Found, Text};

/// Schemes that make a client speak another protocol, or read a file.
const SCHEMES: &[&str] = &[
    "gopher:",
    "dict:",
    "tftp:",
    "ldap:",
    "ldaps:",
    "ldapi:",
    "jar:http",
    "jar:file",
    "netdoc:",
    "sftp:",
    "smb:",
    "url:http",
    "local_file:",
    "local-file:",
];

/// Names that resolve to addresses of the client's choice, or to its own.
const REBINDING: &[&str] = &[
    "nip.io",
    "xip.io",
    "sslip.io",
    "localtest.me",
    "lvh.me",
    "vcap.me",
    "lacolhost.com",
    "rbndr.us",
    "1u.ms",
    "burpcollaborator.net",
    "oastify.com",
    "interact.sh",
    "oast.pro",
    "oast.fun",
];

/// Judges one reading.
pub(crate) fn detect(text: &Text<'_>) -> Found {
    let value = text.bytes.trim_ascii();
    // `http://1.1.1.1 &@127.0.0.1#` is read in as many ways as there are parsers.
    if value.contains(&b' ') && !has(value, "&@") || value.len() < 4 {
        return None;
    }
    if let Some(scheme) = SCHEMES.iter().find(|scheme| begins(value, scheme)) {
        return value[scheme.len()..]
            .contains(&b'/')
            .then_some((Confidence::High, "a URL of a scheme that no page is fetched by"));
    }
    // `url=http://127.0.0.1`.
    let named = bytes::name(value).len();
    let value =
        value.get(named..).and_then(|rest| rest.strip_prefix(b"=")).filter(|_| named > 0).unwrap_or(value);
    let (scheme, rest) = split(value)?;
    hosts(rest).find_map(|host| internal(scheme, host))
}

/// The scheme of a URL, and what is behind its slashes, of which clients take any number, and either kind.
fn split(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let slashes = |rest: &[u8]| rest.iter().take_while(|b| matches!(b, b'/' | b'\\' | b' ' | b'\t')).count();
    if value.starts_with(b"//") {
        return Some((b"", &value[2..]));
    }
    let at = memchr::memchr(b':', &value[..value.len().min(24)])?;
    let (scheme, rest) = (&value[..at], &value[at + 1..]);
    let known = [&b"http"[..], b"https", b"ftp"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let named = !scheme.is_empty() && scheme.iter().all(u8::is_ascii_alphanumeric);
    (known || named && rest.starts_with(b"//")).then(|| (scheme, &rest[slashes(rest)..]))
}

/// What one parser or another takes for the host: up to what ends it, and behind each `@`.
fn hosts(rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = memchr::memchr(b'/', rest).unwrap_or(rest.len());
    // Nobody has so many names.
    rest[..end].split(|b| *b == b'@').take(8).map(|piece| match piece {
        [b'[', inside @ ..] => inside.split(|b| matches!(b, b']' | b'%')).next().unwrap_or(inside),
        piece => {
            let ends = |b: &u8| matches!(b, b':' | b'?' | b'#' | b'\\' | 0..=b' ');
            piece.split(ends).next().unwrap_or(piece)
        }
    })
}

/// Whether a host is one that only the server gets to.
fn internal(scheme: &[u8], host: &[u8]) -> Found {
    let host = folded(host);
    let host = host.strip_suffix(".").unwrap_or(&host);
    let high = |reason| Some((Confidence::High, reason));
    if [
        "metadata.google.internal",
        "metadata",
        "instance-data",
        "metadata.azure.com",
        "metadata.packet.net",
        "metadata.tencentyun.com",
        "kubernetes.default.svc",
    ]
    .contains(&host)
        || host.ends_with(".internal")
    {
        return high("the metadata of a cloud");
    }
    // Names that only resolvers within know (RFC 6762, RFC 8375 and what routers and clusters use).
    const WITHIN: &[&str] =
        &[".local", ".lan", ".home.arpa", ".intranet", ".corp", ".consul", ".localdomain", ".svc"];
    let of_web = [&b"http"[..], b"https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let is_within =
        WITHIN.iter().any(|ending| host.ends_with(ending)) || ["intranet", "internal"].contains(&host);
    if of_web && is_within {
        return high("a name of the server's network");
    }
    if host == "localhost"
        || host.ends_with(".localhost")
        || host == "localhost.localdomain"
        || host == "ip6-localhost"
    {
        let fetched = scheme.is_empty()
            || [&b"http"[..], b"https", b"ftp"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
        return fetched.then_some((Confidence::High, "the server itself"));
    }
    if REBINDING
        .iter()
        .any(|name| host.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.')))
    {
        return high("a name that resolves to what the client likes");
    }
    let address = host.parse::<IpAddr>().ok().or_else(|| number_address(host).map(IpAddr::V4))?;
    let unusual = host.parse::<Ipv4Addr>().is_err() && address.is_ipv4();
    (is_internal(address) || unusual).then_some((Confidence::High, "an address within the server's network"))
}

/// A host in ASCII and lower case: enclosed and full-width letters and digits are what they enclose.
fn folded(host: &[u8]) -> String {
    String::from_utf8_lossy(host)
        .chars()
        .map(|c| match u32::from(c) {
            code @ 0x2460..=0x2468 => char::from(b'1' + (code - 0x2460) as u8),
            0x24ea => '0',
            code @ 0x24d0..=0x24e9 => char::from(b'a' + (code - 0x24d0) as u8),
            code @ 0x24b6..=0x24cf => char::from(b'a' + (code - 0x24b6) as u8),
            code @ 0xff10..=0xff19 => char::from(b'0' + (code - 0xff10) as u8),
            code @ 0xff41..=0xff5a => char::from(b'a' + (code - 0xff41) as u8),
            0x3002 | 0xff0e | 0xff61 => '.',
            _ => c.to_ascii_lowercase(),
        })
        .collect()
}

/// `2130706433`, `0x7f.1`, `0177.0.0.1`: what C's `inet_aton` reads.
fn number_address(host: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u64> = host.split('.').map(number).collect::<Option<_>>()?;
    let (last, first) = parts.split_last()?;
    if first.len() > 3 || first.iter().any(|part| *part > 255) {
        return None;
    }
    let room = 8 * (4 - first.len() as u32);
    if *last >= 1u64 << room {
        return None;
    }
    let upper = first.iter().enumerate().fold(0u64, |value, (at, part)| value | part << (24 - 8 * at));
    Some(Ipv4Addr::from((upper | last) as u32))
}

fn number(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().next()?.is_ascii_digit() {
        return None;
    }
    match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => u64::from_str_radix(&text[1..], 8).ok(),
        None => text.parse().ok(),
    }
}

fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_internal_v4(address),
        IpAddr::V6(address) => {
            let embedded = address.to_ipv4_mapped().or_else(|| address.to_ipv4());
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || embedded.is_some_and(is_internal_v4)
                || is_translated(address)
        }
    }
}

/// `64:ff9b::` (RFC 6052) and 6to4, with an internal address in them.
fn is_translated(address: Ipv6Addr) -> bool {
    let s = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    (s[0] == 0x64 && s[1] == 0xff9b && is_internal_v4(v4(s[6], s[7])))
        || (s[0] == 0x2002 && is_internal_v4(v4(s[1], s[2])))
}

fn is_internal_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b))
        || address.is_broadcast()
        || (a == 192 && b == 0)
}
