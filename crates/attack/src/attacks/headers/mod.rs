//! Security headers ([guide §7]).
//!
//! [guide §7]: https://github.com/doorward/doorward/blob/main/docs/guide.md#7-security-headers

mod grade;
mod leak;
mod missing;
mod on_errors;

use crate::probing::Attack;

pub(super) const ATTACKS: &[Attack] = &[missing::ATTACK, leak::ATTACK, on_errors::ATTACK];
