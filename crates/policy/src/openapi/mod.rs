//! The OpenAPI document (3.0, 3.1) as an allowlist: which operations exist, which parameters and bodies they take,
//! which properties they know.
//!
//! The document is read once ([`Document::parse`]). Schemas are compiled twice: into JSON Schema validators for
//! types, and into [`Shapes`] for what may be assigned and what may be shown.

mod audit;
mod bundle;
mod normalize;
mod operation;
mod overlay;
mod parameter;
mod positions;
mod reader;
mod shape;
mod text;
mod xml;

pub use audit::{Audit, AuditFinding, Severity};
pub use bundle::{Copies, read_value};
pub use operation::{Body, MediaType, Operation, PathItem, Response};
pub use parameter::{Location, Parameter, ParameterError};
pub(crate) use shape::resolve;
pub use shape::{Direction, ShapeId, Shapes};

use std::path::{Path, PathBuf};

use bundle::Bundle;
use http::Method;
use serde_json::Value;

use crate::compiled::Policy;
use crate::diagnostics::{Problem, Source};
use crate::router::{Captures, PathTemplate, Router};

/// An OpenAPI document, compiled.
#[derive(Debug)]
pub struct Document {
    router: Router<PathItem>,
    /// Which properties each schema knows.
    pub shapes: Shapes,
    settings: Vec<OperationSettings>,
    bundle: Bundle,
}

/// What `x-doorward` says about an operation, of the document, the path and the operation taken together.
#[derive(Debug)]
pub(crate) struct OperationSettings {
    pub(crate) template: PathTemplate,
    pub(crate) method: Method,
    /// Name, value, and the JSON Pointer where it was written.
    pub(crate) settings: Vec<(String, Value, String)>,
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

    /// What an auditor would say of the document, with what a policy adds to it.
    pub fn audit(&self, policy: &Policy) -> Audit {
        audit::audit(self, policy)
    }

    /// The files that the document refers to.
    pub fn other_files(&self) -> impl Iterator<Item = &PathBuf> {
        self.bundle.other_files()
    }

    pub(crate) fn root(&self) -> &Value {
        &self.bundle.root
    }

    pub(crate) fn settings(&self) -> &[OperationSettings] {
        &self.settings
    }

    /// A problem at a JSON Pointer of the document.
    pub(crate) fn problem(&self, pointer: &str, message: impl Into<String>) -> Problem {
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

    /// Every operation with its path.
    pub fn operations(&self) -> impl Iterator<Item = (&PathTemplate, &Method, &Operation)> {
        self.router.iter().flat_map(|(path, item)| item.iter().map(move |(method, op)| (path, method, op)))
    }
}

#[cfg(test)]
mod tests;
