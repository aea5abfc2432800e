//! What runs beside the workers, on a thread of its own: reload, health checks and key sets.

mod key_sets;
mod reload;

pub(crate) use reload::watch;
