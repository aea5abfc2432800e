//! Cross-site scripting ([guide §3]).
//!
//! [guide §3]: https://github.com/doorward/doorward/blob/main/docs/guide.md#3-cross-site-scripting

mod cookie;
mod reflected;
mod stored;

use crate::probing::Attack;

pub(super) const ATTACKS: &[Attack] = &[stored::ATTACK, reflected::ATTACK, cookie::ATTACK];
