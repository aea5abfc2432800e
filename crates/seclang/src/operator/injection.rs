//! `@detectSQLi` and `@detectXSS` with libinjection, and a shortcut for values that need no analysis.

use std::sync::LazyLock;

use libinjectionrs::sqli::TokenType;
use libinjectionrs::sqli::sqli_data::{SQL_KEYWORDS, lookup_word};

/// The libinjection fingerprint of SQL in a value.
pub(super) fn sql(value: &[u8]) -> Option<String> {
    if is_wordy(value) {
        return None;
    }
    let found = libinjectionrs::detect_sqli(value);
    found.is_injection().then(|| found.fingerprint.map_or_else(String::new, |f| f.to_string()))
}

/// Whether libinjection finds a script; there is none without a tag or an attribute.
pub(super) fn is_script(value: &[u8]) -> bool {
    memchr::memchr2(b'<', b'=', value).is_some() && libinjectionrs::detect_xss(value).is_injection()
}

/// Whether a value is unknown words, numbers and punctuation of prose: libinjection has no fingerprint for these.
fn is_wordy(value: &[u8]) -> bool {
    let mut before = 0u8;
    for (at, byte) in value.iter().enumerate() {
        let is_mark = matches!(byte, b'_' | b' ' | b'.' | b',' | b':' | b'?' | b'!' | b'-');
        // In a mail address; elsewhere it begins a variable.
        let is_address = || {
            *byte == b'@'
                && before.is_ascii_alphanumeric()
                && value.get(at + 1).is_some_and(u8::is_ascii_alphanumeric)
        };
        let is_comment = *byte == b'-' && before == b'-';
        if is_comment || !(byte.is_ascii_alphanumeric() || is_mark || is_address()) {
            return false;
        }
        before = *byte;
    }
    value.split(|b| !(b.is_ascii_alphanumeric() || *b == b'_')).all(|run| match run.first() {
        None => true,
        Some(first) if first.is_ascii_digit() => run.iter().all(u8::is_ascii_digit),
        Some(_) => !is_keyword(run),
    })
}

/// Whether libinjection knows a word. A Bloom filter with one hash excludes most others.
fn is_keyword(word: &[u8]) -> bool {
    const BITS: u32 = 1 << 17;
    fn hash(word: &[u8]) -> u32 {
        // FNV-1a.
        let fnv =
            |hash: u32, byte: &u8| (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193);
        let hash = word.iter().fold(0x811c_9dc5, fnv);
        (hash ^ hash >> 15) % BITS
    }
    static KNOWN: LazyLock<Box<[u64]>> = LazyLock::new(|| {
        let mut known = vec![0; BITS as usize / 64].into_boxed_slice();
        for hash in SQL_KEYWORDS.iter().map(|keyword| hash(keyword.word.as_bytes())) {
            if let Some(word) = known.get_mut(hash as usize / 64) {
                *word |= 1 << (hash % 64);
            }
        }
        known
    });
    let hash = hash(word);
    KNOWN.get(hash as usize / 64).is_some_and(|word| word >> (hash % 64) & 1 != 0)
        && std::str::from_utf8(word).is_ok_and(|word| lookup_word(word) != TokenType::Bareword)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn wordy_values_have_no_fingerprint(
            parts in prop::collection::vec((
                prop::sample::select(vec![
                    "the", "shirt", "alice", "1", "2", "7a", "0x", "e5", "x1", "N", "u", "or", "union", "select", "null",
                    "limit", "for", "current_user", "utl_http", "id", "to", "at", "_",
                ]),
                prop::sample::select(vec![" ", ".", ",", ":", "?", "!", "-", "@", " - ", "", ", "]),
            ), 0..8),
        ) {
            let text: String = parts.iter().flat_map(|(word, mark)| [*word, *mark]).collect();
            if is_wordy(text.as_bytes()) {
                prop_assert!(!libinjectionrs::detect_sqli(text.as_bytes()).is_injection(), "{}", text);
            }
        }
    }

    #[test]
    fn attacks_are_analysed() {
        assert!(sql(b"1 OR 1=1").is_some() && sql(b"' OR 'a'='a").is_some());
        assert!(is_script(b"<script>alert(1)</script>") && is_script(b"x onerror=alert(1)"));
        assert!(is_wordy(b"Blue cotton shirt, size M: alice@shop.example 12") && !is_wordy(b"1 or 1"));
    }
}
