//! Hexadecimal digits, if what they spell is plausibly text; and the numbers that other encodings write with them.

use super::plausible::{MIN_LENGTH, is_text};

/// Decodes a value that is entirely hexadecimal digits, with or without `0x`.
pub(super) fn decode(value: &[u8]) -> Option<Vec<u8>> {
    let digits = value.strip_prefix(b"0x").unwrap_or(value);
    if digits.len() < MIN_LENGTH || digits.len() % 2 == 1 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let (pairs, _) = digits.as_chunks::<2>();
    let decoded: Option<Vec<u8>> = pairs.iter().map(|[high, low]| byte(*high, *low)).collect();
    decoded.filter(|text| is_text(text))
}

/// The number that hexadecimal digits spell.
pub(super) fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))
}

/// The byte that two hexadecimal digits spell.
pub(super) fn byte(high: u8, low: u8) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(digit(high)? << 4 | digit(low)?)
}
