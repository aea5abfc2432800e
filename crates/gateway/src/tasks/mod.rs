//! What runs beside the workers, on a thread of its own: reload, log rotation, health checks, key sets, lists, bans.

mod crawlers;
mod key_sets;
mod lists;
mod notice;
mod reload;
mod rotation;
mod standing;

pub(crate) use reload::watch;
pub(crate) use rotation::rotate;
pub(crate) use standing::{count_seconds, read_board};
