//! `poetry.lock`, `uv.lock` and `Pipfile.lock`.

use crate::deps::ecosystem::Ecosystem;
use crate::deps::package::{Contents, Scope, TextFault};
use crate::deps::tree::Node;

/// <https://python-poetry.org/docs/>: `[[package]]`, with `category` before Poetry 1.5 and `groups` since 2.0.
pub(super) fn poetry(root: &Node, out: &mut Contents) -> Result<(), TextFault> {
    if root.get("package").or_else(|| root.get("metadata")).is_none() {
        return Err(TextFault::new(1, "this is no poetry.lock: it has neither `package` nor `metadata`"));
    }
    for package in root.get("package").map(Node::items).unwrap_or_default() {
        // A directory of the user's own.
        if package.at(&["source", "type"]).and_then(Node::text) == Some("directory") {
            continue;
        }
        let groups = package.get("groups").map(Node::items).unwrap_or_default();
        let scope = match package.text_of("category") {
            Some("dev") => Scope::Development,
            Some(_) => Scope::Production,
            None if groups.is_empty() => Scope::Unsaid,
            None if groups.iter().any(|group| group.text() == Some("main")) => Scope::Production,
            None => Scope::Development,
        };
        one(package, scope, out);
    }
    Ok(())
}

/// <https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile>: `[[package]]` with a `source`.
pub(super) fn uv(root: &Node, out: &mut Contents) -> Result<(), TextFault> {
    if root.get("version").is_none() {
        return Err(TextFault::new(1, "this is no uv.lock: it has no `version`"));
    }
    for package in root.get("package").map(Node::items).unwrap_or_default() {
        let own =
            ["virtual", "editable", "directory"].iter().any(|kind| package.at(&["source", kind]).is_some());
        if !own {
            one(package, Scope::Unsaid, out);
        }
    }
    Ok(())
}

fn one(package: &Node, scope: Scope, out: &mut Contents) {
    let line = package.get("name").map_or(package.line, |name| name.line);
    match (package.text_of("name"), package.text_of("version")) {
        (Some(name), Some(version)) => out.package(Ecosystem::PyPi, name, version, line, scope),
        (Some(name), None) => out.unjudged(line, name, "it has no version"),
        _ => out.fault(line, "a package has no name"),
    }
}

/// <https://pipenv.pypa.io/en/latest/pipfile.html>: `default` and `develop`.
pub(super) fn pipfile(root: &Node, out: &mut Contents) -> Result<(), TextFault> {
    if root.get("_meta").or_else(|| root.get("default")).is_none() {
        return Err(TextFault::new(1, "this is no Pipfile.lock: it has neither `_meta` nor `default`"));
    }
    for (group, entries) in root.entries() {
        if group == "_meta" {
            continue;
        }
        let scope = if group == "default" { Scope::Production } else { Scope::Development };
        for (name, entry) in entries.entries() {
            match entry.text_of("version").map(|version| version.trim_start_matches('=').trim()) {
                Some(version) => out.package(Ecosystem::PyPi, name, version, entry.line, scope),
                None => out.unjudged(entry.line, name, "it is installed from a path or a repository"),
            }
        }
    }
    Ok(())
}
