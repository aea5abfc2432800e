//! Addresses that no server follows although they are its own machine's: a client says where it runs itself, or names a
//! resource of the server that it asks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::Method;
use http::header::HOST;
use inputs::ParsedBody;

use super::fragments::base;
use crate::exchange::Exchange;

/// Where a browser is sent back to. Native applications wait for it on the loopback (RFC 8252 §7.3, RFC 7591 §2).
const REDIRECTS: [&str; 4] =
    ["redirect_uri", "redirect_uris", "post_logout_redirect_uri", "post_logout_redirect_uris"];
/// The page that a browser shows, as trackers send it.
const PAGES: [&str; 3] = ["page", "referrer", "referer"];

/// Whether a value is an address on the client's own machine, in a field that says where the client is: a redirection, an
/// origin, or the root of a site.
pub(super) fn is_of_client(name: &str, value: &[u8]) -> bool {
    let Some((_, path)) = on_loopback(value) else { return false };
    match base(name) {
        "origin" => path.is_empty(),
        name if PAGES.contains(&name) => matches!(path, b"" | b"/"),
        name => REDIRECTS.contains(&name),
    }
}

/// The path of a `Destination` that is on this server, as the request's `Host` names it (RFC 4918 §10.3).
pub(super) fn own_destination<'v>(x: &Exchange<'_>, name: &str, value: &'v [u8]) -> Option<&'v [u8]> {
    let moves = || matches!(x.method.as_str(), "MOVE" | "COPY");
    if name != "destination" || !moves() {
        return None;
    }
    let (authority, path) = split(value).filter(|(authority, _)| is_near(authority))?;
    x.header(HOST)?.as_bytes().eq_ignore_ascii_case(authority).then_some(path)
}

/// The authority of this server, if a body is the document of a package that npm publishes to it.
pub(super) fn registry<'x>(x: &'x Exchange<'_>, body: &ParsedBody) -> Option<&'x [u8]> {
    let ParsedBody::Json(document) = body else { return None };
    let has = |name: &str| document.get(name).is_some_and(serde_json::Value::is_object);
    let is_published = x.method == Method::PUT && has("versions") && has("dist-tags");
    x.headers.get(HOST).map(|host| host.as_bytes()).filter(|host| is_published && is_near(host))
}

/// The path of a package's file in its registry. It says where the file will be; a registry follows it nowhere.
pub(super) fn own_file<'v>(registry: &[u8], name: &str, value: &'v [u8]) -> Option<&'v [u8]> {
    let rest = without_scheme(value).filter(|_| name == "tarball")?;
    let (authority, path) = rest.split_at_checked(registry.len())?;
    // A scoped package has an `@` in its path.
    let is_path = path.starts_with(b"/") && path.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'\\');
    (is_path && registry.eq_ignore_ascii_case(authority)).then_some(path)
}

/// Whether an authority is one of a server that people run at home or in an office: the loopback, or a private address as
/// everybody writes it. Those of clouds' metadata (link-local) are not.
fn is_near(authority: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(authority) else { return false };
    let is_private = |address: &SocketAddr| match address.ip().to_canonical() {
        IpAddr::V4(v4) => v4.is_private() || v4 == Ipv4Addr::LOCALHOST,
        IpAddr::V6(v6) => v6.is_unique_local() || v6 == Ipv6Addr::LOCALHOST,
    };
    let with_port = || format!("{text}:80").parse().ok();
    on_loopback(format!("http://{text}").as_bytes()).is_some()
        || text.parse().ok().or_else(with_port).is_some_and(|address| is_private(&address))
}

/// Authority and the rest of a URL on the loopback, written in the one way that everybody reads alike. No other internal
/// address is a client's.
pub(super) fn on_loopback(value: &[u8]) -> Option<(&[u8], &[u8])> {
    const HOSTS: [&[u8]; 3] = [b"localhost", b"127.0.0.1", b"[::1]"];
    let (authority, path) = split(value)?;
    let host = HOSTS
        .into_iter()
        .find(|host| authority.get(..host.len()).is_some_and(|own| own.eq_ignore_ascii_case(host)))?;
    let is_port = match authority.get(host.len()..)? {
        [] => true,
        [b':', port @ ..] => (1..=5).contains(&port.len()) && port.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    is_port.then_some((authority, path))
}

/// Authority and the rest of an HTTP URL without characters that change which is which.
fn split(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = without_scheme(value)?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'@');
    rest.iter().all(is_plain).then(|| rest.split_at_checked(end)).flatten()
}

fn without_scheme(value: &[u8]) -> Option<&[u8]> {
    let after = |prefix: &[u8]| {
        value.split_at_checked(prefix.len()).filter(|(start, _)| start.eq_ignore_ascii_case(prefix))
    };
    after(b"http://").or_else(|| after(b"https://")).map(|(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_at_home_has_a_private_address() {
        for near in [
            "localhost",
            "localhost:8080",
            "192.168.1.5",
            "10.0.0.1:81",
            "[fd00::1]:80",
            "[::1]",
            "172.16.0.9",
        ] {
            assert!(is_near(near.as_bytes()), "{near}");
        }
        for other in [
            "169.254.169.254",
            "[fe80::1]",
            "192.168.1",
            "0.0.0.0",
            "3232235777",
            "127.1",
            "metadata",
            "[::ffff:169.254.169.254]",
        ] {
            assert!(!is_near(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_file_in_the_registry_is_its_path() {
        let own = |url: &str| {
            let path = own_file(b"127.0.0.1:4873", "tarball", url.as_bytes());
            path.map(|path| String::from_utf8_lossy(path).into_owned())
        };
        assert_eq!(own("http://127.0.0.1:4873/@mine/a/-/a-1.tgz").as_deref(), Some("/@mine/a/-/a-1.tgz"));
        for other in [
            "http://127.0.0.1:48731/a",
            "http://127.0.0.1:4873@10.0.0.1/a",
            "http://127.0.0.1:4873\\@10.0.0.1/a",
            "http://127.0.0.1:4873?@10.0.0.1/a",
            "http://127.0.0.1:4873",
            "http://127.0.0.1/a",
            "gopher://127.0.0.1:4873/a",
            "http://a@127.0.0.1:4873/a",
            "http://127.0.0.1:4873/a\\b",
        ] {
            assert_eq!(own(other), None, "{other}");
        }
        assert_eq!(own_file(b"localhost", "url", b"http://localhost/a"), None);
    }

    #[test]
    fn clients_name_their_own_machine_where_they_say_where_they_are() {
        for (name, value) in [
            ("redirect_uri", "http://127.0.0.1:55570/callback/x1?a=b"),
            ("redirect_uri", "http://localhost:4200"),
            ("redirect_uris", "http://[::1]:61023/cb"),
            ("redirect_uris[0]", "HTTP://LocalHost/cb"),
            ("post_logout_redirect_uri", "https://localhost/"),
            ("origin", "http://localhost"),
            ("origin", "http://localhost:3000"),
            ("page", "http://localhost:5173/"),
            ("referrer", "http://127.0.0.1:8080"),
        ] {
            assert!(is_of_client(name, value.as_bytes()), "{name}={value}");
        }
        for (name, value) in [
            ("url", "http://localhost:4200"),
            ("callback", "http://127.0.0.1/"),
            ("webhook", "http://localhost/"),
            ("image", "http://localhost/a.png"),
            ("redirect_uri", "http://169.254.169.254/latest"),
            ("redirect_uri", "http://10.0.0.1/cb"),
            ("redirect_uri", "http://192.168.1.1/cb"),
            ("redirect_uri", "http://127.0.0.1:80@10.0.0.1/"),
            ("redirect_uri", "http://127.0.0.1\\@10.0.0.1/"),
            ("redirect_uri", "http://localhost.evil.test/"),
            ("redirect_uri", "http://localhost?@10.0.0.1/"),
            ("redirect_uri", "http://127.1/cb"),
            ("redirect_uri", "http://2130706433/cb"),
            ("redirect_uri", "http://localhost:/cb"),
            ("redirect_uri", "http://localhost:123456/cb"),
            ("redirect_uri", "gopher://127.0.0.1/_"),
            ("redirect_uri", "//127.0.0.1/"),
            ("origin", "http://localhost/admin"),
            ("page", "http://localhost:5173/admin"),
            ("page", "http://localhost:5173/?x"),
            ("page", "http://10.0.0.1/"),
        ] {
            assert!(!is_of_client(name, value.as_bytes()), "{name}={value}");
        }
    }
}
