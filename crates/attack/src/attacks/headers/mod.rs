//! Security headers (guide §7).

mod grade;
mod leak;
mod missing;
mod on_errors;

use crate::probing::Attack;

pub(super) const ATTACKS: &[Attack] = &[missing::ATTACK, leak::ATTACK, on_errors::ATTACK];
