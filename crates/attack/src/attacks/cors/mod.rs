//! Other sites: who may read answers, and write with the victim's cookies ([guide §5]).
//!
//! [guide §5]: https://github.com/doorward/doorward/blob/main/docs/guide.md#5-cors-and-request-forgery

mod csrf;
mod origin;

use crate::attack::Attack;

pub(super) const ATTACKS: &[Attack] = &[origin::ATTACK, csrf::ATTACK];
