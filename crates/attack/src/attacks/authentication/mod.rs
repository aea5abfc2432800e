//! Tokens, sessions and passwords ([guide §8]).
//!
//! [guide §8]: https://github.com/doorward/doorward/blob/main/docs/guide.md#8-authentication

mod carried;
mod claims;
mod confusion;
mod enumeration;
mod expired;
mod fixation;
mod lifetime;
mod log_out;
mod password_change;
mod password_form;
mod policy;
mod refresh;
mod secret;
mod session_end;
mod unsigned;
mod words;

use crate::attack::Attack;

pub(super) const ATTACKS: &[Attack] = &[
    unsigned::ATTACK,
    secret::ATTACK,
    confusion::ATTACK,
    expired::ATTACK,
    claims::ATTACK,
    lifetime::ATTACK,
    refresh::ATTACK,
    log_out::ATTACK,
    fixation::ATTACK,
    session_end::ATTACK,
    password_change::ATTACK,
    policy::ATTACK,
    // Wrong passwords come last: they may be counted.
    enumeration::ATTACK,
];
