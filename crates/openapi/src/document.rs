//! A compiled document: its operations, found by method and path.

use std::path::PathBuf;

use http::Method;
use serde_json::Value;

use crate::bundle::Bundle;
use crate::diagnostics::Problem;
use crate::operation::{Operation, PathItem};
use crate::router::{Captures, PathTemplate, Router, canonical_path};
use crate::schema::Schema;
use crate::server::Server;
use crate::shape::Shapes;

/// An OpenAPI document, compiled.
#[derive(Debug)]
pub struct Document {
    pub(crate) router: Router<PathItem>,
    /// Every path by the loosest spelling, those that an overlay removed included.
    pub(crate) spellings: Router<Vec<Spelled>>,
    /// Whether an overlay removed any operation.
    pub(crate) has_removed: bool,
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

/// A path of a document or of what an overlay removed from it; others may differ from it in spelling only.
#[derive(Debug)]
pub(crate) struct Spelled {
    pub(crate) template: PathTemplate,
    /// The methods that an overlay removed.
    pub(crate) removed: Vec<Method>,
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

    /// Finds the operation for a method and a path, base path included. One that an overlay removed is declared no more,
    /// whatever other template would match its path (`/users/{id}` for `/users/export`), in every spelling that a server
    /// may accept for it.
    pub fn find<'p>(&self, method: &Method, path: &'p str) -> Found<'_, 'p> {
        let Some((template, item, captures)) = self.router.find(path) else { return Found::Nothing };
        if self.has_removed && self.is_removed(method, path, Some(template)) {
            return Found::Nothing;
        }
        match item.operation(method) {
            Some(operation) => Found::Operation(operation, template, captures),
            None => Found::Method(item.methods().collect()),
        }
    }

    /// Finds the operations that a server may take a path for that is not declared as it is spelled: case, a trailing
    /// slash and the like ([`Spelling::Loose`](crate::Spelling::Loose)).
    pub fn find_loosely<'p>(
        &self,
        method: &Method,
        path: &'p str,
    ) -> Vec<(&Operation, &PathTemplate, Captures<'_, 'p>)> {
        let mut operations = Vec::new();
        for (_, spelled, captures) in self.spellings.find_all(path) {
            for one in spelled {
                // Braces stand for themselves here: a template matches its own text.
                let Some((template, item, _)) = self.router.find(&canonical_path(one.template.as_str()))
                else {
                    continue;
                };
                let values = captures.iter().map(|(_, value)| *value);
                let captures = template.parameters().zip(values).collect();
                operations.extend(item.operation(method).map(|operation| (operation, template, captures)));
            }
        }
        operations
    }

    /// Whether an overlay removed an operation that a path is spelled for, loosely, and that is declared by no other
    /// spelling.
    pub fn is_shut(&self, method: &Method, path: &str) -> bool {
        let declared = self.router.find(path).filter(|(_, item, _)| item.operation(method).is_some());
        let declared = declared.map(|(template, ..)| template);
        self.has_removed && self.is_removed(method, path, declared)
    }

    fn is_removed(&self, method: &Method, path: &str, declared: Option<&PathTemplate>) -> bool {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        self.spellings.find_all(path).iter().any(|(_, spelled, _)| {
            let is_declared = || {
                declared.is_some_and(|declared| spelled.iter().any(|one| one.template.has_shape_of(declared)))
            };
            spelled.iter().any(|one| one.removed.contains(method)) && !is_declared()
        })
    }

    /// Every operation with its path, base path included: once for each base path that `servers` have.
    pub fn operations(&self) -> impl Iterator<Item = (&PathTemplate, &Method, &Operation)> {
        self.router.iter().flat_map(|(path, item)| item.iter().map(move |(method, op)| (path, method, op)))
    }
}
