//! Mass assignment and excessive data exposure ([guide §6]).
//!
//! [guide §6]: https://github.com/doorward/doorward/blob/main/docs/guide.md#6-mass-assignment

mod assignment;
mod exposure;
mod nested;
mod owner;
mod price;
mod role;

use crate::probing::Attack;

pub(super) const ATTACKS: &[Attack] =
    &[role::ATTACK, price::ATTACK, owner::ATTACK, nested::ATTACK, exposure::ATTACK];
