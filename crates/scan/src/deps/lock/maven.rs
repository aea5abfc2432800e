//! `pom.xml`: <https://maven.apache.org/pom.html>.
//!
//! Versions come from properties, `dependencyManagement`, and parents, as far as these stand in the directory that is
//! scanned. What comes from elsewhere, such as a parent in a repository or an imported bill of materials, is told as not
//! judged. So is once for each file what it cannot say: the dependencies of its dependencies.

use std::collections::{HashMap, HashSet};

use super::files::Files;
use crate::deps::ecosystem::Ecosystem;
use crate::deps::package::{Contents, Scope, TextFault};
use crate::deps::tree::{self, Node};
use crate::deps::version::Version;

/// How often a property may stand for another.
const MAX_EXPANSIONS: usize = 32;
/// The longest value of a property, in bytes.
const MAX_VALUE: usize = 1024;

/// What a project and its parents define. The project's own comes first.
#[derive(Default)]
struct Model {
    properties: HashMap<String, String>,
    managed: HashMap<String, (Option<String>, Option<String>)>,
    /// Why something may be missing.
    missing: Vec<String>,
}

pub(super) fn read(root: &Node, files: &Files<'_>, out: &mut Contents) -> Result<(), TextFault> {
    if root.get("modelVersion").or_else(|| root.get("artifactId")).is_none() {
        return Err(TextFault::new(1, "this is no pom.xml: it has no `artifactId`"));
    }
    let mut model = Model::default();
    model.inherit(root, Generation::Project);
    parents(root, files, &out.file, &mut model);
    let profiles = root.get("profiles").into_iter().flat_map(|profiles| profiles.all("profile"));
    let mut any = false;
    for owner in std::iter::once(root).chain(profiles) {
        for dependency in owner.get("dependencies").into_iter().flat_map(|list| list.all("dependency")) {
            any = true;
            one(dependency, &model, out);
        }
    }
    if any {
        out.unjudged(
            0,
            "dependencies of dependencies",
            "pom.xml does not list them; an SBOM in CycloneDX does",
        );
    }
    Ok(())
}

fn one(dependency: &Node, model: &Model, out: &mut Contents) {
    let line = dependency.line;
    let text = |name: &str| dependency.text_of(name).map(|text| model.expand(text));
    let (Some(group), Some(artifact)) = (text("groupId"), text("artifactId")) else {
        out.fault(line, "a dependency has no groupId or no artifactId");
        return;
    };
    let name = format!("{group}:{artifact}");
    let (version, scope) = model.managed.get(&name).cloned().unwrap_or_default();
    let version = text("version").or_else(|| version.map(|version| model.expand(&version)));
    let scope = match text("scope").or(scope).as_deref() {
        Some("test") => Scope::Development,
        // `system`: a file on somebody's machine.
        _ => Scope::Production,
    };
    let missing = || model.missing.first().map_or(String::new(), |why| format!("; {why}"));
    match version {
        _ if name.contains("${") => {
            out.unjudged(line, &name, format!("its name has an unknown property{}", missing()))
        }
        None => out.unjudged(line, &name, format!("its version is not in the tree{}", missing())),
        // `[1.0]` is exactly that version.
        Some(version) => {
            match version.strip_prefix('[').and_then(|v| v.strip_suffix(']')).unwrap_or(&version) {
                text if Version::parse(Ecosystem::Maven, text).is_some() => {
                    out.package(Ecosystem::Maven, &name, text, line, scope);
                }
                text if text.contains("${") => {
                    out.unjudged(line, &name, format!("`{text}` has an unknown property{}", missing()));
                }
                text => out.unjudged(line, &name, format!("`{text}` is no exact version")),
            }
        }
    }
}

/// Goes up the parents, as far as they are in the tree.
fn parents(root: &Node, files: &Files<'_>, file: &str, model: &mut Model) {
    let mut seen = HashSet::new();
    let mut child = root.clone();
    let mut file = file.to_owned();
    while let Some(parent) = child.get("parent").cloned() {
        let wanted = parent.text_of("artifactId").unwrap_or("?").to_owned();
        let relative = parent.get("relativePath").map(|path| path.text().unwrap_or_default());
        let relative = match relative {
            // `<relativePath/>`: the parent is in a repository.
            Some("") => None,
            Some(path) if path.ends_with(".xml") => Some(path.to_owned()),
            Some(path) => Some(format!("{path}/pom.xml")),
            None => Some("../pom.xml".to_owned()),
        };
        let found = relative.and_then(|path| files.beside(&file, &path).ok());
        let read =
            found.filter(|(_, real)| seen.insert(real.clone()) && seen.len() <= files.limits().includes);
        let read = read.and_then(|(shown, real)| Some((shown, files.read(&real).ok()?)));
        let read = read.and_then(|(shown, text)| Some((shown, tree::xml(&text, files.limits()).ok()?)));
        match read.filter(|(_, node)| node.text_of("artifactId") == Some(&wanted)) {
            Some((shown, node)) => {
                model.inherit(&node, Generation::Parent);
                (child, file) = (node, shown);
            }
            None => {
                model.missing.push(format!("its parent {wanted} is not in the tree"));
                return;
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Generation {
    Project,
    Parent,
}

impl Model {
    /// Takes what a project defines and nobody below it has defined.
    fn inherit(&mut self, project: &Node, generation: Generation) {
        let mut define = |name: String, value: Option<&str>| {
            if let Some(value) = value {
                self.properties.entry(name).or_insert_with(|| value.to_owned());
            }
        };
        let parent = project.get("parent");
        for name in ["groupId", "artifactId", "version"] {
            let of_parent = parent.and_then(|parent| parent.text_of(name));
            let own = project.text_of(name).or(of_parent);
            if generation == Generation::Project {
                for prefix in ["project.", "pom.", ""] {
                    define(format!("{prefix}{name}"), own);
                }
                define(format!("project.parent.{name}"), of_parent);
                define(format!("parent.{name}"), of_parent);
            }
        }
        for (name, value) in project.get("properties").map(Node::entries).unwrap_or_default() {
            define(name.clone(), value.text());
        }
        let managed = project.at(&["dependencyManagement", "dependencies"]);
        for dependency in managed.into_iter().flat_map(|list| list.all("dependency")) {
            let [group, artifact] = ["groupId", "artifactId"]
                .map(|name| self.expand(dependency.text_of(name).unwrap_or_default()));
            if dependency.text_of("scope") == Some("import") {
                self.missing.push(format!("the imported {group}:{artifact} is not in the tree"));
                continue;
            }
            let of = |name: &str| dependency.text_of(name).map(str::to_owned);
            self.managed.entry(format!("{group}:{artifact}")).or_insert((of("version"), of("scope")));
        }
    }

    /// Puts properties in; what is unknown, or grows without end, stays as it is.
    fn expand(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for _ in 0..MAX_EXPANSIONS {
            let mut parts = text.split("${");
            let mut expanded = parts.next().unwrap_or_default().to_owned();
            let mut changed = false;
            for part in parts {
                let known =
                    part.split_once('}').and_then(|(name, rest)| Some((self.properties.get(name)?, rest)));
                match known {
                    Some((value, rest)) => {
                        expanded.push_str(value);
                        expanded.push_str(rest);
                        changed = true;
                    }
                    None => {
                        expanded.push_str("${");
                        expanded.push_str(part);
                    }
                }
            }
            if !changed || expanded.len() > MAX_VALUE {
                break;
            }
            text = expanded;
        }
        text
    }
}
