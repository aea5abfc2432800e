//! What the operator wrote, checked and compiled into a typed policy.
//!
//! A policy comes from two places: `doorward.toml` and, if there is one, an OpenAPI document with `x-doorward` settings
//! beside its operations. Both are parsed once, checked as a whole, and compiled into a [`Policy`] that the doors read
//! without parsing, allocating or failing. A problem in a file is a [`ConfigError`] with file, line, column and help.
//!
//! Each door has one file in `doors/`: its settings with their defaults ([`InjectionConfig`], [`InjectionRouteConfig`]),
//! their compiled form ([`Injection`], [`InjectionRoute`]), and the lines that `doorward check` prints.
//!
//! Nothing here opens a socket: a key set behind a URL is a [`KeySource::Url`], which the gateway fetches.
//!
//! ```
//! use http::Method;
//! use policy::{BuiltInDoor, Inputs, Mode};
//!
//! let text = r#"
//!     [rate]
//!     limits = ["100 per minute"]
//!
//!     [[route]]
//!     path = "/comments/**"
//!     prose = ["text"]
//!     doors = { cors = "observe" }
//! "#;
//! let policy = policy::load(&Inputs { text: Some(text.into()), ..Inputs::default() })?;
//!
//! let (route, _) = policy.table(None).route(&Method::POST, "/comments/7");
//! assert_eq!(route.injection.prose, ["text"]);
//! assert_eq!(route.modes.of(BuiltInDoor::Cors), Mode::Observe);
//! assert_eq!(route.rate.limits[0].to_string(), "100 per 1m by ip");
//!
//! let wrong = Inputs { text: Some("[rate]\nlimitz = []".into()), ..Inputs::default() };
//! let problems = policy::load(&wrong).unwrap_err().problems;
//! assert_eq!(problems[0].position(), Some((2, 1)));
//! assert_eq!(problems[0].help(), Some("did you mean `limits`?"));
//! # Ok::<(), policy::ConfigError>(())
//! ```

mod admin;
mod audit;
mod config;
mod doors;
mod error;
mod gateway;
mod host;
mod load;
mod log;
mod methods;
mod names;
mod origin;
mod policy;
mod reader;
mod renamed;
mod route;
mod rows;
mod settings;
mod store_place;
mod units;
mod weaker;

pub use admin::*;
pub use audit::{Audit, AuditFinding, Severity, audit};
pub use config::{Config, TABLES, Table};
pub use doors::*;
pub use error::ConfigError;
pub use gateway::*;
pub use host::covers;
pub use load::{Inputs, load};
pub use log::*;
pub use origin::{Origin, OriginPattern};
pub use policy::Policy;
pub use reader::PolicyFile;
pub use route::{
    Carries, Destination, Redirect, RedirectConfig, RedirectWithStatus, RouteConfig, RouteMatch,
    RouteMatches, RoutePolicy, RouteTable, ScopeConfig, is_token_endpoint,
};
pub use rows::Row;
pub use settings::{Setting, Settings};
pub use store_place::{SecretUrl, StorePlace};
pub use units::{ByteSize, Period};
pub use weaker::{EFFECTS, Effect, weaker};
