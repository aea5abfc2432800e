//! SQL injection: values that become part of a statement ([guide §1]).
//!
//! [guide §1]: https://github.com/doorward/doorward/blob/main/docs/guide.md#1-sql-injection

mod boolean;
mod error;
mod log_in;
mod mend;
mod order;
mod stacked;
mod time;
mod union;
mod value;

use crate::attack::Attack;

pub(super) const ATTACKS: &[Attack] = &[
    error::ATTACK,
    boolean::ATTACK,
    value::ATTACK,
    order::ATTACK,
    union::ATTACK,
    time::ATTACK,
    stacked::ATTACK,
    log_in::ATTACK,
];
