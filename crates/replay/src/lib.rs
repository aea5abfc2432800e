//! Judges requests from files and labelled values, without a server: what `doorward inspect` does.
//!
//! - [`parse`] reads a request: raw, a curl command, or an HTTP Archive
//! - [`inspect`] passes it through the guard, in front of an API that always gives the same response
//! - [`Corpus`] scores the detectors on values that are known to be attacks or ordinary
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = policy::load(&policy::Inputs::default())?;
//! let request = replay::parse(b"curl 'http://api.example/users?id=1%27+OR+%271%27=%271'")?;
//!
//! let inspection = replay::inspect(policy, replay::Scenario::new(request)).await?;
//! assert_eq!(inspection.status, http::StatusCode::FORBIDDEN);
//! assert!(inspection.forwarded.is_empty(), "the API sees nothing of it");
//! # Ok(())
//! # }
//! ```

mod archive;
mod corpus;
mod curl;
mod inspect;
mod parse;
mod raw;
mod request;

pub use corpus::{Corpus, CorpusError, Judged, Score, Scores};
pub use inspect::{Entry, InspectError, Inspection, Scenario, inspect};
pub use parse::parse;
pub use request::RequestError;
