//! Regression suites of rule sets, in the format of ftw (version 2 of its schema).

mod format;
mod overrides;
mod request;
mod run;
mod server;
mod through;

pub use format::read;
pub use overrides::Overrides;
pub use run::{Way, rule_set, run};
pub use through::ThroughGateway;
