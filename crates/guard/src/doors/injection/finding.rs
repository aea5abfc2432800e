//! Makes the evidence of a detector's finding: where in the value it is, and the text around it. Only values in which
//! something was found come here, so that clean requests pay nothing for it.

use std::ops::Range;

use detect::{Class, Finding};
use http::StatusCode;
use serde_json::Value;

use super::source::Source;
use crate::decision::Refusal;
use crate::events::evidence::Evidence;
use crate::events::redact::{REDACTED, excerpt, excerpt_around, is_secret};

/// The evidence of a finding in a value. `pointer` is its place, if it stands in a JSON body.
pub(super) fn evidence(
    source: Source<'_>,
    pointer: Option<String>,
    value: &[u8],
    finding: &Finding,
    rounds: usize,
) -> Evidence {
    let place = locate(value, rounds, finding);
    let (parameter, at, is_secret) = match source {
        Source::Value(name) => (
            Some(excerpt(name.as_bytes())),
            None,
            is_secret(name) || pointer.as_deref().is_some_and(is_secret),
        ),
        // Its pointer shows it as well.
        Source::Name(names) => (None, Some(names.in_words(value, pointer.as_deref()).into()), false),
        Source::Place(place) => (None, Some(place.into()), false),
    };
    Evidence {
        class: Some(finding.class.name()),
        confidence: Some(finding.confidence.name()),
        reason: finding.reason.into(),
        parameter,
        place: at,
        pointer: pointer.map(|pointer| excerpt(pointer.as_bytes())),
        offset: place.as_ref().map(|place| place.start),
        window: Some(match is_secret {
            true => REDACTED.to_owned(),
            false => excerpt_around(value, place.unwrap_or(0..0)),
        }),
        decodings: finding.decodings.iter().map(|decoding| decoding.name()).collect(),
        ..Evidence::default()
    }
}

/// The refusal of a value in which something was found.
pub(super) fn refusal(class: Class, evidence: Evidence) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, class.name(), evidence)
}

/// The part of a value in which the same is still found by itself; `None` if it takes the whole value. The detectors do
/// not report places, so pieces of the value are judged: two passes over it, and a few over one piece.
fn locate(value: &[u8], rounds: usize, finding: &Finding) -> Option<Range<usize>> {
    /// Bytes of a piece. Each begins in the middle of the one before.
    const PIECE: usize = 512;
    let found = |range: &Range<usize>| {
        let again =
            value.get(range.clone()).and_then(|piece| detect::inspect(piece, rounds, &[finding.class]));
        again.is_some_and(|again| again.confidence >= finding.confidence)
    };
    let mut pieces = (0..value.len()).step_by(PIECE / 2).map(|start| start..value.len().min(start + PIECE));
    let piece = pieces.find(|piece| found(piece))?;
    let (mut start, mut end) = (piece.start, piece.end);
    let mut step = piece.len() / 2;
    while step > 0 {
        if start + step < end && found(&(start + step..end)) {
            start += step;
        }
        if start + step < end && found(&(start..end - step)) {
            end -= step;
        }
        step /= 2;
    }
    Some(start..end)
}

/// The JSON Pointer (RFC 6901) of the input that `ParsedBody::find_input` visits as number `nth` of a JSON body, counted
/// from 0; for the name of a property, the pointer of the property.
pub(crate) fn pointer_of(body: &Value, nth: usize) -> Option<String> {
    let (mut left, mut pointer) = (nth, String::new());
    find(body, &mut left, &mut pointer).then_some(pointer)
}

fn find(value: &Value, left: &mut usize, pointer: &mut String) -> bool {
    let visits = |left: &mut usize| match left.checked_sub(1) {
        Some(rest) => {
            *left = rest;
            false
        }
        None => true,
    };
    let length = pointer.len();
    match value {
        Value::String(_) => return visits(left),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push('/');
                pointer.push_str(&index.to_string());
                if find(item, left, pointer) {
                    return true;
                }
                pointer.truncate(length);
            }
        }
        Value::Object(map) => {
            for (name, item) in map {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                if visits(left) || find(item, left, pointer) {
                    return true;
                }
                pointer.truncate(length);
            }
        }
        _ => {}
    }
    false
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use inputs::{StructureLimits, parse_body};
    use serde_json::json;

    use super::super::source::NamesOf;
    use super::*;

    fn found(name: &str, value: &str) -> Evidence {
        let finding = detect::inspect(value.as_bytes(), 3, &detect::ALL).expect("an attack");
        evidence(Source::Value(name), None, value.as_bytes(), &finding, 3)
    }

    #[test]
    fn the_window_shows_the_attack_wherever_it_stands() {
        let attack = "<script>alert(1)</script>";
        for before in [0, 10, 119, 500, 511, 513, 10_000] {
            for after in [0, 300, 5_000] {
                let value = format!("{}{attack}{}", "word ".repeat(before / 5), " word".repeat(after / 5));
                let evidence = found("text", &value);
                let window = evidence.window.unwrap();
                assert!(window.contains("<script>"), "{before} {after}: {window}");
                assert!(window.len() < 200, "{window}");
                let (offset, at) = (evidence.offset.unwrap(), value.find(attack).unwrap());
                assert!(
                    (at..at + attack.len()).contains(&offset) || at.abs_diff(offset) < 20,
                    "{offset} {at}"
                );
            }
        }
    }

    #[test]
    fn a_short_value_is_shown_whole() {
        let evidence = found("id", "1' OR '1'='1");
        assert_eq!(evidence.window.as_deref(), Some("1' OR '1'='1"));
        assert!(evidence.to_string().starts_with("id: "), "{evidence}");
        assert!(evidence.to_string().ends_with(": 1' OR '1'='1"), "{evidence}");
    }

    #[test]
    fn what_is_secret_by_its_name_is_not_shown() {
        let value = "hunter2' OR '1'='1";
        let finding = detect::inspect(value.as_bytes(), 3, &detect::ALL).unwrap();
        for (name, pointer) in [("password", None), ("value", Some("/api_key/value".to_owned()))] {
            let evidence = evidence(Source::Value(name), pointer, value.as_bytes(), &finding, 3);
            let written = serde_json::to_string(&evidence).unwrap() + &evidence.to_string();
            assert!(!written.contains("hunter2") && written.contains("[redacted]"), "{written}");
        }
    }

    #[test]
    fn a_name_is_shown_with_its_place_and_in_words() {
        for (names, pointer, value, words) in [
            (NamesOf::Body, Some("/password/$ne"), "$ne", "the name of password.$ne"),
            (NamesOf::Body, Some("/a~1b/0/$gt"), "$gt", "the name of a/b.0.$gt"),
            (NamesOf::Body, None, "user[$ne]", "the name of user[$ne]"),
            (NamesOf::Query, None, "user[$ne]", "the name of user[$ne] in the query"),
            (NamesOf::Cookies, None, "user[$ne]", "the name of user[$ne] among the cookies"),
        ] {
            let finding = detect::inspect(value.as_bytes(), 3, &detect::ALL).unwrap();
            let pointer = pointer.map(str::to_owned);
            let evidence = evidence(Source::Name(names), pointer.clone(), value.as_bytes(), &finding, 3);
            assert_eq!(evidence.place.as_deref(), Some(words));
            assert_eq!((evidence.parameter, evidence.pointer), (None, pointer));
            assert_eq!(evidence.window.as_deref(), Some(value));
        }
    }

    #[test]
    fn every_input_of_a_json_body_has_the_pointer_of_its_place() {
        let body = json!({"a": ["x", {"b/c": "y"}], "n": 1, "d": {"e~": {"f": "z"}}});
        let expected = ["/a", "/a/0", "/a/1/b~1c", "/a/1/b~1c", "/n", "/d", "/d/e~0", "/d/e~0/f", "/d/e~0/f"];
        let raw = Bytes::from(body.to_string());
        let limits = StructureLimits { depth: 8, members: 100 };
        let mut inputs: Vec<Vec<u8>> = Vec::new();
        parse_body(b"application/json", &raw, limits).unwrap().find_input::<()>(&raw, |input| {
            inputs.push(input.value.to_vec());
            None
        });
        assert_eq!(inputs.len(), expected.len());
        for (nth, input) in inputs.iter().enumerate() {
            let pointer = pointer_of(&body, nth).unwrap();
            assert_eq!(pointer, expected[nth]);
            let value = body.pointer(&pointer).unwrap().as_str().unwrap_or_default();
            let name = pointer.rsplit('/').next().unwrap().replace("~1", "/").replace("~0", "~");
            assert!(input == value.as_bytes() || input == name.as_bytes(), "{pointer}");
        }
        assert_eq!(pointer_of(&body, expected.len()), None);
    }
}
