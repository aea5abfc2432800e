//! Server-side request forgery: URLs of internal addresses, of cloud metadata services, and of other protocols.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::bytes::{self, begins, cut, has, head, is_one_of, tail};
use crate::candidate::{Candidate, Found};
use crate::confidence::Confidence;

/// Schemes with which a client speaks another protocol or reads a file.
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

/// Domains whose names resolve to any address the attacker chooses, or that report who looked them up.
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

/// Inspects one variant.
pub(crate) fn detect(candidate: &Candidate<'_>) -> Found {
    let value = candidate.bytes.trim_ascii();
    // `http://1.1.1.1 &@127.0.0.1#`: URL parsers disagree about the host.
    if value.contains(&b' ') && !has(value, "&@") || value.len() < 4 {
        return None;
    }
    if let Some(scheme) = SCHEMES.iter().find(|scheme| begins(value, scheme)) {
        return tail(value, scheme.len())
            .contains(&b'/')
            .then_some((Confidence::High, "a URL with a scheme other than the web's"));
    }
    // `url=http://127.0.0.1`.
    let named = bytes::name(value).len();
    let value =
        value.get(named..).and_then(|rest| rest.strip_prefix(b"=")).filter(|_| named > 0).unwrap_or(value);
    let (scheme, rest) = split(value)?;
    hosts(rest).find_map(|host| internal(scheme, host))
}

/// Splits a URL into its scheme and the rest behind the slashes; clients accept any number of them, and backslashes.
fn split(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let slashes = |rest: &[u8]| rest.iter().take_while(|b| matches!(b, b'/' | b'\\' | b' ' | b'\t')).count();
    if let Some(rest) = value.strip_prefix(b"//") {
        return Some((b"", rest));
    }
    let (scheme, rest) = cut(value, memchr::memchr(b':', head(value, 24))?);
    let rest = tail(rest, 1);
    let known = is_one_of(scheme, &["http", "https", "ftp"]);
    let named = !scheme.is_empty() && scheme.iter().all(u8::is_ascii_alphanumeric);
    (known || named && rest.starts_with(b"//")).then(|| (scheme, tail(rest, slashes(rest))))
}

/// Every part that some parser takes for the host: from the start and from each `@`, up to any terminator.
fn hosts(rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    /// Honest URLs have one or two.
    const MAX_HOSTS: usize = 8;
    let authority = head(rest, memchr::memchr(b'/', rest).unwrap_or(rest.len()));
    authority.split(|b| *b == b'@').take(MAX_HOSTS).map(|piece| match piece {
        [b'[', inside @ ..] => inside.split(|b| matches!(b, b']' | b'%')).next().unwrap_or(inside),
        piece => {
            let ends = |b: &u8| matches!(b, b':' | b'?' | b'#' | b'\\' | 0..=b' ');
            piece.split(ends).next().unwrap_or(piece)
        }
    })
}

/// Whether a host is reachable only from inside.
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
        return high("the metadata service of a cloud");
    }
    // Names that only internal resolvers know (RFC 6762, RFC 8375, routers and clusters).
    const INTERNAL: &[&str] =
        &[".local", ".lan", ".home.arpa", ".intranet", ".corp", ".consul", ".localdomain", ".svc"];
    let is_web = is_one_of(scheme, &["http", "https"]);
    let is_internal_name =
        INTERNAL.iter().any(|ending| host.ends_with(ending)) || ["intranet", "internal"].contains(&host);
    if is_web && is_internal_name {
        return high("a host name of an internal network");
    }
    if host == "localhost"
        || host.ends_with(".localhost")
        || host == "localhost.localdomain"
        || host == "ip6-localhost"
    {
        return is_one_of(scheme, &["", "http", "https", "ftp"])
            .then_some((Confidence::High, "the server's loopback address"));
    }
    if REBINDING
        .iter()
        .any(|name| host.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.')))
    {
        return high("a host name that resolves to any address the client chooses");
    }
    let address = host.parse::<IpAddr>().ok().or_else(|| number_address(host).map(IpAddr::V4))?;
    let unusual = host.parse::<Ipv4Addr>().is_err() && address.is_ipv4();
    (is_internal(address) || unusual).then_some((Confidence::High, "an internal address"))
}

/// The host in lower-case ASCII, with enclosed and full-width letters and digits folded (UTS #46).
fn folded(host: &[u8]) -> String {
    let nth =
        |first: char, code: u32, base: u32| char::from_u32(u32::from(first) + code - base).unwrap_or(first);
    String::from_utf8_lossy(host)
        .chars()
        .map(|c| match u32::from(c) {
            code @ 0x2460..=0x2468 => nth('1', code, 0x2460),
            0x24ea => '0',
            code @ 0x24d0..=0x24e9 => nth('a', code, 0x24d0),
            code @ 0x24b6..=0x24cf => nth('a', code, 0x24b6),
            code @ 0xff10..=0xff19 => nth('0', code, 0xff10),
            code @ 0xff41..=0xff5a => nth('a', code, 0xff41),
            0x3002 | 0xff0e | 0xff61 => '.',
            _ => c.to_ascii_lowercase(),
        })
        .collect()
}

/// `2130706433`, `0x7f.1`, `0177.0.0.1`: the forms that C's `inet_aton` accepts.
fn number_address(host: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u64> = host.split('.').map(number).collect::<Option<_>>()?;
    let (last, first) = parts.split_last()?;
    if first.len() > 3 || first.iter().any(|part| *part > 255) {
        return None;
    }
    // The last part fills all bytes that the others leave.
    if *last >= 1 << (8 * (4 - first.len())) {
        return None;
    }
    let upper = first.iter().enumerate().fold(0, |value, (at, part)| value | part << (24 - 8 * at));
    u32::try_from(upper | last).ok().map(Ipv4Addr::from)
}

fn number(text: &str) -> Option<u64> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let hex = text.strip_prefix("0x").or(text.strip_prefix("0X"));
    let octal = text.strip_prefix('0').filter(|digits| !digits.is_empty());
    match (hex, octal) {
        (Some(digits), _) => u64::from_str_radix(digits, 16).ok(),
        (None, Some(digits)) => u64::from_str_radix(digits, 8).ok(),
        (None, None) => text.parse().ok(),
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

/// NAT64 (`64:ff9b::`, RFC 6052) and 6to4 (RFC 3056) addresses that embed an internal one.
fn is_translated(address: Ipv6Addr) -> bool {
    let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0x64, 0xff9b, .., high, low] => is_internal_v4(v4(high, low)),
        [0x2002, high, low, ..] => is_internal_v4(v4(high, low)),
        _ => false,
    }
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

#[cfg(test)]
mod tests {
    use crate::Class::Ssrf;
    use crate::Confidence::*;
    use crate::testing::{finds, passes};

    #[test]
    fn attacks_are_found() {
        finds(
            Ssrf,
            High,
            &[
                "http://127.0.0.1/",
                "http://169.254.169.254/latest/meta-data/",
                "http://10.1.2.3:8080",
                "http://2130706433/",
                "http://0x7f.1/",
                "http://0177.0.0.1/",
                "http://127.1/",
                "http://[::1]/",
                "http://[::ffff:10.0.0.1]/",
                "http://[64:ff9b::a00:1]/",
                "http://[2002:a00:1::]/",
                "http://localhost:6379",
                "http://a.internal/",
                "http://printer.local/",
                "http://10.0.0.1.nip.io/",
                "http://example.com@127.0.0.1/",
                "http:\\\\127.0.0.1",
                "//127.0.0.1/x",
                "gopher://x/_",
                "url=http://127.0.0.1",
                "http://\u{ff11}27.0.0.1/",
                "jar:http://x/y!/z",
                "http://metadata.google.internal/",
                "http://0/",
            ],
        );
    }

    #[test]
    fn honest_neighbours_pass() {
        passes(
            Ssrf,
            &[
                "https://example.com/a?b=c",
                "http://8.8.8.8/",
                "10.0.0.1",
                "192.168.1.0/24",
                "http://redis:6379",
                "see http://127.0.0.1 for it",
                "mailto:a@example.com",
                "http://999.1.2.3/",
                "ratio 1:2",
                "postgres://localhost/x",
            ],
        );
    }

    #[test]
    fn addresses_are_read_like_inet_aton() {
        for (text, address) in [
            ("2130706433", Some([127, 0, 0, 1])),
            ("0x7f000001", Some([127, 0, 0, 1])),
            ("0177.1", Some([127, 0, 0, 1])),
            ("10.258", Some([10, 0, 1, 2])),
            ("10.1.2", Some([10, 1, 0, 2])),
            ("0", Some([0, 0, 0, 0])),
            ("256.1", None),
            ("1.2.3.256", None),
            ("4294967296", None),
            ("1.2.3.4.5", None),
            ("09.1", None),
            ("a.b", None),
            ("1..2", None),
            ("", None),
        ] {
            assert_eq!(super::number_address(text), address.map(Into::into), "{text}");
        }
    }
}
