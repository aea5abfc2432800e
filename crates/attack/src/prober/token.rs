//! Words that nothing else has.

use std::sync::atomic::{AtomicU64, Ordering};

/// Letters and digits that stand nowhere else: they begin with `dw`, and no two calls give the same.
pub(crate) fn token() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |t| t.as_secs());
    // Both multipliers are odd, so that neighbours are unlike.
    let mut value =
        now.wrapping_mul(2_654_435_761).wrapping_add(number.wrapping_mul(40_503_499)) % 78_364_164_096;
    let mut text = "dw".to_owned();
    for _ in 0..7 {
        text.extend(char::from_digit((value % 36) as u32, 36));
        value /= 36;
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tokens_are_short_words_that_do_not_repeat() {
        let tokens: HashSet<String> = (0..1000).map(|_| token()).collect();
        assert_eq!(tokens.len(), 1000);
        assert!(tokens.iter().all(|t| t.len() == 9 && t.chars().all(|c| c.is_ascii_alphanumeric())));
    }
}
