//! Cookies: "what can a script, a cleartext page or another site do with the session?" ([guide §3], [guide §8])
//!
//! Every `Set-Cookie` of the upstream gains `HttpOnly`, `Secure` and `SameSite` where they are missing.
//!
//! [guide §3]: https://github.com/doorward/doorward/blob/main/docs/guide.md#3-cross-site-scripting
//! [guide §8]: https://github.com/doorward/doorward/blob/main/docs/guide.md#8-authentication

use http::header::{HeaderValue, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use policy::{BuiltInDoor, SameSite};

use super::Step;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::{Ruling, enforced};
use crate::engine::Engine;
use crate::exchange::Exchange;

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
            release(ruling.engine, headers);
        }
        Step::Now(())
    }
}

/// Adds what is missing.
fn release(engine: &Engine, headers: &mut HeaderMap) {
    if !headers.contains_key(SET_COOKIE) {
        return;
    }
    let hardened: Vec<HeaderValue> =
        headers.get_all(SET_COOKIE).iter().map(|value| harden(value, &engine.policy.cookies)).collect();
    headers.remove(SET_COOKIE);
    for value in hardened {
        headers.append(SET_COOKIE, value);
    }
}

/// One cookie, with its value and the attributes it has left as they are.
fn harden(value: &HeaderValue, policy: &policy::CookiesConfig) -> HeaderValue {
    let Ok(text) = value.to_str() else { return value.clone() };
    let mut parts = text.split(';');
    let name = parts.next().and_then(|pair| pair.split('=').next()).unwrap_or("").trim();
    let (mut http_only, mut secure, mut same_site) =
        (policy.script_readable.iter().any(|n| n == name), false, false);
    for attribute in parts {
        let key = attribute.split('=').next().unwrap_or("").trim();
        http_only |= key.eq_ignore_ascii_case("httponly");
        secure |= key.eq_ignore_ascii_case("secure");
        same_site |= key.eq_ignore_ascii_case("samesite");
    }
    let mut out = text.trim_end_matches([';', ' ']).to_owned();
    if !http_only {
        out.push_str("; HttpOnly");
    }
    if !secure {
        out.push_str("; Secure");
    }
    if !same_site {
        out.push_str(match policy.same_site {
            SameSite::Strict => "; SameSite=Strict",
            SameSite::Lax => "; SameSite=Lax",
        });
    }
    HeaderValue::try_from(out).unwrap_or_else(|_| value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hardened(cookie: &'static str) -> String {
        let policy = policy::CookiesConfig { same_site: SameSite::Lax, script_readable: vec!["csrf".into()] };
        harden(&HeaderValue::from_static(cookie), &policy).to_str().unwrap().to_owned()
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
            assert_eq!(hardened(before), after);
        }
    }
}
