//! OpenAPI documents (3.0 and 3.1) as an allowlist: the operations of an API, their parameters and bodies, and the
//! properties of each schema.
//!
//! A document is read and checked once ([`Document::parse`]); finding an operation and checking a value afterwards
//! neither parse nor fail. Each schema is compiled twice: into a JSON Schema validator for types, and into [`Shapes`]
//! for the properties that a request may set and a response may show.
//!
//! The crate also holds what reading a document needs and others share: path templates ([`PathTemplate`],
//! [`Router`]), JSON Pointers ([`Pointer`]), and errors that name file, line and column ([`Source`], [`Problem`]).
//! It knows nothing of Doorward's policy: `x-doorward` settings are handed on as JSON ([`Document::settings`]).
//!
//! ```
//! use http::Method;
//! use openapi::{Document, Found, Source};
//!
//! let text = "
//! openapi: 3.1.0
//! info: { title: shop, version: '1' }
//! paths:
//!   /orders/{id}:
//!     get:
//!       parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
//!       responses: { '200': { description: one order } }
//! ";
//! let document = Document::parse(&Source::new("api.yaml", text), None)?;
//!
//! let Found::Operation(_, template, captures) = document.find(&Method::GET, "/orders/7") else {
//!     return Err("the operation is declared".into());
//! };
//! assert_eq!(template.as_str(), "/orders/{id}");
//! assert_eq!(captures, [("id", "7")]);
//!
//! assert!(matches!(document.find(&Method::DELETE, "/orders/7"), Found::Method(declared) if declared == [&Method::GET]));
//! assert!(matches!(document.find(&Method::GET, "/admin"), Found::Nothing));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bundle;
mod cost;
mod diagnostics;
mod document;
mod fragment;
mod normalize;
mod operation;
mod overlay;
mod parameter;
mod pointer;
mod positions;
mod reader;
mod router;
mod schema;
mod security;
mod server;
mod settings;
mod shape;
mod text;
mod value;
mod xml;

pub use bundle::Copies;
pub use diagnostics::{Problem, Source};
pub use document::{Document, Found, OperationSettings};
pub use operation::{Body, MediaType, Operation, PathItem, Response};
pub use parameter::{Location, Parameter, ParameterError};
pub use pointer::{Pointer, PointerSegment};
pub use router::{Captures, PathTemplate, Router, Spelling, TemplateError, canonical_path};
pub use schema::Schema;
pub use security::{Alternative, Need, Security, SecurityScheme};
pub use server::Server;
pub use shape::{Direction, ShapeId, Shapes, escape, resolve};
pub use value::read_value;

#[cfg(test)]
mod tests;
