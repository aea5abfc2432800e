//! SQL injection (guide §1).

mod boolean;
mod error;
mod stacked;
mod union;

use crate::probing::Attack;

pub(super) const ATTACKS: &[Attack] = &[boolean::ATTACK, union::ATTACK, error::ATTACK, stacked::ATTACK];
