//! Regression suites of rule sets, in the format of ftw (version 2 of its schema).

mod format;
mod request;
mod run;
mod server;

pub use format::read;
pub use run::{Evaluation, in_process, rule_set};
