//! Headers that protect browsers, or tell too much, and errors that do.

mod cookies;
mod errors;
mod grade;
mod security;
mod software;
mod traces;

use crate::attack::Attack;

pub(super) const ATTACKS: &[Attack] = &[security::ATTACK, software::ATTACK, cookies::ATTACK, errors::ATTACK];
