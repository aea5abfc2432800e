//! Cookies: "what can a script, a cleartext page or another site do with the session?" ([guide §3], [guide §8])
//!
//! Every `Set-Cookie` of the upstream gains `HttpOnly` and `SameSite` where they are missing, and `Secure` where the client
//! came over TLS.
//!
//! [guide §3]: https://github.com/doorward/doorward/blob/main/docs/guide.md#3-cross-site-scripting
//! [guide §8]: https://github.com/doorward/doorward/blob/main/docs/guide.md#8-authentication

use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use policy::{ACCOUNTS_COOKIES, BuiltInDoor, SameSite};

use super::Step;
use super::bots::CLEARANCES;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::{Ruling, enforced};
use crate::events::Verdict;
use crate::events::evidence::Evidence;
use crate::exchange::Exchange;
use crate::exchange::peer::Transport;

/// The door.
pub(crate) struct Cookies;

impl super::Door for Cookies {
    fn id(&self) -> DoorId {
        BuiltInDoor::Cookies.into()
    }

    fn finish<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        _: StatusCode,
        headers: &'a mut HeaderMap,
    ) -> Step<'a, ()> {
        if enforced(x, BuiltInDoor::Cookies) {
            release(x, ruling, headers);
        }
        Step::Now(())
    }
}

/// Adds what is missing.
fn release(x: &Exchange<'_>, ruling: Ruling<'_>, headers: &mut HeaderMap) {
    if !headers.contains_key(SET_COOKIE) {
        return;
    }
    let policy = &ruling.engine.policy.cookies;
    let cookies: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().cloned().collect();
    headers.remove(SET_COOKIE);
    let is_api =
        ruling.engine.policy.auth.service.is_some() && !ruling.engine.policy.is_accounts(x.destination.group);
    for cookie in cookies {
        if is_api && let Some(name) = own_name(cookie.as_bytes()) {
            let why = || {
                let mut evidence =
                    Evidence::from("the API sets a cookie of the user service; give it another name");
                evidence.names = Evidence::names([name]).names;
                evidence
            };
            ruling.tell(x, BuiltInDoor::Cookies, ("own", name), Verdict::Rewritten, why);
            continue;
        }
        let hardened = harden(&cookie, policy, x.transport);
        if let Some(Hardened { name, added, .. }) = &hardened
            && !added.is_empty()
        {
            let told = ("attributes", name.as_str());
            ruling
                .tell(x, BuiltInDoor::Cookies, told, Verdict::Rewritten, || gained(name, added, x.transport));
        }
        headers.append(SET_COOKIE, hardened.map_or(cookie, |hardened| hardened.value));
    }
}

/// Which cookie of the user service a pair is.
fn own_name(pair: &[u8]) -> Option<&'static str> {
    let name = pair_name(pair);
    ACCOUNTS_COOKIES.into_iter().find(|own| name == own.as_bytes())
}

/// Takes the gate's own cookies out of what the API gets: what a challenge gave, and those of the user service, if there is one;
/// with them it, or a log of it, could act for its users.
pub(crate) fn take_out_own(headers: &mut HeaderMap, has_service: bool) {
    let Some(value) = headers.get(COOKIE) else { return };
    let is_own = |pair: &[u8]| {
        let name = pair_name(pair);
        CLEARANCES.iter().any(|own| name == own.as_bytes()) || has_service && own_name(pair).is_some()
    };
    let pairs = || value.as_bytes().split(|byte| *byte == b';');
    if !pairs().any(is_own) {
        return;
    }
    let kept: Vec<&[u8]> = pairs().filter(|pair| !is_own(pair)).map(<[u8]>::trim_ascii).collect();
    match HeaderValue::from_bytes(&kept.join(&b"; "[..])) {
        Ok(kept) if !kept.is_empty() => headers.insert(COOKIE, kept),
        _ => headers.remove(COOKIE),
    };
}

fn pair_name(pair: &[u8]) -> &[u8] {
    pair.split(|byte| matches!(byte, b'=' | b';')).next().unwrap_or_default().trim_ascii()
}

/// What the operator reads of a cookie that was changed, with the settings that change it.
fn gained(name: &str, added: &[&'static str], transport: Transport) -> Evidence {
    let mut reason = format!("the cookie gains {}", added.join(", "));
    if transport == Transport::Plain {
        reason.push_str(
            ", and no Secure: the client came without TLS (`[gateway] trusted_proxies`, if a proxy ends it)",
        );
    }
    if added.contains(&"HttpOnly") {
        reason.push_str("; if scripts have to read it: `[cookies] script_readable`");
    }
    let mut evidence = Evidence::from(reason);
    evidence.names = Evidence::names([name]).names;
    evidence
}

/// A cookie as it leaves.
struct Hardened {
    name: String,
    added: Vec<&'static str>,
    value: HeaderValue,
}

/// Cookies in which frameworks hand scripts the token that they have to send back in a header or a field (Django,
/// Angular and Laravel, Tornado, Flask): it is no secret of the session, and useless without being read.
const FOR_SCRIPTS: [&str; 4] = ["csrftoken", "xsrf-token", "_xsrf", "csrf_token"];

/// Whether a cookie, as it is set, is one of these.
pub(crate) fn is_for_scripts(cookie: &[u8]) -> bool {
    let name = cookie.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
    FOR_SCRIPTS.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// Whether it is set to nothing, or to end at once.
pub(crate) fn is_removal(cookie: &[u8]) -> bool {
    let mut parts = cookie.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let value = parts.next().and_then(|pair| pair.splitn(2, |byte| *byte == b'=').nth(1)).unwrap_or_default();
    let ends = |attribute: &[u8]| {
        attribute.eq_ignore_ascii_case(b"max-age=0")
            || attribute.windows(8).any(|w| w == b"Jan 1970" || w == b"Jan-1970")
    };
    value.trim_ascii().is_empty() || value == b"\"\"" || parts.any(ends)
}

/// One cookie, with its value and the attributes it has left as they are; `None` for one that is no text.
///
/// A browser drops a cookie with `Secure` that came in cleartext (RFC 6265bis §5.7), so that only those get it that leave
/// over TLS.
fn harden(value: &HeaderValue, policy: &policy::CookiesConfig, transport: Transport) -> Option<Hardened> {
    let text = value.to_str().ok()?;
    let mut parts = text.split(';');
    let name = parts.next().and_then(|pair| pair.split('=').next()).unwrap_or("").trim();
    let is_for_scripts =
        is_for_scripts(name.as_bytes()) || policy.script_readable.iter().any(|known| known == name);
    let (mut http_only, mut secure, mut same_site) = (is_for_scripts, transport == Transport::Plain, false);
    for attribute in parts {
        let key = attribute.split('=').next().unwrap_or("").trim();
        http_only |= key.eq_ignore_ascii_case("httponly");
        secure |= key.eq_ignore_ascii_case("secure");
        same_site |= key.eq_ignore_ascii_case("samesite");
    }
    let policy_of_site = match policy.same_site {
        SameSite::Strict => "SameSite=Strict",
        SameSite::Lax => "SameSite=Lax",
    };
    let missing = [("HttpOnly", http_only), ("Secure", secure), (policy_of_site, same_site)];
    let added: Vec<&'static str> = missing.into_iter().filter(|(_, has)| !has).map(|(one, _)| one).collect();
    let mut out = text.trim_end_matches([';', ' ']).to_owned();
    for attribute in &added {
        out.push_str("; ");
        out.push_str(attribute);
    }
    Some(Hardened { name: name.to_owned(), added, value: HeaderValue::try_from(out).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hardened(cookie: &'static str, transport: Transport) -> String {
        let policy = policy::CookiesConfig { same_site: SameSite::Lax, script_readable: vec!["csrf".into()] };
        let hardened = harden(&HeaderValue::from_static(cookie), &policy, transport).unwrap();
        hardened.value.to_str().unwrap().to_owned()
    }

    #[test]
    fn cleartext_gets_no_secure_and_scripts_get_their_tokens() {
        for (before, after) in [
            ("a=b", "a=b; HttpOnly; SameSite=Lax"),
            ("a=b; Secure", "a=b; Secure; HttpOnly; SameSite=Lax"),
            ("csrftoken=1", "csrftoken=1; SameSite=Lax"),
            ("XSRF-TOKEN=1", "XSRF-TOKEN=1; SameSite=Lax"),
            ("_xsrf=1; Path=/", "_xsrf=1; Path=/; SameSite=Lax"),
            ("xcsrftoken=1", "xcsrftoken=1; HttpOnly; SameSite=Lax"),
        ] {
            assert_eq!(hardened(before, Transport::Plain), after);
        }
    }

    #[test]
    fn cookies_gain_what_is_missing_and_keep_what_is_there() {
        for (before, after) in [
            ("a=b", "a=b; HttpOnly; Secure; SameSite=Lax"),
            ("a=b; Path=/; secure;", "a=b; Path=/; secure; HttpOnly; SameSite=Lax"),
            ("a=b; SameSite=None; Secure; HttpOnly", "a=b; SameSite=None; Secure; HttpOnly"),
            ("csrf=1", "csrf=1; Secure; SameSite=Lax"),
            ("a=HttpOnly", "a=HttpOnly; HttpOnly; Secure; SameSite=Lax"),
            (
                "a=x; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
                "a=x; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly; Secure; SameSite=Lax",
            ),
        ] {
            assert_eq!(hardened(before, Transport::Tls), after);
        }
    }
}
