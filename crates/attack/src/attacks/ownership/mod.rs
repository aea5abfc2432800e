//! Broken object and function level authorization: what belongs to others, and what is for administrators
//! ([guide §2]).
//!
//! [guide §2]: https://github.com/doorward/doorward/blob/main/docs/guide.md#2-broken-object-level-authorization

mod account;
mod administrative;
mod aim;
mod batch;
mod change;
mod delete;
mod function;
mod list;
mod missing;
mod privacy;
mod read;
mod write;

use crate::attack::Attack;

pub(super) const ATTACKS: &[Attack] = &[
    read::ATTACK,
    batch::ATTACK,
    list::ATTACK,
    write::ATTACK,
    account::ATTACK,
    delete::ATTACK,
    missing::ATTACK,
    function::ATTACK,
];
