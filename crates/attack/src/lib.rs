//! The prober: attacks an API from outside, judges by evidence, and reports.
//!
//! It knows the API by its OpenAPI document or its GraphQL schema ([`Surface`]) and by accounts that may use it
//! ([`Account`]). First the accounts log in, and every operation is asked an ordinary request: what is served is the
//! control of every attack on it. Each attack is one file in `attacks/<door>/`: it states the attacker's question, sends,
//! and says *open* only when the answers differ from the control as the attack predicts, twice. What could not be tried is
//! never shown as shut. The prober knows nothing of the guard.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use attack::{HttpClient, Options, Surface};
//! use openapi::{Document, Source};
//! use report::Verdict;
//!
//! let text = r#"{ "openapi": "3.1.0", "paths": { "/orders": { "get": { "responses": { "200": {} } } } } }"#;
//! let surface = Surface::of(&Document::parse(&Source::new("api.json", text), None)?);
//! // Nobody listens on this port.
//! let client = HttpClient::new("http://127.0.0.1:1".parse()?);
//! let (report, _) = attack::run(&client, &surface, &Options::default(), &|step| println!("{step}")).await;
//!
//! assert_eq!(report.checks.len(), attack::all().count());
//! assert!(report.checks.iter().all(|check| check.verdict != Verdict::Shut));
//! # Ok(())
//! # }
//! ```

mod answer;
mod api_url;
mod attack;
mod attacks;
mod census;
mod client;
mod discovery;
mod door;
mod identity;
mod options;
mod ordinary;
mod probe;
mod prober;
mod request;
mod run;
mod session;
mod surface;
mod survey;
mod token;
mod transcript;
mod who;

pub use api_url::{ApiUrl, ApiUrlError};
pub use attack::Attack;
pub use attacks::all;
pub use client::{ClientBuilder, ClientCertificate, ClientError, HttpClient, Proxy, ProxyError, Trust};
pub use discovery::{discover, introspect};
pub use door::{GuideDoor, ShutBy};
pub use identity::{Identity, IdentityError};
pub use options::{Account, Options, Reset};
pub use probe::{Answer, Content, Probe, Root};
pub use run::{Summary, run};
pub use surface::graphql_schema::GraphqlSchemaError;
pub use surface::recording::RecordingError;
pub use surface::{
    Body, BodyFormat, Endpoint, Extent, Field, Graphql, GraphqlKind, Kind, Parameter, Place, Role, Scheme,
    Shape, Surface,
};
