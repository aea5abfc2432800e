//! Properties of each detector alone.

use detect::{Class, Confidence, inspect};

/// Checks one detector on a value, and on an encoding that every application decodes.
pub fn check(class: Class, value: &[u8]) {
    let found = inspect(value, 3, &[class]);
    assert_eq!(found, inspect(value, 3, &[class]));
    let Some(found) = found else { return };
    assert_eq!(found.class, class);
    // Up to three decodings; beyond the budget, each of seven decodings in each of three rounds.
    assert!(found.decodings.len() <= 3 * 7);
    // A finding of high confidence stays one when the value is percent-encoded.
    if found.confidence == Confidence::High && found.decodings.is_empty() {
        let escaped: Vec<u8> = value.iter().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect();
        let decoded = inspect(&escaped, 3, &[class]);
        assert!(decoded.is_some_and(|decoded| decoded.confidence == Confidence::High));
    }
}
