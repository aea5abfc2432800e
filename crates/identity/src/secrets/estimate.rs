//! How much of a text zxcvbn sees.
//!
//! Its work grows with the square of the length, and with the ways in which it can read digits and signs as letters
//! (`p@55w0rd`), of which there are hundreds if they are all there: whole seconds for 100 characters.

/// What zxcvbn sees of a password and of each text about its owner: at most.
const ESTIMATED_CHARACTERS: usize = 64;
/// The square of the length that zxcvbn sees, times the ways to read it.
const ESTIMATED_WORK: usize = 32 * 1024;
/// It always sees this much: as random characters, these are enough.
const LEAST_ESTIMATED: usize = 16;
/// The signs that zxcvbn reads as one letter each: a, c, g, i, l, s, t.
const SUBSTITUTES: [&str; 7] = ["4@", "({[<", "69", "1!|", "1|7", "$5", "+7"];

/// As much of a password as zxcvbn judges in milliseconds. It looks up every part of it, and all that once more for each
/// way to read digits and signs as letters (`p@55w0rd`), of which there are hundreds if they are all there: half a second
/// for 64 characters. The more ways, the less it sees. What it does not see counts for nothing, which is the safe side.
pub(super) fn judged(password: &str) -> String {
    let characters: Vec<char> = password.chars().take(ESTIMATED_CHARACTERS).collect();
    let fits = |length: &usize| {
        let seen = characters.get(..*length).unwrap_or(&characters);
        length * length * readings(seen) <= ESTIMATED_WORK
    };
    let length = (LEAST_ESTIMATED..=characters.len()).rev().find(fits).unwrap_or(LEAST_ESTIMATED);
    characters.into_iter().take(length).collect()
}

/// The start of a text about the owner.
pub(super) fn start_of(text: &str) -> String {
    text.chars().take(ESTIMATED_CHARACTERS).collect()
}

/// In how many ways zxcvbn reads these characters as letters, at most.
fn readings(seen: &[char]) -> usize {
    let letters: usize = SUBSTITUTES
        .iter()
        .map(|substitutes| substitutes.chars().filter(|sign| seen.contains(sign)).count().max(1))
        .product();
    let ambiguous = ['1', '|', '7'].iter().filter(|sign| seen.contains(sign)).count();
    letters << ambiguous
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zxcvbn_sees_less_of_what_it_would_read_in_many_ways() {
        for (text, length) in [
            ("correct horse battery staple".to_owned(), 28),
            ("a".repeat(128), 64),
            ("P@55w0rd-2024!".repeat(4), 56),
            ("0123456789".repeat(12), 45),
            ("4@8({[<3691!|1570$5+7%2".repeat(5), 16),
            ("aaaaaaaaaaaaaaaaaaaa".to_owned() + &"4@8({[<3691!|1570$5+7%2".repeat(4), 31),
            ("short".to_owned(), 5),
        ] {
            assert_eq!(judged(&text).chars().count(), length, "{text}");
        }
    }
}
