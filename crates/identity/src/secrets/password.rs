//! What a person typed as a password, and whether it may become a new one.
//!
//! The rules are those of NIST SP 800-63B-4 §3.1.1.2: length counts, composition does not, nothing is cut off, Unicode is
//! welcome and normalized. The default minimum of 12 characters is for accounts with a second factor in reach; SP 800-63B-4
//! asks for 15 where a password is the only factor (`Rules::min_length`).

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;
use zxcvbn::Score;
pub use zxcvbn::feedback::{Suggestion, Warning};

use super::estimate::{judged, start_of};

/// The most bytes that anything is done with at all.
pub const MAX_BYTES: usize = 1024;
/// The most characters of a password, after normalization.
pub const MAX_CHARACTERS: usize = 128;

/// How many texts about the owner count.
const ESTIMATED_TEXTS: usize = 8;

/// A password as it was typed, in Unicode's normal form NFC. It is wiped from memory when it is dropped, and never shown.
#[derive(Clone)]
pub struct Password {
    normal: Zeroizing<String>,
    /// As it was typed, where that is another sequence of bytes.
    typed: Option<Zeroizing<String>>,
}

/// Why a text cannot be a password at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// More than [`MAX_BYTES`] or [`MAX_CHARACTERS`].
    #[error("a password has at most {MAX_CHARACTERS} characters")]
    TooLong,
    /// It contains U+0000, which nobody can type and at which some implementations of bcrypt stop to read.
    #[error("a password cannot contain the character NUL")]
    Nul,
}

impl Password {
    /// Takes what was typed. Nothing is trimmed: a blank is a character.
    ///
    /// # Errors
    /// [`Unusable`], where the text is too long or contains NUL.
    pub fn parse(typed: &str) -> Result<Self, Unusable> {
        if typed.len() > MAX_BYTES {
            return Err(Unusable::TooLong);
        }
        if typed.contains('\0') {
            return Err(Unusable::Nul);
        }
        // NFC triples a text at worst; with this capacity no copy is left behind by a move.
        let mut normal = Zeroizing::new(String::with_capacity(3 * typed.len()));
        normal.extend(typed.nfc());
        if normal.chars().count() > MAX_CHARACTERS {
            return Err(Unusable::TooLong);
        }
        let typed = (*normal != typed).then(|| Zeroizing::new(typed.to_owned()));
        Ok(Password { normal, typed })
    }

    /// The normalized text. Every new hash is made of it.
    pub(crate) fn text(&self) -> &str {
        &self.normal
    }

    /// The text as it was typed, where it differs: a system that did not normalize has hashed this one.
    pub(crate) fn as_typed(&self) -> Option<&str> {
        self.typed.as_ref().map(|typed| typed.as_str())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(..)")
    }
}

/// What a new password has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The fewest characters (Unicode code points).
    pub min_length: usize,
    /// The most characters, at most [`MAX_CHARACTERS`].
    pub max_length: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Rules { min_length: 12, max_length: MAX_CHARACTERS }
    }
}

/// Why a password may not become a new one.
#[derive(Debug, Clone, PartialEq)]
pub enum Weakness {
    /// It has too few characters.
    TooShort {
        /// The fewest that are accepted.
        min: usize,
    },
    /// It has too many characters.
    TooLong {
        /// The most that are accepted.
        max: usize,
    },
    /// It is made of the owner's address or name, or of the name of the site.
    OwnName,
    /// A program finds it within a million attempts (zxcvbn's scores 0 and 1): it repeats, is a sequence or a common word.
    Guessable {
        /// What is wrong with it, if there is a name for it.
        warning: Option<Warning>,
        /// What to do instead.
        suggestions: Vec<Suggestion>,
    },
}

impl fmt::Display for Weakness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Weakness::TooShort { min } => write!(formatter, "The password needs at least {min} characters."),
            Weakness::TooLong { max } => write!(formatter, "The password has more than {max} characters."),
            Weakness::OwnName => {
                write!(formatter, "The password is made of your name, your address or the name of this site.")
            }
            Weakness::Guessable { warning, suggestions } => {
                write!(formatter, "The password is easy to guess.")?;
                warning.iter().try_for_each(|warning| write!(formatter, " {warning}"))?;
                suggestions.iter().try_for_each(|suggestion| write!(formatter, " {suggestion}"))
            }
        }
    }
}

impl Rules {
    /// Judges a new password. `about` are texts that an attacker knows of its owner: address, name, name of the site. The
    /// first eight of them count.
    ///
    /// It takes milliseconds: call it where a thread may be busy for that long ([`Hasher::weakness`] does).
    ///
    /// [`Hasher::weakness`]: super::pool::Hasher::weakness
    ///
    /// # Errors
    /// The first [`Weakness`] that is found.
    pub fn check(&self, password: &Password, about: &[&str]) -> Result<(), Weakness> {
        let length = password.text().chars().count();
        if length < self.min_length {
            return Err(Weakness::TooShort { min: self.min_length });
        }
        if length > self.max_length {
            return Err(Weakness::TooLong { max: self.max_length });
        }
        let about: Vec<String> = about.iter().take(ESTIMATED_TEXTS).map(|text| start_of(text)).collect();
        if is_made_of(password.text(), &about) {
            return Err(Weakness::OwnName);
        }
        let mut known: Vec<&str> = about.iter().map(String::as_str).collect();
        known.extend(about.iter().flat_map(|text| words(text)).take(4 * ESTIMATED_TEXTS));
        let seen = Zeroizing::new(judged(password.text()));
        let estimate = zxcvbn::zxcvbn(&seen, &known);
        if estimate.score() >= Score::Two {
            return Ok(());
        }
        let feedback = estimate.feedback();
        Err(Weakness::Guessable {
            warning: feedback.and_then(zxcvbn::feedback::Feedback::warning),
            suggestions: feedback.map(|feedback| feedback.suggestions().to_vec()).unwrap_or_default(),
        })
    }
}

/// The parts of an address or a name.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_alphanumeric()).filter(|word| word.chars().count() >= 3)
}

/// Whether at most three letters and digits are left of a password without the words about its owner.
fn is_made_of(password: &str, about: &[String]) -> bool {
    let about: Vec<String> = about.iter().map(|text| text.to_lowercase()).collect();
    let mut words: Vec<&str> = about.iter().flat_map(|text| words(text)).collect();
    words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
    let mut rest = Zeroizing::new(password.to_lowercase());
    let length = rest.len();
    for word in words {
        rest = Zeroizing::new(rest.replace(word, " "));
    }
    rest.len() < length && rest.chars().filter(|character| character.is_alphanumeric()).count() <= 3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    #[test]
    fn a_password_is_bounded_normalized_and_not_shown() {
        for (typed, expected) in [
            ("a".repeat(128), Ok(128)),
            ("a".repeat(129), Err(Unusable::TooLong)),
            ("\u{1f511}".repeat(128), Ok(128)),
            // decomposed: two code points become one
            ("e\u{301}".repeat(128), Ok(128)),
            ("a".repeat(1025), Err(Unusable::TooLong)),
            ("  blanks count  ".to_owned(), Ok(16)),
            ("nul\0inside".to_owned(), Err(Unusable::Nul)),
        ] {
            assert_eq!(
                Password::parse(&typed).map(|password| password.text().chars().count()),
                expected,
                "{typed}"
            );
        }
        assert_eq!(password("caf\u{e9}").text(), password("cafe\u{301}").text());
        assert_eq!(format!("{:?}", password("very secret")), "Password(..)");
    }

    #[test]
    fn weak_passwords_are_named_and_good_ones_pass() {
        let about = ["alice.wonderland@example.com", "Alice Wonderland", "Acme Shop"];
        let check = |text: &str| Rules::default().check(&password(text), &about);
        for good in [
            "correct horse battery staple",
            "tr\u{e4}umende Gr\u{fc}nfinken",
            "\u{6b63}\u{786e}\u{7684}\u{9a6c}\u{7535}\u{6c60}\u{8ba2}\u{4e66}\u{9489}\u{5929}\u{7a7a}\u{6d77}",
            "lowercaseonlybutunusualwombat",
            "8f3k2m9x7q1z",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(check("short"), Err(Weakness::TooShort { min: 12 }));
        for own in [
            "alice.wonderland@example.com",
            "AliceWonderland",
            "Wonderland-Alice-99",
            "acmeshopacmeshop",
            "Alice@Acme!!!1",
        ] {
            assert_eq!(check(own), Err(Weakness::OwnName), "{own}");
        }
        for (guessable, warning) in [
            ("aaaaaaaaaaaa", Some(Warning::RepeatsLikeAaaAreEasyToGuess)),
            ("abcabcabcabc", Some(Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess)),
            ("abcdefghijklmnop", Some(Warning::SequencesLikeAbcAreEasyToGuess)),
            ("passwordpassword", Some(Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess)),
        ] {
            match check(guessable) {
                Err(Weakness::Guessable { warning: told, .. }) => assert_eq!(told, warning, "{guessable}"),
                other => panic!("{guessable}: {other:?}"),
            }
        }
        let strict = Rules { min_length: 15, max_length: 64 };
        assert_eq!(strict.check(&password(&"q".repeat(65)), &[]), Err(Weakness::TooLong { max: 64 }));
    }

    #[test]
    fn a_weakness_says_what_to_do() {
        let weakness = Rules::default().check(&password("aaaaaaaaaaaa"), &[]).unwrap_err();
        assert_eq!(
            weakness.to_string(),
            "The password is easy to guess. Repeats like \"aaa\" are easy to guess. Add another word or two. Uncommon words are better. \
             Avoid repeated words and characters."
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_text_is_judged(typed in "\\PC{0,140}", about in proptest::collection::vec("\\PC{0,40}", 0..10)) {
            let about: Vec<&str> = about.iter().map(String::as_str).collect();
            if let Ok(password) = Password::parse(&typed) {
                let _ = Rules { min_length: 0, max_length: 128 }.check(&password, &about);
            }
        }
    }
}
