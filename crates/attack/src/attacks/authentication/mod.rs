//! Passwords, tokens and sessions ([guide §8]).
//!
//! [guide §8]: https://github.com/doorward/doorward/blob/main/docs/guide.md#8-authentication

mod enumeration;
mod expired;
mod guessable;
mod key_id;
mod lifetime;
mod logout;
mod own_key;
mod replay;
mod unsigned;
mod weak_secret;

use crate::probing::Attack;

/// Those that fail to log in come last.
pub(super) const ATTACKS: &[Attack] = &[
    unsigned::ATTACK,
    weak_secret::ATTACK,
    own_key::ATTACK,
    key_id::ATTACK,
    expired::ATTACK,
    lifetime::ATTACK,
    replay::ATTACK,
    logout::ATTACK,
    guessable::ATTACK,
    enumeration::ATTACK,
];
