//! What holds for each detector by itself.

use detect::{Class, Confidence, inspect};

/// Judges a value by one detector, and in forms that applications undo.
pub fn judge(class: Class, value: &[u8]) {
    let found = inspect(value, 3, &[class]);
    assert_eq!(found, inspect(value, 3, &[class]));
    let Some(found) = found else { return };
    assert_eq!(found.class, class);
    // Three deep; what is decoded beyond the budget, each of seven ways in each round.
    assert!(found.decodings.len() <= 3 * 7);
    // What is sure as it is stays so behind percent escapes, which every server undoes.
    if found.confidence == Confidence::High && found.decodings.is_empty() {
        let escaped: Vec<u8> = value.iter().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect();
        let decoded = inspect(&escaped, 3, &[class]);
        assert!(decoded.is_some_and(|decoded| decoded.confidence == Confidence::High));
    }
}
