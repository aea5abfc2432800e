//! Cross-origin requests and request forgery ([guide §5]).
//!
//! [guide §5]: https://github.com/doorward/doorward/blob/main/docs/guide.md#5-cors-and-request-forgery

mod forgery;
mod lookalike;
mod null;
mod origins;
mod reflected;

use crate::probing::Attack;

pub(super) const ATTACKS: &[Attack] = &[reflected::ATTACK, null::ATTACK, lookalike::ATTACK, forgery::ATTACK];
