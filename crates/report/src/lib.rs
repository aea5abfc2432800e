//! Findings for people and for machines.
//!
//! A tool (the prober, the scanners, the audit of an OpenAPI document) turns its results into a [`Report`] of
//! [`Finding`]s, and where it tries one thing after the other, of [`Check`]s. A format is a module with one function of
//! a report: [`text`], [`json`], [`sarif`], [`junit`], [`html`] and [`markdown`]; [`Format`] has them by name. A
//! [`Baseline`] holds what is known already, and [`decide`] says whether what is new fails a build.
//!
//! All texts of a report may come from the system under test. Each format escapes them, shows what would be invisible,
//! shortens what is too long, and hides credentials that a tool forgot.
//!
//! ```
//! use report::text::Style;
//! use report::{Check, Finding, Format, Level, Location, Report, Severity, Threshold, Tool, Verdict, decide};
//!
//! let finding = Finding::new("write-without-auth", Severity::Error, "DELETE /users/{id} is open to anybody")
//!     .rated(Level::Critical)
//!     .at(Location::position("api.yaml", 4, 5))
//!     .references(["CWE-306", "API2:2023"])
//!     .mend_in_code("check the caller before the object is read")
//!     .repeat("curl -X DELETE https://api.test/users/1");
//! let report = Report {
//!     checks: vec![
//!         Check::new("write-without-auth", Verdict::Open, "204 without a credential"),
//!         Check::new("token-none", Verdict::NotTried, "no identity was given"),
//!     ],
//!     findings: vec![finding],
//!     ..Report::default()
//! };
//!
//! let tool = Tool { name: "doorward", version: "1.0.0" };
//! let junit = Format::Junit.render(&tool, &report, Style::Plain);
//! assert!(junit.contains(r#"tests="2" failures="1" errors="0" skipped="1""#));
//! assert!(decide(&report, Threshold::Level(Level::High), None).fails());
//! ```

mod baseline;
mod check;
mod credentials;
mod finding;
mod fingerprint;
mod format;
pub mod html;
pub mod json;
pub mod junit;
mod level;
mod limits;
pub mod markdown;
mod reference;
mod results;
pub mod sarif;
mod severity;
pub mod text;
mod threshold;
mod tool;
mod visible;

pub use baseline::{Baseline, BaselineError, Comparison, Entry};
pub use check::{Category, Check, Counts, Standing, Verdict};
pub use finding::{Finding, Location, Transcript};
pub use format::{Format, UnknownFormat};
pub use level::{Level, UnknownLevel};
pub use reference::{OwaspApi, Reference};
pub use results::{Fact, Failure, Report, Row};
pub use severity::Severity;
pub use threshold::{Decision, Threshold, UnknownThreshold, decide};
pub use tool::Tool;
