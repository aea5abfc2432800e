//! Numbers, phrases, byte ranges, encodings and check digits.

/// Parses the number at the beginning of a text like C's `atoi`; 0 if there is none.
pub(crate) fn number(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let value = digits
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .fold(0i64, |value, b| value.saturating_mul(10).saturating_add(i64::from(b - b'0')));
    if negative { -value } else { value }
}

/// Splits the argument of `@pm` at spaces; `|41 42|` spells bytes.
pub(super) fn phrases(argument: &str) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut phrase = Vec::new();
    let mut hex: Option<String> = None;
    for character in argument.chars() {
        match (&mut hex, character) {
            (Some(digits), '|') => {
                let bytes = digits.split_whitespace().map(|pair| u8::from_str_radix(pair, 16));
                // Anything else between bars is text.
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

/// Parses a set of bytes: `9,10,13,32-126`.
pub(super) fn byte_ranges(argument: &str) -> Result<[bool; 256], String> {
    let mut set = [false; 256];
    for part in argument.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        match (from.trim().parse::<u8>(), to.trim().parse::<u8>()) {
            (Ok(from), Ok(to)) if from <= to => {
                let bytes = set.get_mut(usize::from(from)..=usize::from(to)).unwrap_or_default();
                bytes.fill(true);
            }
            _ => return Err(format!("`{part}` is not a range of bytes")),
        }
    }
    Ok(set)
}

/// Whether a percent sign is not followed by two hexadecimal digits.
pub(super) fn has_bad_url_encoding(value: &[u8]) -> bool {
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    memchr::memchr_iter(b'%', value).any(|at| !is_hex(value.get(at + 1)) || !is_hex(value.get(at + 2)))
}

/// Numbers with check digits or impossible values.
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
    /// Whether the digits of a text make a valid number.
    pub(super) fn is_valid(self, text: &[u8]) -> bool {
        let digits: Vec<u32> =
            text.iter().filter(|b| b.is_ascii_digit()).map(|b| u32::from(b - b'0')).collect();
        match self {
            CheckDigits::Card => is_card(&digits),
            CheckDigits::Cpf => is_cpf(&digits),
            CheckDigits::Ssn => is_ssn(&digits),
        }
    }
}

fn is_card(digits: &[u32]) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let weighted = |(i, digit): (usize, &u32)| if i % 2 == 1 { doubled(*digit) } else { *digit };
    digits.len() > 1 && digits.iter().rev().enumerate().map(weighted).sum::<u32>().is_multiple_of(10)
}

fn is_cpf(digits: &[u32]) -> bool {
    let [number @ .., first, second] = digits else { return false };
    // Weights 10, 9, 8, ... and for the second digit 11, 10, 9, ...
    let check = |digits: &mut dyn Iterator<Item = &u32>| {
        let sum: u32 = digits.zip(2u32..).map(|(digit, weight)| digit * weight).sum();
        sum * 10 % 11 % 10
    };
    let is_repeated = number.iter().chain([second]).all(|digit| digit == first);
    number.len() == 9
        && !is_repeated
        && check(&mut number.iter().rev()) == *first
        && check(&mut [first].into_iter().chain(number.iter().rev())) == *second
}

fn is_ssn(digits: &[u32]) -> bool {
    let number = |part: &[u32]| part.iter().fold(0, |value, digit| value * 10 + digit);
    let [a, b, c, d, e, serial @ ..] = digits else { return false };
    let (area, group) = (number(&[*a, *b, *c]), number(&[*d, *e]));
    serial.len() == 4 && area != 0 && area != 666 && area < 740 && group != 0 && number(serial) != 0
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
    fn byte_ranges_are_sets() {
        let set = byte_ranges("9,10, 32-34").unwrap();
        let bytes: Vec<usize> = (0..256).filter(|byte| set[*byte]).collect();
        assert_eq!(bytes, [9, 10, 32, 33, 34]);
        for text in ["1-", "256", "5-4", "a"] {
            assert!(byte_ranges(text).is_err(), "{text}");
        }
    }

    #[test]
    fn check_digits() {
        use CheckDigits::*;
        for (kind, text, is_valid) in [
            (Card, "4111 1111 1111 1111", true),
            (Card, "4111111111111112", false),
            (Card, "5500-0000-0000-0004", true),
            (Card, "0", false),
            (Cpf, "529.982.247-25", true),
            (Cpf, "529.982.247-26", false),
            (Cpf, "529.982.247-35", false),
            (Cpf, "111.111.111-11", false),
            (Cpf, "29.982.247-25", false),
            (Ssn, "078-05-1120", true),
            (Ssn, "666-05-1120", false),
            (Ssn, "000-05-1120", false),
            (Ssn, "740-05-1120", false),
            (Ssn, "078-00-1120", false),
            (Ssn, "078-05-0000", false),
            (Ssn, "078-05-11201", false),
        ] {
            assert_eq!(kind.is_valid(text.as_bytes()), is_valid, "{text}");
        }
    }
}
