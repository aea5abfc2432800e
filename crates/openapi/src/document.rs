//! A compiled document: its operations, found by method and path.

use std::path::PathBuf;

use http::Method;
use serde_json::Value;

use crate::bundle::Bundle;
use crate::diagnostics::Problem;
use crate::operation::{Operation, PathItem};
use crate::router::{Captures, PathTemplate, Router};
use crate::schema::Schema;
use crate::server::Server;
use crate::shape::Shapes;

/// An OpenAPI document, compiled.
#[derive(Debug)]
pub struct Document {
    pub(crate) router: Router<PathItem>,
    /// Which properties each schema knows.
    pub shapes: Shapes,
    pub(crate) settings: Vec<OperationSettings>,
    pub(crate) servers: Vec<Server>,
    pub(crate) bundle: Bundle,
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

    /// The schema at a JSON Pointer, such as [`MediaType::schema`](crate::MediaType::schema) and
    /// [`Parameter::schema`](crate::Parameter::schema). Where there is none, it says nothing.
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
