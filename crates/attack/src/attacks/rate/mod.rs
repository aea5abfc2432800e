//! Limits: of log ins, and of what one request costs ([guide §4]). These come last, and the limit of log ins at the very
//! end: nobody can log in afterwards.
//!
//! [guide §4]: https://github.com/doorward/doorward/blob/main/docs/guide.md#4-rate-limiting

mod code;
mod guess;
mod log_in;
mod page_size;
mod request;
mod spoofed;

use crate::attack::Attack;

pub(super) const ATTACKS: &[Attack] =
    &[page_size::ATTACK, request::ATTACK, code::ATTACK, log_in::ATTACK, spoofed::ATTACK];
