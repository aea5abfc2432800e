//! Tokens (guide §8).

mod expired;
mod unsigned;
mod weak_secret;

use crate::probing::Attack;

pub(super) const ATTACKS: &[Attack] = &[unsigned::ATTACK, weak_secret::ATTACK, expired::ATTACK];
