//! Fields that only the server may set, and answers with more than they should have ([guide §6]).
//!
//! [guide §6]: https://github.com/doorward/doorward/blob/main/docs/guide.md#6-mass-assignment

mod assign;
mod candidates;
mod exposure;

use crate::attack::Attack;

pub(super) const ATTACKS: &[Attack] = &[exposure::ATTACK, assign::ATTACK];
