//! The ModSecurity rule language: files parsed into directives and rules, with file and line.
//!
//! This is the reading half of the engine: it understands the syntax of every directive (continuation lines, quoting,
//! comments), takes `SecRule` and `SecAction` apart, and answers what a rule matches and what it does. It does no
//! I/O: texts come in, rules go out.

mod actions;
mod lexer;
mod rule;

pub use actions::Action;
pub use lexer::{Directive, SyntaxError, directives};
pub use rule::{Operator, Rule, Variable, rules};
