//! Cross-origin requests and request forgery (guide §5).

mod forgery;
mod lookalike;
mod null;
mod origins;
mod reflected;

use crate::probing::Attack;

pub(super) const ATTACKS: &[Attack] = &[reflected::ATTACK, null::ATTACK, lookalike::ATTACK, forgery::ATTACK];
