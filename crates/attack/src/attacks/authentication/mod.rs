//! Tokens ([guide §8]).
//!
//! [guide §8]: https://github.com/doorward/doorward/blob/main/docs/guide.md#8-authentication

mod expired;
mod unsigned;
mod weak_secret;

use crate::probing::Attack;

pub(super) const ATTACKS: &[Attack] = &[unsigned::ATTACK, weak_secret::ATTACK, expired::ATTACK];
