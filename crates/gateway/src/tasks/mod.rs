//! What runs beside the workers, on a thread of its own: reload, log rotation, health checks and key sets.

mod key_sets;
mod reload;
mod rotation;

pub(crate) use reload::watch;
pub(crate) use rotation::rotate;
