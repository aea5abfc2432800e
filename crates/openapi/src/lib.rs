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
mod diagnostics;
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
mod server;
mod shape;
mod text;
mod xml;

pub use bundle::{Copies, read_value};
pub use diagnostics::{Problem, Source};
pub use operation::{Body, MediaType, Operation, PathItem, Response};
pub use parameter::{Location, Parameter, ParameterError};
pub use pointer::{Pointer, PointerSegment};
pub use router::{Captures, PathTemplate, Router, Spelling, TemplateError};
pub use schema::Schema;
pub use server::Server;
pub use shape::{Direction, ShapeId, Shapes, escape, resolve};

use std::path::{Path, PathBuf};

use bundle::Bundle;
use http::Method;
use serde_json::Value;

/// An OpenAPI document, compiled.
#[derive(Debug)]
pub struct Document {
    router: Router<PathItem>,
    /// Which properties each schema knows.
    pub shapes: Shapes,
    settings: Vec<OperationSettings>,
    servers: Vec<Server>,
    bundle: Bundle,
}

/// What `x-doorward` says about an operation, of the document, the path and the operation taken together.
#[derive(Debug)]
pub struct OperationSettings {
    /// The path, with the base path of the server.
    pub template: PathTemplate,
    /// The method.
    pub method: Method,
    /// Name, value, and the JSON Pointer where it was written.
    pub settings: Vec<(String, Value, String)>,
}

/// What a document says about a method and a path.
#[derive(Debug)]
pub enum Found<'d, 'p> {
    /// A declared operation, its path template and the values of its path parameters.
    Operation(&'d Operation, &'d PathTemplate, Captures<'d, 'p>),
    /// The path is declared, the method is not; the declared ones follow.
    Method(Vec<&'d Method>),
    /// The path is not declared.
    Nothing,
}

impl Document {
    /// Reads a document, YAML or JSON, with the files that it refers to, when it is known where those are.
    ///
    /// # Errors
    /// A [`Problem`] that names the place (line and column, or the JSON Pointer) and what is wrong there.
    pub fn parse(source: &Source, directory: Option<&Path>) -> Result<Document, Problem> {
        reader::read(source, directory, &[], &Copies::new())
    }

    /// The same, changed by overlays (OpenAPI Overlay 1.0), in order. References to other machines lead to copies.
    ///
    /// # Errors
    /// A [`Problem`] in the document, or in the overlay that is wrong or selects nothing.
    pub fn with_overlays(
        source: &Source,
        directory: Option<&Path>,
        overlays: &[Source],
        copies: &Copies,
    ) -> Result<Document, Problem> {
        reader::read(source, directory, overlays, copies)
    }

    /// The files that the document refers to.
    pub fn other_files(&self) -> impl Iterator<Item = &PathBuf> {
        self.bundle.other_files()
    }

    /// The document as JSON, other files included: all references are local ones.
    pub fn root(&self) -> &Value {
        &self.bundle.root
    }

    /// Where the API is served, in the order of the document; at least one. Those of the document only: `servers` of a
    /// path or an operation count nowhere.
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The schema at a JSON Pointer, such as [`MediaType::schema`] and [`Parameter::schema`]. Where there is none, it
    /// says nothing.
    pub fn schema(&self, pointer: &str) -> Schema<'_> {
        Schema::of(self.root(), self.root().pointer(pointer).unwrap_or(&Value::Null))
    }

    /// The `x-doorward` settings of each operation that has some.
    pub fn settings(&self) -> &[OperationSettings] {
        &self.settings
    }

    /// A problem at a JSON Pointer of the document.
    pub fn problem(&self, pointer: &str, message: impl Into<String>) -> Problem {
        self.bundle.problem(pointer, message)
    }

    /// Finds the operation for a method and a path, base path included.
    pub fn find<'p>(&self, method: &Method, path: &'p str) -> Found<'_, 'p> {
        let Some((template, item, captures)) = self.router.find(path) else { return Found::Nothing };
        match item.operation(method) {
            Some(operation) => Found::Operation(operation, template, captures),
            None => Found::Method(item.methods().collect()),
        }
    }

    /// Every operation with its path, base path included: once for each base path that `servers` have.
    pub fn operations(&self) -> impl Iterator<Item = (&PathTemplate, &Method, &Operation)> {
        self.router.iter().flat_map(|(path, item)| item.iter().map(move |(method, op)| (path, method, op)))
    }
}

#[cfg(test)]
mod tests;
