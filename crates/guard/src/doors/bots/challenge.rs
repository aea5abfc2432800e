//! The challenge: a browser finds a number whose hash begins with zeros, shows it, and passes for a while.
//!
//! Nothing is kept of it here. A challenge says when, for whom and how hard, under a keyed hash; a clearance says for whom and
//! until when. Whom: the network of the address, the agent, and the ciphers of its TLS handshake. Both are of no use to anybody else, and on every gateway with
//! the same `[rate] hash_secret_file`.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, COOKIE, HeaderValue, LOCATION, SET_COOKIE, USER_AGENT};
use http::{Method, Response, StatusCode};
use policy::Challenge;

use super::page;
use crate::challenge_key::Client;
use crate::decision::ruling::Ruling;
use crate::decision::{Decision, Refusal};
use crate::exchange::Exchange;
use crate::exchange::peer::Transport;

/// Where a solution is shown.
pub(super) const PATH: &str = "/.well-known/doorward/challenge";

/// The cookies with a clearance: over TLS, and without.
pub(crate) const CLEARANCES: [&str; 2] = ["__Host-doorward-clearance", "doorward-clearance"];

/// How long a challenge can be solved.
const VALID: Duration = Duration::from_secs(600);
/// Bits that points and an attack add at most.
const MOST_EXTRA: u32 = 4;

/// Of whom something is said.
fn client<'x>(x: &'x Exchange<'_>) -> Client<'x> {
    let agent = x.headers.get(USER_AGENT).map_or(&b""[..], HeaderValue::as_bytes);
    // What it offers for a resumed session, or for a WebSocket, makes another fingerprint; its ciphers are the same.
    let program = x.account.connection.ja4.as_deref().and_then(|ja4| ja4.split('_').nth(1));
    Client { address: x.client, agent, program: program.unwrap_or_default().as_bytes() }
}

/// The page with a challenge for this client.
pub(super) fn page(x: &Exchange<'_>, ruling: Ruling<'_>, points: u32) -> Response<Bytes> {
    let Challenge { bits, wait, .. } = ruling.engine.policy.bots.challenge;
    let attack = if ruling.state.standing.attack.is_on() { 2 } else { 0 };
    let bits = bits + (points / 50 + attack).min(MOST_EXTRA);
    let said = format!("{}.{bits}.{:016x}", x.unix_millis(), fastrand::u64(..));
    let token = ruling.state.challenge_key.sign("challenge", &said, client(x));
    let to = x.target.path_and_query();
    let page = page::html(&page::Page { path: PATH, token: &token, bits, to: &to, wait, id: x.id });
    let mut response =
        Response::new(Bytes::from(if x.method == Method::HEAD { String::new() } else { page }));
    *response.status_mut() = StatusCode::FORBIDDEN;
    page::dress(response.headers_mut());
    response
}

/// Takes a solution, and lets the client in.
pub(super) fn solved(x: &Exchange<'_>, ruling: Ruling<'_>) -> Decision {
    let wrong = |why: &str| {
        Decision::Refuse(Refusal::new(StatusCode::FORBIDDEN, "challenge-unsolved", format!("{why}: {PATH}")))
    };
    let query = x.target.query().unwrap_or_default();
    let parameter = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    };
    let (Some(token), Some(to)) = (parameter("c"), parameter("to")) else {
        return wrong("it shows no challenge");
    };
    let key = &ruling.state.challenge_key;
    let Some(said) = key.verified("challenge", &token, client(x)) else {
        return wrong("the challenge was not made for this address and program");
    };
    let mut parts = said.split('.');
    let (Some(issued), Some(bits)) = (
        parts.next().and_then(|part| part.parse::<u64>().ok()),
        parts.next().and_then(|part| part.parse::<u32>().ok()),
    ) else {
        return wrong("it is no challenge");
    };
    let now = x.unix_millis();
    let age = Duration::from_millis(now.saturating_sub(issued));
    let Challenge { clearance, wait, .. } = ruling.engine.policy.bots.challenge;
    let is_solved = match parameter("n") {
        Some(number) => number.len() <= 20 && zeros(format!("{token}.{number}").as_bytes()) >= bits,
        None => wait.is_some_and(|wait| age >= wait),
    };
    if age > VALID || !is_solved {
        return wrong(if age > VALID { "the challenge is too old" } else { "the challenge is not solved" });
    }
    let until = now.saturating_add(u64::try_from(clearance.as_millis()).unwrap_or(u64::MAX));
    let value = key.sign("clearance", &until.to_string(), client(x));
    let (name, secure) = cookie(x);
    let cookie =
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}", clearance.as_secs());
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    let to = HeaderValue::try_from(if is_path(&to) { to.as_str() } else { "/" });
    headers.insert(LOCATION, to.unwrap_or(HeaderValue::from_static("/")));
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        headers.insert(SET_COOKIE, cookie);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Decision::Answer(response)
}

/// The name of the cookie with the clearance, and what it has beside.
fn cookie(x: &Exchange<'_>) -> (&'static str, &'static str) {
    match x.transport {
        Transport::Tls => (CLEARANCES[0], "; Secure"),
        Transport::Plain => (CLEARANCES[1], ""),
    }
}

/// Whether a client has solved a challenge lately.
pub(super) fn has_clearance(x: &Exchange<'_>, ruling: Ruling<'_>) -> bool {
    let (name, _) = cookie(x);
    let cookies =
        x.headers.get_all(COOKIE).iter().flat_map(|header| inputs::cookie_readings(header.as_bytes()));
    let mut shown = cookies.filter(|(known, _)| *known == name.as_bytes()).take(16).map(|(_, value)| value);
    shown.any(|value| {
        let said = std::str::from_utf8(value)
            .ok()
            .and_then(|token| ruling.state.challenge_key.verified("clearance", token, client(x)));
        said.and_then(|until| until.parse::<u64>().ok()).is_some_and(|until| until > x.unix_millis())
    })
}

/// Whether a text is a path on this site, and nothing that a browser takes for another one.
fn is_path(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next() == Some(b'/')
        && !matches!(bytes.next(), Some(b'/' | b'\\'))
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !text.starts_with(PATH)
}

/// Bits of zeros with which the hash of a text begins.
fn zeros(text: &[u8]) -> u32 {
    let mut zeros = 0;
    for byte in digest(&SHA256, text).as_ref() {
        zeros += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    zeros
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_counted_in_bits() {
        // SHA-256("abc") begins with ba, and of this text with 00 0.
        assert_eq!(zeros(b"abc"), 0);
        let found = (0..).find(|n| zeros(format!("text.{n}").as_bytes()) >= 10).unwrap();
        let hash = digest(&SHA256, format!("text.{found}").as_bytes());
        assert!(hash.as_ref()[0] == 0 && hash.as_ref()[1] < 64);
    }

    #[test]
    fn nobody_is_led_to_another_site() {
        for path in ["/", "/a?b=c&d", "/a/b.html"] {
            assert!(is_path(path), "{path}");
        }
        for other in
            ["", "a", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "/a b", PATH]
        {
            assert!(!is_path(other), "{other}");
        }
    }
}
