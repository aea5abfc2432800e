//! What rule sets do, and that a faster way to evaluate them does the same.

#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::panic)]

mod core_rule_set;
mod random_rules;
