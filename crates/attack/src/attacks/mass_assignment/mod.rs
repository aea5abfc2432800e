//! Mass assignment and excessive data exposure (guide §6).

mod assignment;
mod exposure;
mod nested;
mod owner;
mod price;
mod role;

use crate::probing::Attack;

pub(super) const ATTACKS: &[Attack] =
    &[role::ATTACK, price::ATTACK, owner::ATTACK, nested::ATTACK, exposure::ATTACK];
