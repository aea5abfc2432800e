//! The prober: attacks an API from outside, judges by evidence, and reports.
//!
//! It knows the API by its OpenAPI document ([`Surface`]) and by two accounts that may use it ([`Identity`]). Each
//! attack is one file in `attacks/<door>/`: it states the attacker's question, declares what it needs, sends, and
//! says *exploited* only when the answers prove it. An attack that could not be tried is never shown as blocked. The
//! prober knows nothing of the guard.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use attack::{HttpClient, Options, Status, Surface};
//! use openapi::{Document, Source};
//!
//! let text = r#"{ "openapi": "3.1.0", "paths": { "/orders": { "get": { "responses": { "200": {} } } } } }"#;
//! let surface = Surface::of(&Document::parse(&Source::new("api.json", text), None)?);
//! // Nobody listens on this port.
//! let client = HttpClient::new("http://127.0.0.1:1".parse()?);
//! let report = attack::run(&client, &surface, &Options::default(), &|attack| println!("{attack}")).await;
//!
//! assert_eq!(report.results.len(), attack::all().count());
//! assert!(report.has(Status::Failed) && !report.has(Status::Blocked));
//! # Ok(())
//! # }
//! ```

mod api_url;
mod attack_report;
mod attacks;
mod client;
mod door;
mod identity;
mod need;
mod options;
mod oracle;
mod ordinary;
mod payloads;
mod probe;
mod probing;
mod run;
mod session;
mod surface;
mod token;
mod transcript;
mod verdict;

pub use api_url::{ApiUrl, ApiUrlError};
pub use attack_report::{AttackReport, AttackResult};
pub use attacks::all;
pub use client::{ClientError, HttpClient};
pub use door::{GuideDoor, ShutBy};
pub use identity::{Identity, IdentityError};
pub use need::Need;
pub use options::{Options, Reset};
pub use probe::{Answer, Content, Probe};
pub use probing::Attack;
pub use report::Transcript;
pub use run::run;
pub use surface::{Endpoint, Property, RequestBody, Surface};
pub use verdict::{Status, Verdict};
