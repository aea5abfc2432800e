//! `[cedar]`: policies are read and checked against the document.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::Method;

use super::Compiler;
use crate::compiled::{PolicyFile, RoutePolicy};
use crate::config::{BodyHandling, CedarConfig};
use authorization::{Cedar, ObjectFrom, Seen};
use openapi::Router;
use openapi::Source;
use openapi::{Document, Found};

const RESERVED: [&str; 5] = ["authenticated", "id", "roles", "scopes", "sub"];

impl Compiler {
    pub(super) fn cedar(
        &mut self,
        config: &CedarConfig,
        document: Option<&Document>,
        routes: &Router<Vec<Arc<RoutePolicy>>>,
    ) -> Option<Cedar> {
        for name in config.claims.keys().filter(|name| RESERVED.contains(&name.as_str())) {
            self.wrong(
                &["cedar", "claims", name],
                format!("`principal.{name}` is there without being declared"),
                "remove it",
            );
        }
        if config.policies.is_empty() || self.without_cedar {
            return None;
        }
        let Some(document) = document else {
            // A document that is wrong has been told of.
            if self.problems.is_empty() {
                let mend = "name the document: `openapi`, or `--openapi`";
                self.wrong(&["cedar", "policies"], "policies are checked against an OpenAPI document", mend);
            }
            return None;
        };
        let sources = self.cedar_sources(&config.policies)?;
        match Cedar::compile(document, &config.claims, &sources, &|method, path| {
            seen(document, routes, method, path)
        }) {
            Ok(cedar) => Some(cedar),
            Err(problems) => {
                self.problems.extend(problems);
                None
            }
        }
    }

    fn cedar_sources(&mut self, named: &[PathBuf]) -> Option<Vec<Source>> {
        let mut files = Vec::new();
        for (i, path) in named.iter().enumerate() {
            let path = self.directory.join(path);
            if !path.is_dir() {
                files.push(path);
                continue;
            }
            match cedar_files(&path) {
                Ok(found) if found.is_empty() => {
                    let message = format!("{} holds no *.cedar file", path.display());
                    self.wrong(&["cedar", "policies", &i.to_string()], message, "");
                }
                Ok(found) => files.extend(found),
                Err(e) => {
                    let message = format!("{} cannot be read: {e}", path.display());
                    self.wrong(&["cedar", "policies", &i.to_string()], message, "");
                }
            }
            // A file that comes or goes changes the directory.
            self.files.push(PolicyFile::at(path));
        }
        files.iter().map(|path| self.text(path)).collect()
    }
}

fn cedar_files(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries: std::io::Result<Vec<_>> = std::fs::read_dir(directory)?.collect();
    let mut files: Vec<PathBuf> = entries?.iter().map(std::fs::DirEntry::path).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "cedar"));
    files.sort();
    Ok(files)
}

/// What is seen of an operation's requests: the object in the answer to a read, or in what is read before a write.
pub(crate) fn seen<'d>(
    document: &'d Document,
    routes: &'d Router<Vec<Arc<RoutePolicy>>>,
    method: &Method,
    path: &str,
) -> Seen<'d> {
    // Braces stand for themselves here: a template matches its own text.
    let candidates = routes.find(path).map(|(_, candidates, _)| candidates);
    let route = candidates.and_then(|candidates| RoutePolicy::pick(candidates, method, path));
    let held = route.is_none_or(|route| route.body == BodyHandling::Hold);
    let object = if [Method::GET, Method::HEAD].contains(method) {
        let list = route.and_then(|route| route.owner.as_ref()).and_then(|owner| owner.list.as_ref());
        if held { ObjectFrom::Response(list.map(|list| list.as_str())) } else { ObjectFrom::Nowhere }
    } else {
        let read = route.and_then(|route| route.before_write.as_ref()).map(ToString::to_string);
        match read.as_deref().map(|read| document.find(&Method::GET, read)) {
            Some(Found::Operation(operation, ..)) => ObjectFrom::Read(operation),
            _ => ObjectFrom::Nowhere,
        }
    };
    Seen { body: held, object }
}
