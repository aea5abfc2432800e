//! Words that nothing else has.

use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers the requests of a process, so that what must not repeat does not.
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// Six letters and digits that no other request of this run has, and hardly one of another run.
pub(crate) fn fresh() -> String {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |t| t.as_secs());
    let mut value =
        (now.wrapping_mul(7919)).wrapping_add(number.wrapping_mul(104_729)) % (26 * 36_u64.pow(5));
    let mut text = String::new();
    // The first is a letter, so that it is never a number.
    text.push(char::from(b'a' + (value % 26) as u8));
    value /= 26;
    for _ in 0..5 {
        text.push(char::from_digit((value % 36) as u32, 36).unwrap_or('x'));
        value /= 36;
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn words_are_short_and_do_not_repeat() {
        let words: HashSet<String> = (0..1000).map(|_| fresh()).collect();
        assert_eq!(words.len(), 1000);
        assert!(words.iter().all(|t| t.len() == 6 && t.chars().all(|c| c.is_ascii_alphanumeric())));
    }
}
