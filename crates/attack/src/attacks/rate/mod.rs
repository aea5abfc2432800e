//! Rate limiting (guide §4).

mod flood;
mod login;
mod passwords;
mod spoofed;

use crate::probing::Attack;

pub(super) const ATTACKS: &[Attack] = &[login::ATTACK, spoofed::ATTACK, flood::ATTACK];
