//! What the strict parser takes, the common one reads alike; bodies of any kind are taken or refused.
#![no_main]

use bytes::Bytes;
use inputs::{ContentType, GraphqlShape, ParsedBody, StructureLimits, other_readings, parse_body, parse_json, write_multipart};
use libfuzzer_sys::fuzz_target;

const KINDS: [&str; 6] = [
    "application/json",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=B",
    "text/plain",
    "",
];

fuzz_target!(|data: &[u8]| {
    let limits = StructureLimits { depth: 32, members: 1000 };
    if let Ok(value) = parse_json(data, limits) {
        assert_eq!(serde_json::from_slice::<serde_json::Value>(data).ok(), Some(value));
    }
    let _ = ContentType::parse(data, data);
    if let Some((kind, body)) = data.split_first() {
        let content_type = KINDS[usize::from(*kind) % KINDS.len()].as_bytes();
        if let Ok(parsed) = parse_body(content_type, &Bytes::copy_from_slice(body), limits) {
            if let ParsedBody::Multipart(parts) = &parsed {
                // What is written is read again as it was.
                let written = write_multipart(content_type, parts.iter().cloned()).unwrap();
                assert_eq!(parse_body(content_type, &written, limits).as_ref(), Ok(&parsed));
            }
            let bytes = Bytes::copy_from_slice(body);
            let others = other_readings(content_type, &parsed, &bytes, true, limits).unwrap_or_default();
            for reading in std::iter::once(&parsed).chain(&others) {
                reading.find_input::<()>(body, |input| {
                    detect::inspect(input.value, 3, &detect::ALL);
                    None
                });
                inputs::graphql::literals(reading, body);
                GraphqlShape::of("", Some((reading, body)), true);
            }
        }
    }
});
