//! What GraphQL itself opens ([guide, beyond the nine doors]).
//!
//! [guide, beyond the nine doors]: https://github.com/doorward/doorward/blob/main/docs/guide.md#beyond-the-nine-doors

mod aliases;
mod ask;
mod batching;
mod depth;
mod get;
mod introspection;
mod log_in_aliases;
mod suggestions;

use crate::attack::Attack;

pub(super) const ATTACKS: &[Attack] = &[
    introspection::ATTACK,
    suggestions::ATTACK,
    batching::ATTACK,
    aliases::ATTACK,
    depth::ATTACK,
    get::ATTACK,
];

/// Those that may exhaust the limit of log ins.
pub(super) const LAST: &[Attack] = &[log_in_aliases::ATTACK];
