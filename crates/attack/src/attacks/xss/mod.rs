//! Cross-site scripting (guide §3).

mod cookie;
mod reflected;
mod stored;

use crate::probing::Attack;

pub(super) const ATTACKS: &[Attack] = &[stored::ATTACK, reflected::ATTACK, cookie::ATTACK];
