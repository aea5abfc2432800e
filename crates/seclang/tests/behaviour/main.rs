//! What rules do, with and without the filter.

#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::panic)]

mod core_rule_set;
mod language;
mod random_rules;
