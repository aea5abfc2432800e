//! The algorithms, each with all that it takes to verify a password.

use std::num::NonZeroU32;

use argon2::{Algorithm, Argon2, Version};
use aws_lc_rs::pbkdf2;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What an Argon2id hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// Memory in KiB: at least 8 for each lane, at most 1 GiB.
    pub memory_kib: u32,
    /// How often the memory is passed through: 1 to 100.
    pub passes: u32,
    /// Into how many lanes the memory is divided: 1 to 16. They are computed one after the other here.
    pub lanes: u32,
}

impl Default for Parameters {
    /// 19 MiB, 2 passes, 1 lane (OWASP Password Storage).
    fn default() -> Self {
        Parameters { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

/// Memory times passes that a single hash may cost, in KiB: 8 GiB, which takes some seconds.
const MOST_WORK: u64 = 8 * 1024 * 1024;

/// The parameters of Argon2id are out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "Argon2id takes 8 KiB of memory for each lane up to 1 GiB, 1 to 100 passes, 1 to 16 lanes, and memory times passes up to 8 GiB"
)]
pub struct OutOfBounds;

impl Parameters {
    /// Checks the bounds.
    ///
    /// # Errors
    /// [`OutOfBounds`], which names them.
    pub fn checked(self) -> Result<Self, OutOfBounds> {
        let fits = (1..=16).contains(&self.lanes)
            && (1..=100).contains(&self.passes)
            && (8 * self.lanes..=1024 * 1024).contains(&self.memory_kib)
            && u64::from(self.memory_kib) * u64::from(self.passes) <= MOST_WORK;
        if fits { Ok(self) } else { Err(OutOfBounds) }
    }

    /// The algorithm with these parameters, for hashes of a length.
    pub(super) fn argon2(self, version: Version, output: usize) -> Result<Argon2<'static>, argon2::Error> {
        let params = argon2::Params::new(self.memory_kib, self.passes, self.lanes, Some(output))?;
        Ok(Argon2::new(Algorithm::Argon2id, version, params))
    }
}

/// All that bcrypt reads of a password, in bytes.
const MAX_BCRYPT: usize = 72;

/// An algorithm with all that it takes to verify a password.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Scheme {
    Argon2id { parameters: Parameters, version: Version, salt: Vec<u8>, hash: Vec<u8> },
    Bcrypt { cost: u32, salt: [u8; 16], hash: Vec<u8> },
    Scrypt { params: ScryptParams, salt: Vec<u8>, hash: Vec<u8> },
    Pbkdf2 { digest: Digest, iterations: NonZeroU32, salt: Vec<u8>, hash: Vec<u8> },
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ScryptParams {
    pub(super) log_n: u8,
    pub(super) r: u32,
    pub(super) p: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Digest {
    Sha256,
    Sha512,
}

impl Scheme {
    /// Whether the password has this hash.
    pub(super) fn is_of(&self, password: &str) -> bool {
        let password = password.as_bytes();
        match self {
            Scheme::Argon2id { parameters, version, salt, hash } => {
                let mut output = vec![0; hash.len()];
                let computed = parameters
                    .argon2(*version, hash.len())
                    .and_then(|argon2| argon2.hash_password_into(password, salt, &mut output));
                computed.is_ok() && bool::from(output.ct_eq(hash))
            }
            Scheme::Bcrypt { cost, salt, hash } => {
                // 72 bytes are all that bcrypt reads; a shorter password ends with a NUL.
                let mut key: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(MAX_BCRYPT));
                key.extend(password.iter().copied().chain([0]).take(MAX_BCRYPT));
                let output = bcrypt::bcrypt(*cost, *salt, &key);
                output.get(..hash.len()).is_some_and(|output| bool::from(output.ct_eq(hash)))
            }
            Scheme::Scrypt { params, salt, hash } => {
                let mut output = vec![0; hash.len()];
                let computed = scrypt::Params::new(params.log_n, params.r, params.p)
                    .is_ok_and(|params| scrypt::scrypt(password, salt, &params, &mut output).is_ok());
                computed && bool::from(output.ct_eq(hash))
            }
            Scheme::Pbkdf2 { digest, iterations, salt, hash } => {
                let algorithm = match digest {
                    Digest::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
                    Digest::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
                };
                pbkdf2::verify(algorithm, *iterations, salt, password, hash).is_ok()
            }
        }
    }
}
