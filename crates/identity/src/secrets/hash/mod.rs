//! What is kept of a password.
//!
//! New hashes are Argon2id, with the parameters of the policy (OWASP Password Storage: 19 MiB, 2 passes, 1 lane or more).
//! Accounts that come from elsewhere keep the hash that they have: it is verified as its system did, and replaced at the next
//! log in ([`PasswordHash::is_outdated`]).
//!
//! - bcrypt reads only the first 72 bytes of a password. For an imported hash this stays so, as every system behind such a
//!   hash does it; the Argon2id hash that replaces it is made of the whole password. Implementations disagree about a NUL
//!   inside a password; [`Password`] contains none.
//! - Other systems hashed what was typed without normalizing it. Where [`Password`] had to change the text, the text as it was
//!   typed is tried as well.
//! - Hashes that are fast to compute (MD5, SHA-1, SHA-256, salted or not) are refused: whoever has a copy of them tries
//!   billions of passwords a second.

mod parse;
mod scheme;
#[cfg(test)]
mod tests;

use std::fmt;

use argon2::Version;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

pub use parse::Unsupported;
use scheme::Scheme;
pub use scheme::{OutOfBounds, Parameters};

use super::password::Password;
use super::random;

/// The length of our own salts and hashes, in bytes.
const SALT: usize = 16;
const OUTPUT: usize = 32;

/// The hash of a password, parsed and within bounds. [`PasswordHash::as_str`] is its text; it is not shown in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    text: String,
    scheme: Scheme,
}

impl PasswordHash {
    /// Reads the text of a hash.
    ///
    /// # Errors
    /// [`Unsupported`], with what is accepted.
    pub fn parse(text: &str) -> Result<Self, Unsupported> {
        let scheme = parse::scheme(text)?;
        Ok(PasswordHash { text: text.to_owned(), scheme })
    }

    /// A new Argon2id hash with a random salt. It takes tens of milliseconds: [`super::pool`] does it beside the gate's work.
    ///
    /// # Errors
    /// [`OutOfBounds`], if the parameters are.
    pub fn new(password: &Password, parameters: &Parameters) -> Result<Self, OutOfBounds> {
        let salt = random::bytes::<SALT>();
        let mut hash = vec![0; OUTPUT];
        let argon2 = parameters.checked()?.argon2(Version::V0x13, OUTPUT).map_err(|_| OutOfBounds)?;
        argon2.hash_password_into(password.text().as_bytes(), &salt, &mut hash).map_err(|_| OutOfBounds)?;
        let Parameters { memory_kib, passes, lanes } = *parameters;
        let text = format!(
            "$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${}${}",
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(&hash)
        );
        let scheme =
            Scheme::Argon2id { parameters: *parameters, version: Version::V0x13, salt: salt.to_vec(), hash };
        Ok(PasswordHash { text, scheme })
    }

    /// The text that [`parse`](Self::parse) reads.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name of the algorithm, for events and lists.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        match self.scheme {
            Scheme::Argon2id { .. } => "argon2id",
            Scheme::Bcrypt { .. } => "bcrypt",
            Scheme::Scrypt { .. } => "scrypt",
            Scheme::Pbkdf2 { .. } => "pbkdf2",
        }
    }

    /// Whether this is the hash of the password. As slow as the hash is.
    #[must_use]
    pub fn verify(&self, password: &Password) -> bool {
        self.scheme.is_of(password.text())
            || password.as_typed().is_some_and(|typed| self.scheme.is_of(typed))
    }

    /// Whether a new hash should replace this one: it is of another algorithm or of other parameters, weaker or stronger. If all
    /// hashes cost the same, the time of a log in tells nothing about the account.
    #[must_use]
    pub fn is_outdated(&self, present: &Parameters) -> bool {
        match &self.scheme {
            Scheme::Argon2id { parameters, version, salt, hash } => {
                parameters != present
                    || *version != Version::V0x13
                    || salt.len() < SALT
                    || hash.len() < OUTPUT
            }
            _ => true,
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PasswordHash({})", self.algorithm())
    }
}
