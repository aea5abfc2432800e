//! The ModSecurity rule language: files parsed into directives and rules, with file and line, compiled, and run.
//!
//! A [`RuleSet`] is read once; a [`Transaction`] holds one exchange against it, phase by phase. There is no HTTP and no
//! waiting in here, and no input or output after loading: texts come in, matches and interventions go out.
//!
//! What runs rules is a plain interpreter: every rule, on every value.

mod actions;
mod compile;
mod ctl;
mod evaluate;
mod filter;
mod glob;
mod lexer;
mod literals;
mod loader;
mod macros;
mod operator;
mod records;
mod rule;
mod ruleset;
mod transaction;
mod transform;
mod tx;
mod values;
mod variable;

pub use actions::Action;
pub use evaluate::Phase;
pub use lexer::{Directive, SyntaxError, directives};
pub use records::Records;
pub use rule::{Operator, Rule, Variable, rules};
pub use ruleset::{EngineMode, RuleSet};
pub use transaction::{Intervention, RequestHead, ResponseHead, RuleMatch, Transaction};
pub use transform::{Transformation, apply_all};
pub use variable::Collection;
