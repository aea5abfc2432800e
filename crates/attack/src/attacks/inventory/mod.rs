//! What is served and in no document.

mod content;
mod debug;
mod files;
mod ground;
mod listed;
mod method;
mod spec;
mod version;

use crate::attack::Attack;

pub(super) const ATTACKS: &[Attack] =
    &[debug::ATTACK, version::ATTACK, files::ATTACK, spec::ATTACK, method::TAMPER, method::TRACE];
