//! `package-lock.json` and `npm-shrinkwrap.json`: <https://docs.npmjs.com/cli/configuring-npm/package-lock-json>.
//!
//! Version 1 nests `dependencies`, version 3 has a flat list `packages` by path, version 2 has both and they say the
//! same.

use crate::deps::ecosystem::Ecosystem;
use crate::deps::package::{Contents, Scope, TextFault};
use crate::deps::tree::{Node, Value};
use crate::deps::version::Version;

pub(super) fn read(root: &Node, out: &mut Contents) -> Result<(), TextFault> {
    match (root.get("packages"), root.get("dependencies")) {
        (Some(packages), _) if matches!(packages.value, Value::Map(_)) => flat(packages, out),
        (None, Some(dependencies)) if matches!(dependencies.value, Value::Map(_)) => {
            nested(dependencies, out)
        }
        // A project without dependencies.
        (None, None) if root.get("lockfileVersion").is_some() => {}
        _ => {
            return Err(TextFault::new(
                1,
                "this is no package-lock.json: it has neither `packages` nor `dependencies`",
            ));
        }
    }
    Ok(())
}

fn scope(entry: &Node) -> Scope {
    if entry.is("dev") { Scope::Development } else { Scope::Production }
}

fn flat(packages: &Node, out: &mut Contents) {
    for (path, entry) in packages.entries() {
        // The project itself, members of its workspace, and links to them.
        let Some((_, installed_as)) = path.rsplit_once("node_modules/") else { continue };
        if entry.is("link") || entry.text_of("resolved").is_some_and(|from| from.starts_with("file:")) {
            continue;
        }
        // Under an alias, the entry has the real name.
        let name = entry.text_of("name").unwrap_or(installed_as);
        one(name, entry.text_of("version"), entry, out);
    }
}

fn nested(dependencies: &Node, out: &mut Contents) {
    for (name, entry) in dependencies.entries() {
        let version = entry.text_of("version");
        match version.and_then(|version| version.strip_prefix("npm:")) {
            Some(alias) => match split(alias) {
                Some((name, version)) => one(name, Some(version), entry, out),
                None => one(name, version, entry, out),
            },
            None if version.is_some_and(|version| version.starts_with("file:")) => {}
            None => one(name, version, entry, out),
        }
        if let Some(inner) = entry.get("dependencies") {
            nested(inner, out);
        }
    }
}

fn one(name: &str, version: Option<&str>, entry: &Node, out: &mut Contents) {
    match version {
        Some(version) if Version::parse(Ecosystem::Npm, version).is_some() => {
            out.package(Ecosystem::Npm, name, version, entry.line, scope(entry));
        }
        Some(version) => out.unjudged(entry.line, name, format!("`{version}` is no version of the registry")),
        None => out.unjudged(entry.line, name, "it has no version"),
    }
}

/// Name and version of `name@version` or `@scope/name@version`.
pub(super) fn split(text: &str) -> Option<(&str, &str)> {
    let at = text.char_indices().skip(1).find(|(_, c)| *c == '@')?.0;
    let (name, version) = text.split_at_checked(at)?;
    Some((name, version.strip_prefix('@')?))
}
