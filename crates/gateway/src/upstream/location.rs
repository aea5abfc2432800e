//! Redirects of an upstream as its client can follow them: one to its own host, which a client does not know, leads to the
//! host that the client asked for, and a path has what a route strips before it.

use http::header::{CONTENT_LOCATION, HeaderValue, LOCATION};
use http::{HeaderMap, HeaderName, Uri};
use policy::{Endpoint, Upstream};

/// The beginning of the client's URL, as the forwarding headers for the upstream say it.
pub(super) fn origin(headers: &HeaderMap) -> Option<String> {
    let header = |name: &'static str| headers.get(HeaderName::from_static(name))?.to_str().ok();
    Some(format!("{}://{}", header("x-forwarded-proto")?, header("x-forwarded-host")?))
}

/// Rewrites the URLs that begin with the upstream's own, and paths. `origin` is that of the client, where it is known;
/// `prefix` is what the upstream did not get of the path.
pub(super) fn rewrite(headers: &mut HeaderMap, upstream: &Upstream, origin: Option<&str>, prefix: &str) {
    for name in [LOCATION, CONTENT_LOCATION] {
        if let Some(value) = headers.get(&name).and_then(|value| rewritten(value, upstream, origin, prefix)) {
            headers.insert(name, value);
        }
    }
}

fn rewritten(
    value: &HeaderValue,
    upstream: &Upstream,
    origin: Option<&str>,
    prefix: &str,
) -> Option<HeaderValue> {
    let path = value.as_bytes();
    if path.starts_with(b"/") && !path.starts_with(b"//") {
        let changed = [prefix.as_bytes(), path].concat();
        return HeaderValue::from_bytes(&changed).ok().filter(|_| !prefix.is_empty());
    }
    let origin = origin?;
    let Endpoint::Tcp { tls, authority, port } = &upstream.endpoint else { return None };
    let text = value.to_str().ok()?;
    let uri: Uri = text.parse().ok()?;
    let (scheme, to) = (uri.scheme_str()?, uri.authority()?);
    let default = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let is_own = (scheme == "https") == *tls
        && to.host().eq_ignore_ascii_case(authority.host())
        && to.port_u16().unwrap_or(default) == *port
        && !to.as_str().contains('@');
    // The rest as it is written, with a fragment, which `Uri` leaves out.
    let rest = text.get(scheme.len() + "://".len() + to.as_str().len()..).filter(|_| is_own)?;
    HeaderValue::from_str(&format!("{origin}{prefix}{rest}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leads_to_the_upstream_itself_is_rewritten() {
        let upstream: Upstream = "http://api.internal:3000".parse().unwrap();
        for (location, expected) in [
            ("http://api.internal:3000/a?b=c#d", "https://shop.example/a?b=c#d"),
            ("http://API.internal:3000", "https://shop.example"),
            ("http://api.internal/a", "http://api.internal/a"),
            ("https://api.internal:3000/a", "https://api.internal:3000/a"),
            ("http://api.internal:3000@elsewhere.example/", "http://api.internal:3000@elsewhere.example/"),
            ("http://me@api.internal:3000/", "http://me@api.internal:3000/"),
            ("http://elsewhere.example/", "http://elsewhere.example/"),
            ("/a", "/a"),
        ] {
            let mut headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(location))]);
            rewrite(&mut headers, &upstream, Some("https://shop.example"), "");
            assert_eq!(headers[LOCATION], expected);
        }
    }

    #[test]
    fn what_a_route_strips_stands_before_the_path_again() {
        let upstream: Upstream = "http://api.internal:3000".parse().unwrap();
        for (location, expected) in [
            ("/7?a=b", "/orders/7?a=b"),
            ("http://api.internal:3000/7", "https://shop.example/orders/7"),
            ("http://elsewhere.example/7", "http://elsewhere.example/7"),
            ("//elsewhere.example/7", "//elsewhere.example/7"),
            ("7", "7"),
        ] {
            let mut headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(location))]);
            rewrite(&mut headers, &upstream, Some("https://shop.example"), "/orders");
            assert_eq!(headers[LOCATION], expected);
        }
    }
}
