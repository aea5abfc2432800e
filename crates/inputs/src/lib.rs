//! What an HTTP message carries, read once and strictly: cookies, queries, forms, multipart, JSON, XML, GraphQL.
//!
//! Bytes in, values or a typed error out. A reader here accepts what every server reads alike and refuses the rest, so
//! that what the doors judge is what the API gets. The crate knows no HTTP library: a caller hands in the value of
//! `Content-Type` and the body.
//!
//! [`rules`] holds the second set of readers, those of the rule engine: they read as ModSecurity reads, take broken
//! bodies as far as they go, and set flags that rules ask for.
//!
//! ```
//! use inputs::{ParsedBody, StructureLimits, parse_body};
//!
//! let limits = StructureLimits { depth: 32, members: 1000 };
//! let body = bytes::Bytes::from_static(b"name=Ada&city=London");
//! let parsed = parse_body(b"application/x-www-form-urlencoded", &body, limits)?;
//! assert_eq!(parsed, ParsedBody::Form(vec![("name".into(), "Ada".into()), ("city".into(), "London".into())]));
//!
//! // Two keys of one name: one server takes the first, another the last.
//! let body = bytes::Bytes::from_static(br#"{"role": "user", "role": "admin"}"#);
//! assert!(parse_body(b"application/json", &body, limits).is_err());
//! # Ok::<(), inputs::BodyError>(())
//! ```

mod body;
mod content_type;
mod disposition;
mod element;
mod error;
#[cfg(feature = "graphql")]
pub mod graphql;
#[cfg(feature = "graphql")]
mod graphql_document;
#[cfg(feature = "graphql")]
mod graphql_lexer;
#[cfg(feature = "graphql")]
mod graphql_literals;
#[cfg(feature = "graphql")]
mod graphql_log_ins;
mod graphql_path;
#[cfg(feature = "graphql")]
mod graphql_shape;
#[cfg(feature = "graphql")]
mod graphql_stored;
#[cfg(feature = "graphql")]
mod graphql_uploads;
pub mod grpc;
mod input;
mod json;
mod limits;
mod loose_json;
mod media_type;
mod multipart;
mod multipart_error;
mod multipart_stream;
mod names;
mod pairs;
mod parameters;
mod protobuf;
pub mod rules;
pub mod slice;
mod sniff;
#[cfg(feature = "xml")]
mod xml;

pub use body::{Enclosed, ParsedBody, other_readings, parse_body};
pub use content_type::{ContentType, ContentTypeError};
pub use element::XmlElement;
pub use error::BodyError;
#[cfg(feature = "graphql")]
pub use graphql_log_ins::LogInBy;
pub use graphql_path::GraphqlPath;
#[cfg(feature = "graphql")]
pub use graphql_shape::Shape as GraphqlShape;
pub use input::{Input, InputKind};
pub use json::{JsonError, parse_json};
pub use limits::StructureLimits;
pub use media_type::{is_json, media_type};
pub use multipart::{Part, with_types, write_multipart};
pub use multipart_error::MultipartError;
pub use multipart_stream::{MultipartStream, StreamError};
pub use names::{folded_name, is_same_name, top_name, top_names};
pub use pairs::{bracket_pairs, byte_pairs, cookie_readings, pairs, semicolon_pairs};
pub use sniff::{begins_structured, is_binary_file, is_read_whole, may_stream, texts, texts_of_window};
