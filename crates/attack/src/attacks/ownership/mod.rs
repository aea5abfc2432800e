//! Broken object level authorization: objects of other people ([guide §2]).
//!
//! [guide §2]: https://github.com/doorward/doorward/blob/main/docs/guide.md#2-broken-object-level-authorization

mod batch;
mod created;
mod delete;
mod graphql;
mod list;
mod neighbours;
mod nested;
mod objects;
mod profile;
mod write;

use crate::probing::Attack;

pub(super) const ATTACKS: &[Attack] = &[
    profile::ATTACK,
    created::ATTACK,
    neighbours::ATTACK,
    list::ATTACK,
    write::ATTACK,
    delete::ATTACK,
    batch::ATTACK,
    nested::ATTACK,
    graphql::ATTACK,
];
