//! Rate limiting ([guide §4]).
//!
//! [guide §4]: https://github.com/doorward/doorward/blob/main/docs/guide.md#4-rate-limiting

mod flood;
mod login;
mod passwords;
mod spoofed;

use crate::probing::Attack;

pub(super) const ATTACKS: &[Attack] = &[login::ATTACK, spoofed::ATTACK, flood::ATTACK];
