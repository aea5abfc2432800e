//! The smaller tests: numbers, byte ranges, encodings, check digits.

/// The number at the beginning of a text, as C's `atoi` reads it; zero when there is none.
pub(crate) fn number(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let value = digits
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .fold(0i64, |value, b| value.saturating_mul(10).saturating_add(i64::from(b - b'0')));
    if negative { -value } else { value }
}

/// Phrases parted by spaces; `|41 42|` spells bytes.
pub(super) fn phrases(argument: &str) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut phrase = Vec::new();
    let mut hex: Option<String> = None;
    for character in argument.chars() {
        match (&mut hex, character) {
            (Some(digits), '|') => {
                let bytes = digits.split_whitespace().map(|pair| u8::from_str_radix(pair, 16));
                // What spells no bytes is a text between bars.
                match bytes.collect::<Result<Vec<u8>, _>>() {
                    Ok(bytes) if !bytes.is_empty() => phrase.extend(bytes),
                    _ => phrase.extend(format!("|{digits}|").bytes()),
                }
                hex = None;
            }
            (Some(digits), other) => digits.push(other),
            (None, '|') => hex = Some(String::new()),
            (None, ' ') => out.push(std::mem::take(&mut phrase)),
            (None, other) => phrase.extend(other.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    if let Some(digits) = hex {
        phrase.extend(format!("|{digits}").bytes());
    }
    out.push(phrase);
    out.retain(|phrase| !phrase.is_empty());
    out
}

/// Bytes that are allowed: `9,10,13,32-126`.
pub(super) fn ranges(argument: &str) -> Result<[bool; 256], String> {
    let mut set = [false; 256];
    for part in argument.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        match (from.trim().parse::<u8>(), to.trim().parse::<u8>()) {
            (Ok(from), Ok(to)) if from <= to => {
                (from..=to).for_each(|byte| set[usize::from(byte)] = true);
            }
            _ => return Err(format!("`{part}` is no range of bytes")),
        }
    }
    Ok(set)
}

/// Whether a percent sign is not followed by two hexadecimal digits.
pub(super) fn has_bad_url_encoding(value: &[u8]) -> bool {
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    memchr::memchr_iter(b'%', value).any(|at| !is_hex(value.get(at + 1)) || !is_hex(value.get(at + 2)))
}

/// Numbers that check themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckDigits {
    /// Payment cards (Luhn).
    Card,
    /// The Brazilian CPF.
    Cpf,
    /// The social security number of the United States.
    Ssn,
}

impl CheckDigits {
    pub(super) fn hold(self, text: &[u8]) -> bool {
        let digits: Vec<u32> =
            text.iter().filter(|b| b.is_ascii_digit()).map(|b| u32::from(b - b'0')).collect();
        match self {
            CheckDigits::Card => {
                let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
                let sum: u32 = digits
                    .iter()
                    .rev()
                    .enumerate()
                    .map(|(i, digit)| if i % 2 == 1 { doubled(*digit) } else { *digit })
                    .sum();
                digits.len() > 1 && sum.is_multiple_of(10)
            }
            CheckDigits::Cpf => {
                let check = |count: usize| {
                    let sum: u32 = (0..count).map(|i| digits[i] * (count as u32 + 1 - i as u32)).sum();
                    sum * 10 % 11 % 10 == digits[count]
                };
                let same = digits.windows(2).all(|pair| pair[0] == pair[1]);
                digits.len() == 11 && !same && check(9) && check(10)
            }
            CheckDigits::Ssn => {
                if digits.len() != 9 {
                    return false;
                }
                let read = |part: &[u32]| part.iter().fold(0, |value, digit| value * 10 + digit);
                let (area, group, serial) = (read(&digits[..3]), read(&digits[3..5]), read(&digits[5..]));
                area != 0 && area != 666 && area < 740 && group != 0 && serial != 0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_c_reads_them() {
        for (text, value) in
            [("12", 12), (" -3x", -3), ("", 0), ("abc", 0), ("+7", 7), ("99999999999999999999", i64::MAX)]
        {
            assert_eq!(number(text.as_bytes()), value, "{text}");
        }
    }

    #[test]
    fn phrases_may_spell_bytes() {
        assert_eq!(phrases("a b|41 42|c |xx|"), [b"a".to_vec(), b"bABc".to_vec(), b"|xx|".to_vec()]);
    }

    #[test]
    fn check_digits() {
        assert!(
            CheckDigits::Card.hold(b"4111 1111 1111 1111") && !CheckDigits::Card.hold(b"4111111111111112")
        );
        assert!(CheckDigits::Cpf.hold(b"529.982.247-25") && !CheckDigits::Cpf.hold(b"529.982.247-26"));
        assert!(CheckDigits::Ssn.hold(b"078-05-1120") && !CheckDigits::Ssn.hold(b"666-05-1120"));
    }
}
