//! The ModSecurity rule language (SecLang): parsed, compiled, and run against HTTP exchanges. Loads the OWASP Core Rule
//! Set unmodified.
//!
//! A [`RuleSet`] is loaded once. A [`Transaction`] holds one exchange and runs the rules on it, phase by phase; it
//! reports [`RuleMatch`]es and, if a rule refuses the exchange, an [`Intervention`]. There is no HTTP type in here, and
//! no I/O after loading.
//!
//! ```
//! use std::path::Path;
//! use seclang::{Phase, RequestHead, RuleSet, Transaction};
//!
//! let rules = RuleSet::parse(
//!     "example.conf",
//!     r#"SecRule ARGS "@rx (?i)union\s+select" "id:1,phase:2,deny,status:403,t:urlDecodeUni,msg:'SQL injection'""#,
//!     Path::new("."),
//! )?;
//! let head = RequestHead {
//!     method: b"GET",
//!     target: b"/items?id=1+UNION+SELECT+password",
//!     protocol: b"HTTP/1.1",
//!     headers: &[(b"Host", b"shop.example")],
//!     client: Some([192, 0, 2, 7].into()),
//! };
//! let mut transaction = Transaction::new(&rules, &head, b"request-1");
//! assert_eq!(transaction.run(Phase::RequestHeaders), None);
//! let intervention = transaction.run(Phase::RequestBody).unwrap();
//! assert_eq!((intervention.rule, intervention.status), (1, 403));
//! assert_eq!(transaction.matches()[0].message, "SQL injection");
//! # Ok::<(), seclang::SyntaxError>(())
//! ```
//!
//! # How rules are evaluated
//!
//! - **Compiled** (`loader`, `compile`): directives become rules with resolved targets, operators and transformations.
//! - **Filtered** (`filter`): most rules need one of some literals to occur. Each distinct value meets each distinct
//!   transformation chain once, and one search over the literals of all rules names the few rules that may match.
//!   Rules without literals share one alternation of their regular expressions.
//! - **Interpreted** (`evaluate`): only candidate rules run, by a plain interpreter. The filter can only leave rules out;
//!   without it ([`Transaction::without_filter`]) every rule runs on every value, with the same result. Property tests,
//!   a fuzz target and `doorward rules test --compare` hold the filter to that.

mod actions;
mod collection;
mod compile;
mod compiled_rule;
mod ctl;
mod evaluate;
mod filter;
mod id_ranges;
mod lexer;
mod literals;
mod loader;
mod macros;
mod operator;
mod records;
mod rule;
mod ruleset;
mod settings;
mod transaction;
mod transform;
mod tx;
mod values;
mod variable;

pub use actions::Action;
pub use collection::Collection;
pub use evaluate::Phase;
pub use lexer::{Directive, SyntaxError, directives};
pub use records::Records;
pub use rule::{Operator, Rule, Variable, rules};
pub use ruleset::RuleSet;
pub use settings::EngineMode;
pub use transaction::{Intervention, RequestHead, ResponseHead, RuleMatch, Transaction};
pub use transform::{Transformation, apply_all};
