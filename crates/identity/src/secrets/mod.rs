//! The secrets of a person: what is typed, what is kept of it, and whether the two agree.
//!
//! | module | content |
//! |---|---|
//! | [`password`] | what a person typed, and whether it is good enough for a new password |
//! | [`hash`] | what is kept of a password: Argon2id of our own, and the hashes of imported accounts |
//! | [`pool`] | hashing in a bounded number of threads |
//! | [`totp`] | one-time codes of an authenticator app |
//! | [`recovery`] | codes for a person who lost the second factor |
//! | [`breached`] | passwords that are in the lists of attackers |
//! | [`random`] | tokens and ids that nobody can guess |
//!
//! Nothing here knows HTTP, and nothing opens a file but the filter of breached passwords. No type shows a secret in its
//! `Debug` form.

pub mod breached;
mod estimate;
pub mod hash;
pub mod password;
pub mod pool;
pub mod random;
pub mod recovery;
pub mod totp;

pub use hash::{Parameters, PasswordHash};
pub use password::{Password, Rules, Weakness};
pub use pool::{Busy, Hasher, Outcome};
pub use recovery::RecoveryCodes;
pub use totp::TotpSecret;
