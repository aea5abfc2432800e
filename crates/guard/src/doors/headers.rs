//! Security headers: the free layer. ([guide §7])
//!
//! Every response carries them, errors included. A stricter value of the upstream wins; a weaker one is replaced. What is
//! replaced or removed is told once for each route.
//!
//! [guide §7]: https://github.com/doorward/doorward/blob/main/docs/guide.md#7-security-headers

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY, CONTENT_TYPE, HeaderName,
    HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_FRAME_OPTIONS,
};
use http::{HeaderMap, StatusCode};
use policy::{BuiltInDoor, PagePolicy};

use super::Step;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::{Ruling, enforced};
use crate::events::Verdict;
use crate::events::evidence::Evidence;
use crate::events::redact::excerpt;
use crate::exchange::Exchange;
use crate::exchange::peer::Transport;
use crate::wire::headers::{content_type, remove_headers};

/// The door.
pub(crate) struct Headers;

impl super::Door for Headers {
    fn id(&self) -> DoorId {
        BuiltInDoor::Headers.into()
    }

    fn finish<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        status: StatusCode,
        headers: &'a mut HeaderMap,
    ) -> Step<'a, ()> {
        if enforced(x, BuiltInDoor::Headers) {
            release(x, ruling, status, headers);
        }
        Step::Now(())
    }
}

/// Sets and removes.
fn release(x: &Exchange<'_>, ruling: Ruling<'_>, status: StatusCode, headers: &mut HeaderMap) {
    let policy = &ruling.engine.policy.headers;
    let tell = |rule, name: &HeaderName, reason: &dyn Fn() -> String| {
        ruling.tell(x, BuiltInDoor::Headers, (rule, name.as_str()), Verdict::Rewritten, || {
            let names = Evidence::names([name.as_str()]).names;
            Evidence { names, ..Evidence::from(reason()) }
        });
    };
    remove_headers(headers, |name| {
        let leak = policy.remove.iter().find(|leak| *leak == name);
        if let Some(name) = leak {
            tell("removed", name, &|| "tells what runs behind the gate".to_owned());
        }
        leak.is_some()
    });
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return;
    }
    let is_page = is_page(content_type(headers));
    for (name, value) in &policy.set {
        if *name == CONTENT_SECURITY_POLICY && is_page {
            page_policy(x, ruling, headers, value);
        } else if !is_as_strict(name, headers, value)
            && let Some(theirs) = headers.insert(name, value.clone())
        {
            tell("replaced", name, &|| {
                let theirs = excerpt(theirs.as_bytes());
                format!("the API sends `{theirs}`, which protects less (`[headers]`)")
            });
        }
    }
    match x.transport {
        Transport::Tls if !is_as_strict(&STRICT_TRANSPORT_SECURITY, headers, &policy.hsts) => {
            headers.insert(STRICT_TRANSPORT_SECURITY, policy.hsts.clone());
        }
        Transport::Tls => {}
        // RFC 6797 §7.2: not over cleartext.
        Transport::Plain => drop(headers.remove(STRICT_TRANSPORT_SECURITY)),
    }
    let is_json = headers.get(CONTENT_TYPE).is_some_and(|t| contains(t, "json"));
    let shared_cache =
        !headers.get(CACHE_CONTROL).is_some_and(|c| contains(c, "no-store") || contains(c, "private"));
    if is_json && shared_cache && x.principal.is_some() {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Whether a media type is one of pages, in which scripts run.
fn is_page(content_type: &[u8]) -> bool {
    const PAGES: [&[u8]; 2] = [b"text/html", b"application/xhtml+xml"];
    let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    PAGES.iter().any(|page| essence.eq_ignore_ascii_case(page))
}

/// A page keeps a content security policy of its own, which its author has fitted to it. One without any gets ours, and
/// the operator is told of the first one: under it, inline scripts and foreign sources do not run.
fn page_policy(x: &Exchange<'_>, ruling: Ruling<'_>, headers: &mut HeaderMap, ours: &HeaderValue) {
    if headers.contains_key(CONTENT_SECURITY_POLICY) {
        return;
    }
    let name = match x.route.headers.html {
        PagePolicy::Enforce => CONTENT_SECURITY_POLICY,
        PagePolicy::Report => CONTENT_SECURITY_POLICY_REPORT_ONLY,
        PagePolicy::Off => return,
    };
    let rule = "page-without-policy";
    ruling.tell(x, BuiltInDoor::Headers, (rule, ""), Verdict::Rewritten, || {
        let ours = ours.to_str().unwrap_or_default();
        Evidence::from(format!(
            "the page has no Content-Security-Policy and gets `{name}: {ours}`; if scripts of it are blocked: `html = \
             \"report\"` or `\"off\"`, in `[headers]` or on the route"
        ))
    });
    headers.insert(name, ours.clone());
}

/// Whether the upstream's value protects at least as well as ours.
fn is_as_strict(name: &HeaderName, headers: &HeaderMap, ours: &HeaderValue) -> bool {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let (Ok(theirs), Ok(ours)) = (value.to_str(), ours.to_str()) else { return false };
    let theirs = theirs.trim().to_ascii_lowercase();
    if theirs.eq_ignore_ascii_case(ours) {
        return true;
    }
    if *name == CONTENT_SECURITY_POLICY {
        return is_strict_policy(&theirs);
    }
    if *name == X_FRAME_OPTIONS {
        return theirs == "deny";
    }
    if *name == REFERRER_POLICY {
        return referrer_rank(&theirs) >= referrer_rank(&ours.to_ascii_lowercase());
    }
    if *name == STRICT_TRANSPORT_SECURITY {
        let subdomains = |text: &str| text.to_ascii_lowercase().contains("includesubdomains");
        return max_age(&theirs) >= max_age(ours) && (subdomains(&theirs) || !subdomains(ours));
    }
    false
}

/// A content security policy that says where everything may come from and lets no inline script run.
fn is_strict_policy(policy: &str) -> bool {
    let directive = |name: &str| {
        policy
            .split(';')
            .map(str::trim)
            .find_map(|d| d.strip_prefix(name).filter(|rest| rest.starts_with(' ')))
    };
    let Some(default) = directive("default-src") else { return false };
    let scripts = directive("script-src").unwrap_or(default);
    [default, scripts].iter().all(|sources| {
        sources.split_whitespace().all(|source| {
            !matches!(
                source,
                "*" | "'unsafe-inline'" | "'unsafe-eval'" | "data:" | "blob:" | "http:" | "https:"
            )
        })
    })
}

fn referrer_rank(policy: &str) -> usize {
    const FROM_WEAK: [&str; 8] = [
        "unsafe-url",
        "no-referrer-when-downgrade",
        "origin",
        "origin-when-cross-origin",
        "strict-origin-when-cross-origin",
        "same-origin",
        "strict-origin",
        "no-referrer",
    ];
    // The last policy that a browser knows holds (Referrer Policy §4.1).
    let last = policy.rsplit(',').next().unwrap_or("").trim();
    FROM_WEAK.iter().position(|known| *known == last).unwrap_or(0)
}

fn max_age(value: &str) -> u64 {
    value
        .split(';')
        .find_map(|part| part.trim().to_ascii_lowercase().strip_prefix("max-age=").map(str::to_owned))
        .and_then(|age| age.trim_matches('"').parse().ok())
        .unwrap_or(0)
}

fn contains(value: &HeaderValue, word: &str) -> bool {
    value.to_str().is_ok_and(|text| text.to_ascii_lowercase().contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strict(name: HeaderName, theirs: &'static str, ours: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(&name, HeaderValue::from_static(theirs));
        is_as_strict(&name, &headers, &HeaderValue::from_static(ours))
    }

    #[test]
    fn the_stricter_value_wins() {
        let csp = |theirs| strict(CONTENT_SECURITY_POLICY, theirs, "default-src 'self'");
        assert!(csp("default-src 'none'; frame-ancestors 'none'"));
        assert!(csp("default-src 'self'; script-src 'nonce-abc'"));
        for weak in [
            "default-src *",
            "script-src 'self'",
            "default-src 'self' 'unsafe-inline'",
            "default-src 'none'; script-src https:",
        ] {
            assert!(!csp(weak), "{weak}");
        }
        assert!(!strict(X_FRAME_OPTIONS, "SAMEORIGIN", "DENY"));
        assert!(strict(REFERRER_POLICY, "no-referrer", "strict-origin-when-cross-origin"));
        assert!(!strict(REFERRER_POLICY, "unsafe-url", "strict-origin-when-cross-origin"));
        let hsts = |theirs| strict(STRICT_TRANSPORT_SECURITY, theirs, "max-age=63072000; includeSubDomains");
        assert!(hsts("max-age=99999999; includeSubDomains; preload"));
        assert!(!hsts("max-age=99999999"));
        assert!(!hsts("max-age=0; includeSubDomains"));
    }
}
