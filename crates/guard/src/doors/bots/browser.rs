//! Whether what says that it is a browser sends what that browser sends.

use http::HeaderName;
use http::header::{HOST, HeaderValue, USER_AGENT};
use reputation::agents::Signal;
use reputation::browsers::{Browser, ClientHints};

use crate::exchange::Exchange;
use crate::exchange::peer::Transport;

const FETCH_METADATA: [HeaderName; 3] = [
    HeaderName::from_static("sec-fetch-site"),
    HeaderName::from_static("sec-fetch-mode"),
    HeaderName::from_static("sec-fetch-dest"),
];
const BRANDS: HeaderName = HeaderName::from_static("sec-ch-ua");
const PLATFORM: HeaderName = HeaderName::from_static("sec-ch-ua-platform");
const MOBILE: HeaderName = HeaderName::from_static("sec-ch-ua-mobile");

/// What does not fit the browser that a request names.
pub(super) fn signals(x: &Exchange<'_>) -> impl Iterator<Item = Signal> {
    let agent = x.headers.get(USER_AGENT).map_or(&b""[..], HeaderValue::as_bytes);
    let found = Browser::read(agent).map(|browser| {
        let text = |name: &HeaderName| x.headers.get(name).and_then(|value| value.to_str().ok());
        let hints = ClientHints { brands: text(&BRANDS), platform: text(&PLATFORM), mobile: text(&MOBILE) };
        let hides_purpose = browser.sends_fetch_metadata()
            && is_secure(x)
            && !FETCH_METADATA.iter().any(|name| x.headers.contains_key(name));
        let is_out_of_order = x.header_order.is_some_and(|order| !browser.sends(&order));
        [
            browser.contradicts(hints).then_some(Signal::ClientHints),
            hides_purpose.then_some(Signal::FetchMetadata),
            is_out_of_order.then_some(Signal::HeaderOrder),
        ]
    });
    found.into_iter().flatten().flatten()
}

/// Whether a browser takes the site for one that nobody else can read along with (W3C Secure Contexts §3.1).
fn is_secure(x: &Exchange<'_>) -> bool {
    let is_loopback = |host: &HeaderValue| {
        let host = host.to_str().unwrap_or_default();
        let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        let name = name.map_or(host, |(name, _)| name);
        name.eq_ignore_ascii_case("localhost") || name == "[::1]" || name == "127.0.0.1"
    };
    x.transport == Transport::Tls || x.headers.get(HOST).is_some_and(is_loopback)
}
