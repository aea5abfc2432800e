//! Scripts that other people's browsers run.

mod markup;
mod page;
mod payloads;
mod reflected;
mod script;
mod stored;

use crate::attack::Attack;

pub(super) const ATTACKS: &[Attack] = &[reflected::ATTACK, stored::ATTACK];
