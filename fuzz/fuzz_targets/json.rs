//! What the strict parser takes, the common one reads alike; bodies of any kind are taken or refused.
#![no_main]

use bytes::Bytes;
use guard::inputs::{StructureLimits, parse_body, parse_json};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};
use libfuzzer_sys::fuzz_target;

const KINDS: [&str; 5] =
    ["application/json", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=B", "text/plain"];

fuzz_target!(|data: &[u8]| {
    let limits = StructureLimits { depth: 32, members: 1000 };
    if let Ok(value) = parse_json(data, limits) {
        assert_eq!(serde_json::from_slice::<serde_json::Value>(data).ok(), Some(value));
    }
    if let Some((kind, body)) = data.split_first() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(KINDS[usize::from(*kind) % KINDS.len()]));
        if let Ok(parsed) = parse_body(&headers, &Bytes::copy_from_slice(body), limits) {
            parsed.find_input::<()>(body, |_, value| {
                detect::inspect(value, 3, &detect::ALL);
                None
            });
        }
    }
});
