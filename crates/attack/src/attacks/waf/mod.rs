//! What a web application firewall stops ([guide §9]).
//!
//! [guide §9]: https://github.com/doorward/doorward/blob/main/docs/guide.md#9-web-application-firewall

mod large_login;
mod lookup;
mod no_agent;
mod reach;
mod smuggling;
mod traversal;

use crate::probing::Attack;

pub(super) const ATTACKS: &[Attack] =
    &[no_agent::ATTACK, large_login::ATTACK, smuggling::ATTACK, lookup::ATTACK, traversal::ATTACK];
