//! SQL injection ([guide §1]).
//!
//! [guide §1]: https://github.com/doorward/doorward/blob/main/docs/guide.md#1-sql-injection

mod boolean;
mod error;
mod stacked;
mod union;

use crate::probing::Attack;

pub(super) const ATTACKS: &[Attack] = &[boolean::ATTACK, union::ATTACK, error::ATTACK, stacked::ATTACK];
