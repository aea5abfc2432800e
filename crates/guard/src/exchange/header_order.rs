//! In which order headers came: the first thing that is lost when doors take some away.

use http::HeaderMap;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, COOKIE, HeaderName, REFERER, UPGRADE_INSECURE_REQUESTS,
    USER_AGENT,
};
use reputation::browsers::HeaderOrder;

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// The order of the headers of a request as it came, which `HeaderMap` keeps until one is removed. A proxy has an order of its own.
pub(super) fn of(headers: &HeaderMap, is_proxied: bool) -> Option<HeaderOrder> {
    let says_browser =
        headers.get(USER_AGENT).is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/5.0 ("));
    if is_proxied || !says_browser {
        return None;
    }
    let mut order = HeaderOrder::default();
    for (name, at) in headers.keys().zip(0_u8..) {
        let place = match name {
            name if *name == USER_AGENT => &mut order.user_agent,
            name if *name == ACCEPT => &mut order.accept,
            name if *name == ACCEPT_ENCODING => &mut order.accept_encoding,
            name if *name == ACCEPT_LANGUAGE => &mut order.accept_language,
            name if *name == REFERER => &mut order.referer,
            name if *name == COOKIE => &mut order.cookie,
            name if *name == UPGRADE_INSECURE_REQUESTS => &mut order.upgrade_insecure_requests,
            name if *name == SEC_FETCH_MODE => &mut order.sec_fetch_mode,
            _ => continue,
        };
        *place = Some(at);
    }
    Some(order)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn headers_keep_their_order() {
        let mut headers = HeaderMap::new();
        let agent = "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0 Safari/537.36";
        for (name, value) in [("host", "a"), ("user-agent", agent), ("x-a", "1"), ("accept", "*/*")] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        let order = of(&headers, false).unwrap();
        assert_eq!((order.user_agent, order.accept, order.cookie), (Some(1), Some(3), None));
        assert_eq!(of(&headers, true), None);
        headers.insert(USER_AGENT, HeaderValue::from_static("curl/8"));
        assert_eq!(of(&headers, false), None);
    }
}
