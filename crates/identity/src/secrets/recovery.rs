//! Recovery codes, for a person who lost the second factor.
//!
//! Ten codes of 80 random bits, written in Crockford's base32, which has no letters that look alike. Each works once.
//!
//! What is stored is SHA-256 of a salt and the code. A slow hash protects what people choose; 2^80 random codes cannot be
//! tried at any speed. The salt is for each set of codes, so that a copy of many accounts cannot be searched for all their
//! codes at once.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::random;

/// How many codes a person gets.
pub const CODES: usize = 10;
/// Characters of a code, five bits each.
const CHARACTERS: usize = 16;
const GROUP: usize = 4;
/// The longest text that is read, with blanks.
const MAX_TYPED: usize = 64;
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The hashes of the codes that a person has left, in the order in which they were shown. It is stored as JSON.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodes {
    #[serde(serialize_with = "write", deserialize_with = "read")]
    salt: [u8; 16],
    left: Vec<Hash>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Hash(#[serde(serialize_with = "write", deserialize_with = "read")] [u8; 32]);

impl RecoveryCodes {
    /// New codes as they are shown to the person, once (`8F3K-2M9X-7Q1Z-R4TB`), and what is stored of them.
    #[must_use]
    pub fn generate() -> (Vec<String>, Self) {
        let salt = random::bytes::<16>();
        let codes: Vec<[u8; CHARACTERS]> =
            (0..CODES).map(|_| random::bytes::<CHARACTERS>().map(letter)).collect();
        let left = codes.iter().map(|code| hash(&salt, code)).collect();
        (codes.iter().map(|code| shown(code)).collect(), RecoveryCodes { salt, left })
    }

    /// The index of the code that was typed, with or without blanks and hyphens, in either case, with `O` for `0` and `I` or `L`
    /// for `1`. All are compared, each in constant time.
    #[must_use]
    pub fn find(&self, typed: &str) -> Option<usize> {
        let typed = hash(&self.salt, &folded(typed)?);
        let mut found = None;
        for (index, Hash(known)) in self.left.iter().enumerate() {
            if bool::from(known.ct_eq(&typed.0)) {
                found = Some(index);
            }
        }
        found
    }

    /// Removes a code that was used.
    pub fn spend(&mut self, index: usize) {
        if index < self.left.len() {
            self.left.remove(index);
        }
    }

    /// How many codes are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.left.len()
    }
}

/// Five of the eight bits choose a letter: 32 divides 256, so all are equally likely.
fn letter(random: u8) -> u8 {
    ALPHABET.get(usize::from(random % 32)).copied().unwrap_or(b'0')
}

fn shown(code: &[u8]) -> String {
    let groups: Vec<String> =
        code.chunks(GROUP).map(|group| group.iter().copied().map(char::from).collect()).collect();
    groups.join("-")
}

fn hash(salt: &[u8; 16], code: &[u8; CHARACTERS]) -> Hash {
    Hash(Sha256::new().chain_update(salt).chain_update(code).finalize().into())
}

/// The letters of a typed code, as they were shown.
fn folded(typed: &str) -> Option<[u8; CHARACTERS]> {
    if typed.len() > MAX_TYPED {
        return None;
    }
    let letters: Vec<u8> = typed
        .chars()
        .filter(|character| !character.is_whitespace() && !matches!(character, '-' | '\u{2010}'..='\u{2015}'))
        .map(|character| match character.to_ascii_uppercase() {
            'O' => Some(b'0'),
            'I' | 'L' => Some(b'1'),
            other => u8::try_from(other).ok().filter(|letter| ALPHABET.contains(letter)),
        })
        .collect::<Option<_>>()?;
    letters.try_into().ok()
}

fn write<S: Serializer, const N: usize>(bytes: &[u8; N], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
}

fn read<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[u8; N], D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| serde::de::Error::custom("a recovery code's hash is damaged"))
}

impl fmt::Debug for RecoveryCodes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RecoveryCodes({} left)", self.left.len())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_code_is_found_as_people_type_it_and_works_once() {
        let (shown, mut codes) = RecoveryCodes::generate();
        assert_eq!((shown.iter().collect::<HashSet<_>>().len(), codes.left()), (10, 10));
        for (index, code) in shown.iter().enumerate() {
            assert_eq!((code.len(), code.matches('-').count()), (19, 3), "{code}");
            for typed in [
                code.clone(),
                code.to_lowercase(),
                code.replace('-', ""),
                code.replace('-', " ") + " ",
                code.replace('-', "\u{2013}"),
                code.replace('0', "O").replace('1', "l"),
                code.replace('0', "o").replace('1', "I"),
            ] {
                assert_eq!(codes.find(&typed), Some(index), "{typed}");
            }
        }
        for wrong in [
            "",
            "0000-0000-0000-0000",
            "UUUU-UUUU-UUUU-UUUU",
            shown[0].get(..18).unwrap(),
            &format!("{}0", shown[0]),
            &" ".repeat(100),
        ] {
            assert_eq!(codes.find(wrong), None, "{wrong}");
        }
        codes.spend(3);
        assert_eq!((codes.find(&shown[3]), codes.find(&shown[4]), codes.left()), (None, Some(3), 9));
        codes.spend(100);
        assert_eq!(codes.left(), 9);
    }

    #[test]
    fn codes_are_stored_as_json_and_not_shown() {
        let (shown, codes) = RecoveryCodes::generate();
        let json = serde_json::to_string(&codes).unwrap();
        assert!(shown.iter().all(|code| !json.contains(code)));
        assert_eq!(serde_json::from_str::<RecoveryCodes>(&json).unwrap(), codes);
        assert!(serde_json::from_str::<RecoveryCodes>(r#"{"salt":"AA","left":[]}"#).is_err());
        assert_eq!(format!("{codes:?}"), "RecoveryCodes(10 left)");
    }

    #[test]
    fn the_hash_is_that_of_salt_and_code() {
        // The hash of two accounts with the same code differs.
        assert!(hash(&[0; 16], b"0000000000000000") != hash(&[1; 16], b"0000000000000000"));
    }

    proptest! {
        #[test]
        fn any_text_is_judged(typed in "\\PC{0,80}") {
            let (_, codes) = RecoveryCodes::generate();
            prop_assert_eq!(codes.find(&typed), None);
        }
    }
}
