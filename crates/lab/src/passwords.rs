//! Stored passwords: a fast hash, or one that is slow by design ([guide §8]). And which passwords an account may have.
//!
//! [guide §8]: https://github.com/doorward/doorward/blob/main/docs/guide.md#8-authentication

use argon2::{Algorithm, Argon2, Params};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest, Sha256};

use crate::randomness;
use crate::version::Version;

/// What the hardened shop knows of passwords that attackers know.
const KNOWN: [&str; 4] = ["password1234", "123456789012", "qwertyuiop12", "Password123!"];

/// What is stored of a password.
///
/// # Errors
/// If the operating system has no randomness for a salt.
pub(crate) fn hash(version: Version, password: &str) -> std::io::Result<String> {
    Ok(match version {
        // Vulnerable: billions of guesses a second, and the same for everybody with this password.
        Version::Vulnerable => fast(password),
        Version::Hardened => {
            let salt = randomness::bytes::<16>()?;
            format!("{}${}", STANDARD_NO_PAD.encode(salt), slow(&salt, password))
        }
    })
}

fn fast(password: &str) -> String {
    Sha256::digest(password).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a password is the stored one. An account that is not there takes as long as one that is.
pub(crate) fn is_right(version: Version, password: &str, stored: Option<&str>) -> bool {
    match version {
        Version::Vulnerable => stored == Some(&*fast(password)),
        Version::Hardened => {
            let (salt, expected) = stored.and_then(|stored| stored.split_once('$')).unwrap_or(("", ""));
            let salt = STANDARD_NO_PAD
                .decode(salt)
                .ok()
                .filter(|salt| salt.len() == 16)
                .unwrap_or_else(|| vec![0; 16]);
            let found = slow(&salt, password);
            !expected.is_empty() && found == expected
        }
    }
}

/// Argon2id with 19 MiB and two passes, as OWASP has it.
fn slow(salt: &[u8], password: &str) -> String {
    let mut hash = [0; 32];
    let params = Params::new(19 * 1024, 2, 1, Some(hash.len())).unwrap_or_default();
    let hasher = Argon2::new(Algorithm::Argon2id, argon2::Version::V0x13, params);
    match hasher.hash_password_into(password.as_bytes(), salt, &mut hash) {
        Ok(()) => STANDARD_NO_PAD.encode(hash),
        // Equal to nothing that is stored.
        Err(_) => String::new(),
    }
}

/// Whether an account may have a password.
pub(crate) fn is_allowed(version: Version, password: &str) -> bool {
    match version {
        Version::Vulnerable => true,
        Version::Hardened => (12..=128).contains(&password.chars().count()) && !KNOWN.contains(&password),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_password_is_the_only_one() {
        for version in [Version::Vulnerable, Version::Hardened] {
            let stored = hash(version, "wonderland-2026").unwrap();
            for (password, stored, is_it) in [
                ("wonderland-2026", Some(stored.as_str()), true),
                ("wonderland-2027", Some(stored.as_str()), false),
                ("wonderland-2026", None, false),
                ("", Some(""), false),
            ] {
                assert_eq!(is_right(version, password, stored), is_it, "{version:?} {password}");
            }
        }
        assert_ne!(
            hash(Version::Hardened, "a").unwrap(),
            hash(Version::Hardened, "a").unwrap(),
            "each has a salt"
        );
    }
}
