//! Runs the regression suites of ModSecurity rule sets: files in the format of `go-ftw` (version 2 of its schema), such
//! as those of the OWASP Core Rule Set.
//!
//! A suite sends requests and says which rules must match. [`test()`] runs the suite of a rule set's directory. It needs no
//! server: each request is read as a web server reads it and given to the engine. It can also send the bytes of each
//! request to a gateway of its own.
//!
//! ```
//! use std::path::Path;
//!
//! let suite = ftw::Suite::parse("
//! rule_id: 1
//! tests:
//!   - test_id: 1
//!     stages:
//!       - input: { uri: '/?q=attack', headers: { Host: a } }
//!         output: { log: { expect_ids: [1] } }
//!   - test_id: 2
//!     stages:
//!       - input: { uri: '/?q=apples', headers: { Host: a } }
//!         output: { log: { no_expect_ids: [1] } }
//! ")?;
//! let rule = "SecRuleEngine DetectionOnly\nSecRule ARGS \"@contains attack\" \"id:1,phase:1,pass\"";
//! let rules = seclang::RuleSet::parse("rules.conf", rule, Path::new("."))?;
//!
//! let report = ftw::run(ftw::Runner::InProcess(&rules), &[suite]);
//! assert_eq!(report.passed, 2);
//! assert!(report.failures.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bytes;
mod engine;
mod error;
mod gateway;
mod overrides;
mod request;
mod run;
mod seen;
mod server;
mod suite;
mod test;

pub use engine::rule_set;
pub use error::FtwError;
pub use gateway::TestGateway;
pub use overrides::Overrides;
pub use run::{Failure, Report, Runner, run};
pub use suite::{Input, Log, NamedHeader, Output, Scalar, Stage, Suite, Test, read};
pub use test::{Mode, Options, test};
