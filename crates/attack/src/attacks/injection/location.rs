//! Where a redirect leads, as a browser reads it (URL §4.4), and which slots say so.

use crate::probe::Answer;
use crate::surface::shape::fold;

/// The host that a redirect leads to; `None` where it stays on the site, or is no redirect.
pub(super) fn host_of(answer: &Answer, is_tls: bool) -> Option<String> {
    let is_redirect = answer.status.is_redirection();
    let location = answer.header("location").filter(|_| is_redirect).map(str::to_owned);
    // `Refresh: 0; url=…` leads away from any answer.
    let refresh = || {
        let (_, target) = answer.header("refresh")?.split_once('=')?;
        Some(target.trim().trim_matches(['"', '\'']).to_owned())
    };
    host_in(&location.or_else(refresh)?, is_tls)
}

/// The host of a reference, resolved against a page of the site.
fn host_in(reference: &str, is_tls: bool) -> Option<String> {
    let plain: String = reference.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let plain = plain.trim_matches(|c: char| c <= ' ').replace('\\', "/");
    let small = plain.to_ascii_lowercase();
    let behind = |scheme: &str, is_own: bool| {
        let rest = small.strip_prefix(scheme)?;
        // With the scheme of the page and without two slashes, it is a path.
        (!is_own || rest.starts_with("//")).then(|| rest.trim_start_matches('/').to_owned())
    };
    let rest = behind("https:", is_tls)
        .or_else(|| behind("http:", !is_tls))
        .or_else(|| small.starts_with("//").then(|| small.trim_start_matches('/').to_owned()))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = host
        .rsplit_once(':')
        .filter(|(_, port)| port.chars().all(|c| c.is_ascii_digit()))
        .map_or(host, |(host, _)| host);
    Some(host.to_owned()).filter(|host| !host.is_empty())
}

/// Whether a name says where somebody is sent next.
pub(super) fn is_target_name(name: &str) -> bool {
    let name = fold(name);
    let whole = [
        "next",
        "to",
        "url",
        "uri",
        "goto",
        "go",
        "target",
        "dest",
        "destination",
        "continue",
        "return",
        "back",
        "out",
        "link",
        "forward",
        "redir",
        "rurl",
        "callback",
        "relaystate",
        "referer",
        "referrer",
        "from",
        "page",
        "path",
        "location",
        "service",
    ];
    let parts = [
        "redirect",
        "return",
        "continue",
        "nexturl",
        "successurl",
        "cancelurl",
        "backurl",
        "targeturl",
        "callbackurl",
    ];
    whole.contains(&name.as_str()) || parts.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_resolved_as_browsers_do() {
        for (reference, is_tls, expected) in [
            ("https://evil.example/a", true, Some("evil.example")),
            ("//evil.example", false, Some("evil.example")),
            ("/\\evil.example", false, Some("evil.example")),
            ("\\\\evil.example", false, Some("evil.example")),
            ("/\t/evil.example", false, Some("evil.example")),
            ("https:evil.example", false, Some("evil.example")),
            ("https:evil.example", true, None),
            ("http:///evil.example/", true, Some("evil.example")),
            ("https://shop.example@evil.example:80/", true, Some("evil.example")),
            ("/evil.example", false, None),
            ("/login?next=https://evil.example", false, None),
            ("evil.example", false, None),
            ("", false, None),
        ] {
            assert_eq!(host_in(reference, is_tls).as_deref(), expected, "{reference}");
        }
    }

    #[test]
    fn names_say_where_to_go_next() {
        for (name, expected) in [
            ("next", true),
            ("redirect_uri", true),
            ("returnTo", true),
            ("q", false),
            ("title", false),
            ("total", false),
        ] {
            assert_eq!(is_target_name(name), expected, "{name}");
        }
    }
}
