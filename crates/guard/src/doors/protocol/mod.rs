//! Protocol: "do the gate and the API read the same request?" ([guide §9])
//!
//! Framing is judged by `wire::framing` before the parser, the target when the exchange is
//! made; this door turns their verdicts into refusals and judges the rest of the head: one host, known methods, no
//! header that means two things.
//!
//! [guide §9]: https://github.com/doorward/doorward/blob/main/docs/guide.md#9-web-application-firewall

#[cfg(feature = "graphql")]
mod graphql;

use std::collections::HashSet;

use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderName, UPGRADE,
};
use http::uri::Authority;
use http::{Method, StatusCode, Version};
use policy::{BuiltInDoor, Policy, UnderscoreHeaders, covers};

use super::Step;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::decision::{Change, Decision, Refusal, Rewrite};
use crate::engine::Engine;
use crate::events::evidence::Evidence;
use crate::events::redact::excerpt;
use crate::exchange::forwarded::is_trusted;
use crate::exchange::{Exchange, host};
#[cfg(feature = "graphql")]
use crate::forward::Reader;

/// Headers that ask a framework to treat the request as another one: past every policy made for this one.
const OVERRIDES: [&str; 4] =
    ["x-http-method-override", "x-http-method", "x-method-override", "x-original-method"];

/// Why there is no one request to be judged: framing or target have no one reading. Refused in every mode, as there
/// is nothing that could be let through.
pub(crate) fn unreadable(x: &Exchange<'_>) -> Option<Refusal> {
    let framing = x.peer.violation.map(|v| Refusal::new(v.status(), v.rule(), v.to_string()));
    framing.or_else(|| x.target_error.map(|e| Refusal::new(StatusCode::BAD_REQUEST, e.rule(), e.to_string())))
}

/// The door.
pub(crate) struct Protocol;

impl super::Door for Protocol {
    fn id(&self) -> DoorId {
        BuiltInDoor::Protocol.into()
    }

    fn judges_by_route(&self) -> bool {
        true
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        admit(x, ruling.engine).into()
    }

    #[cfg(feature = "graphql")]
    fn admit_body<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>, _: &'a Reader) -> Step<'a> {
        // It asks for the same whatever route it is for.
        match x.as_it_came() {
            Some(_) => Step::PASS,
            None => graphql::judge(x, &ruling.engine.policy.protocol.graphql).into(),
        }
    }

    #[cfg(feature = "graphql")]
    fn admit_stream<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        reader: &'a Reader,
    ) -> Step<'a> {
        // What its query asks for.
        self.admit_body(ruling, x, reader)
    }

    #[cfg(feature = "graphql")]
    fn stream_judge(&self, ruling: Ruling<'_>, x: &Exchange<'_>) -> Option<super::StreamJudge> {
        x.as_it_came().is_none().then(|| graphql::of_parts(ruling, x))
    }
}

/// Judges the head.
fn admit(x: &Exchange<'_>, engine: &Engine) -> Decision {
    let refuse = |status, rule, evidence: String| Decision::Refuse(Refusal::new(status, rule, evidence));
    let limits = &engine.policy.protocol;
    if x.target.path().len() + x.target.query().map_or(0, str::len) > limits.max_target.as_usize() {
        return refuse(StatusCode::URI_TOO_LONG, "target-too-long", format!("over {}", limits.max_target));
    }
    // HTTP/2 carries methods that have no one reading in HTTP/1.1: `get`, `GE'T`.
    if !x.method.as_str().bytes().all(|b| b.is_ascii_uppercase() || b == b'-') {
        return refuse(StatusCode::BAD_REQUEST, "method-spelling", excerpt(x.method.as_str().as_bytes()));
    }
    if [Method::CONNECT, Method::TRACE].contains(&x.method) || x.method.as_str() == "TRACK" {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, "method", x.method.to_string());
    }
    if x.route.deny {
        return refuse(StatusCode::NOT_FOUND, "denied-route", "`deny = true`".into());
    }
    let nominated = nominated(x);
    if let Some(name) =
        nominated.iter().find(|name| [HOST, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE].contains(name))
    {
        return refuse(StatusCode::BAD_REQUEST, "connection", format!("Connection: {name}"));
    }
    if let Some(evidence) = host_problem(x) {
        return refuse(StatusCode::BAD_REQUEST, "host", evidence);
    }
    if !is_ours(x, &engine.policy.gateway.hosts) {
        let evidence = excerpt(x.headers.get(HOST).map_or(&b""[..], |host| host.as_bytes()));
        return refuse(StatusCode::MISDIRECTED_REQUEST, "host-unknown", evidence);
    }
    if leads_nowhere(x, &engine.policy) {
        return refuse(StatusCode::NOT_FOUND, "no-upstream", "no route leads to an upstream".into());
    }
    if x.header(EXPECT).is_some_and(|e| !e.eq_ignore_ascii_case("100-continue")) {
        return refuse(
            StatusCode::EXPECTATION_FAILED,
            "expect",
            "an expectation other than 100-continue".into(),
        );
    }
    if x.headers.len() > limits.max_headers {
        return refuse(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "header-count",
            format!("{}", x.headers.len()),
        );
    }
    let by_proxy = is_trusted(x.peer.address, &engine.policy.gateway.trusted_proxies);
    let proxy_only = (!by_proxy).then_some(&engine.policy.proxy_only_headers);
    doubled(x)
        .or_else(|| confusing(x, limits.underscore_headers, proxy_only, nominated))
        .unwrap_or(Decision::Pass)
}

/// The headers that `Connection` names. They are not forwarded, so no door may judge the request by them.
fn nominated(x: &Exchange<'_>) -> Vec<HeaderName> {
    const USUAL: [&str; 9] = [
        "close",
        "keep-alive",
        "upgrade",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "http2-settings",
        "proxy-connection",
    ];
    let fields = x.headers.get_all(CONNECTION).iter();
    let options =
        fields.flat_map(|field| field.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    let is_usual = |option: &[u8]| USUAL.iter().any(|usual| option.eq_ignore_ascii_case(usual.as_bytes()));
    let names = options.filter(|option| !option.is_empty() && !is_usual(option));
    names.filter_map(|name| HeaderName::from_bytes(name).ok()).collect()
}

/// Whether the API answers for the host of a request.
fn is_ours(x: &Exchange<'_>, hosts: &[String]) -> bool {
    if hosts.is_empty() {
        return true;
    }
    host(&x.headers).is_some_and(|host| hosts.iter().any(|known| covers(known, &host)))
}

/// Whether no upstream is there for a request, where there are some for others.
fn leads_nowhere(x: &Exchange<'_>, policy: &Policy) -> bool {
    let gateway = &policy.gateway;
    let is_empty = |group: usize| gateway.groups.get(group).is_none_or(|group| group.upstreams.is_empty());
    gateway.groups.len() > 1
        && x.destination.redirect.is_none()
        && is_empty(x.destination.group)
        && !policy.is_accounts(x.destination.group)
}

/// What is wrong with `Host`, `:authority` or an absolute target.
fn host_problem(x: &Exchange<'_>) -> Option<String> {
    let mut hosts = x.headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Some("more than one Host".into());
    }
    match (host, &x.authority) {
        (None, None) if x.version >= Version::HTTP_11 => Some("no Host".into()),
        (None, _) => None,
        (Some(host), authority) => {
            let Ok(text) = host.to_str() else { return Some("a Host that is not ASCII".into()) };
            if !is_host(text) {
                return Some(format!("Host: {}", excerpt(host.as_bytes())));
            }
            authority.as_ref().filter(|a| !a.as_str().eq_ignore_ascii_case(text)).map(|a| {
                format!("Host {} but authority {}", excerpt(host.as_bytes()), excerpt(a.as_str().as_bytes()))
            })
        }
    }
}

/// A name of letters, digits, dots, dashes and underscores, or an IPv6 address in brackets; and a port. RFC 3986 §3.2.2
/// allows more, which no host has and which means something to those who log or quote it.
fn is_host(text: &str) -> bool {
    let Ok(authority) = text.parse::<Authority>() else { return false };
    let (host, port) = (authority.host(), authority.port_u16());
    let is_name =
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    let is_address = || {
        let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
    };
    // What is left of the text is a port, and nothing else: no user in front, no number too large.
    let rest = text.get(host.len()..).unwrap_or_default();
    let has_port = rest.is_empty() || rest == ":" || (rest.starts_with(':') && port.is_some());
    text.starts_with(host) && has_port && (is_name || is_address())
}

/// Headers of which servers take the first or the last when there are two.
fn doubled(x: &Exchange<'_>) -> Option<Decision> {
    const SINGLE: [&str; 7] = [
        "authorization",
        "content-type",
        "content-length",
        "content-encoding",
        "origin",
        "user-agent",
        "upgrade",
    ];
    let name = SINGLE.into_iter().find(|name| x.headers.get_all(*name).iter().nth(1).is_some())?;
    Some(Decision::Refuse(Refusal::new(StatusCode::BAD_REQUEST, "header-doubled", Evidence::names([name]))))
}

/// Headers that some servers read as other headers.
fn confusing(
    x: &Exchange<'_>,
    underscores: UnderscoreHeaders,
    proxy_only: Option<&HashSet<HeaderName>>,
    nominated: Vec<HeaderName>,
) -> Option<Decision> {
    let mut remove: Vec<HeaderName> =
        nominated.into_iter().filter(|name| x.headers.contains_key(name)).collect();
    for name in x.headers.keys() {
        let underscored = name.as_str().contains('_');
        if underscored && underscores == UnderscoreHeaders::Refuse {
            return Some(Decision::Refuse(Refusal::new(
                StatusCode::BAD_REQUEST,
                "header-underscore",
                Evidence::names([name.as_str()]),
            )));
        }
        // Marks that a token may have, but that no header in use has, and CGI-style servers turn into a dash too.
        let odd = name.as_str().bytes().any(|b| !(b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        if (underscored && underscores == UnderscoreHeaders::Strip)
            || odd
            || OVERRIDES.contains(&name.as_str())
            || proxy_only.is_some_and(|names| names.contains(name))
        {
            remove.push(name.clone());
        }
    }
    if x.header(UPGRADE).is_some_and(|u| u.to_ascii_lowercase().contains("h2c")) {
        remove.push(UPGRADE);
        remove.push(HeaderName::from_static("http2-settings"));
    }
    if remove.is_empty() {
        return None;
    }
    let evidence = Evidence::names(remove.iter().map(HeaderName::as_str));
    Some(Decision::Rewrite(Rewrite::new(
        "header-confusing",
        evidence,
        Change::Headers(remove.into_iter().map(|name| (name, None)).collect()),
    )))
}
