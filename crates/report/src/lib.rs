//! Findings for people and for machines.
//!
//! A tool (the prober, the audit of an OpenAPI document) turns its results into [`Finding`]s, and where it tries
//! doors, into a [`Checklist`]; the modules of this crate are the formats: [`text`], [`json`] and [`sarif`]. A new
//! format is one module that takes a [`Report`].
//!
//! ```
//! use report::{Finding, Location, Report, Severity, sarif, text};
//!
//! let finding = Finding::new("write-without-auth", Severity::Error, "DELETE /users/{id} is open to anybody")
//!     .at(Location::position("api.yaml", 4, 5))
//!     .help("add `security` to the operation");
//! let report = Report { findings: vec![finding], ..Report::default() };
//!
//! assert_eq!(
//!     text::list(&report.findings, Severity::Warning),
//!     "  error   api.yaml:4:5: DELETE /users/{id} is open to anybody  [write-without-auth]\n          \
//!      add `security` to the operation\n",
//! );
//! let tool = sarif::Tool { name: "doorward", version: "1.0.0" };
//! let log = sarif::log(&tool, &report);
//! assert_eq!(log["runs"][0]["results"][0]["ruleId"], "write-without-auth");
//! ```

mod checklist;
mod finding;
pub mod json;
pub mod sarif;
pub mod text;

pub use checklist::{Cell, Checklist, Tally};
pub use finding::{Failure, Finding, Location, Report, Severity, Transcript};
