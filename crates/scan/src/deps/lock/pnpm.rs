//! `pnpm-lock.yaml`: <https://github.com/pnpm/spec/tree/master/lockfile>, versions 5, 6 and 9.
//!
//! Version 5 names a package `/name/1.0.0_peer@1`, version 6 `/name@1.0.0(peer@1)`, version 9 `name@1.0.0`. What is only
//! for development stands beside each package up to version 6; since then it follows from what the importers reach.

use std::collections::{HashMap, HashSet};

use super::npm;
use crate::deps::ecosystem::Ecosystem;
use crate::deps::package::{Contents, Scope, TextFault};
use crate::deps::tree::Node;
use crate::deps::version::Version;

pub(super) fn read(documents: &[Node], out: &mut Contents) -> Result<(), TextFault> {
    let mut is_lock = false;
    for root in documents {
        let Some(version) = root.text_of("lockfileVersion") else { continue };
        is_lock = true;
        let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
        let form = match major {
            5 => Form::Slash,
            6..=9 => Form::At,
            _ => {
                let line = root.get("lockfileVersion").map_or(1, |node| node.line);
                return Err(TextFault::new(line, format!("lockfileVersion {version} is not known")));
            }
        };
        let production = (major == 9).then(|| reached(root));
        for (key, entry) in root.get("packages").map(Node::entries).unwrap_or_default() {
            let scope = match (&production, entry.text_of("dev")) {
                (Some(reached), _) if reached.contains(key.as_str()) => Scope::Production,
                (Some(_), _) | (None, Some("true")) => Scope::Development,
                (None, Some(_)) => Scope::Production,
                (None, None) => Scope::Unsaid,
            };
            one(key, entry, form, scope, out);
        }
    }
    if is_lock {
        Ok(())
    } else {
        Err(TextFault::new(1, "this is no pnpm-lock.yaml: it has no `lockfileVersion`"))
    }
}

#[derive(Clone, Copy)]
enum Form {
    Slash,
    At,
}

fn one(key: &str, entry: &Node, form: Form, scope: Scope, out: &mut Contents) {
    let parts = match form {
        Form::Slash => slash(key),
        Form::At => npm::split(without_peers(key.strip_prefix('/').unwrap_or(key))),
    };
    let (name, version) = match parts {
        Some((_, version)) if ["file:", "link:", "workspace:"].iter().any(|own| version.starts_with(own)) => {
            return;
        }
        Some(parts) => parts,
        None if key.starts_with("file:") => return,
        None => (key, ""),
    };
    // A tarball or a repository: the entry has what its package.json says.
    let name = entry.text_of("name").unwrap_or(name);
    let version = if is_version(version) { version } else { entry.text_of("version").unwrap_or(version) };
    if is_version(version) {
        out.package(Ecosystem::Npm, name, version, entry.line, scope);
    } else {
        out.unjudged(entry.line, name, "it does not come from the registry, and its version is not said");
    }
}

fn is_version(text: &str) -> bool {
    Version::parse(Ecosystem::Npm, text).is_some()
}

/// `/name/1.0.0_peers`, or the same behind the host of another registry.
fn slash(key: &str) -> Option<(&str, &str)> {
    let path = match key.strip_prefix('/') {
        Some(path) => path,
        None => key.split_once('/')?.1,
    };
    let (name, version) = path.rsplit_once('/')?;
    Some((name, version.split('_').next().unwrap_or(version)))
}

fn without_peers(key: &str) -> &str {
    key.split('(').next().unwrap_or(key)
}

/// The packages that importers reach by anything but `devDependencies`.
fn reached(root: &Node) -> HashSet<String> {
    let snapshots = root.get("snapshots").map(Node::entries).unwrap_or_default();
    let snapshots: HashMap<&str, &Node> = snapshots.iter().map(|(key, node)| (key.as_str(), node)).collect();
    let mut open: Vec<String> = Vec::new();
    for (_, importer) in root.get("importers").map(Node::entries).unwrap_or_default() {
        push(importer, &mut open);
    }
    let mut seen = HashSet::new();
    while let Some(key) = open.pop() {
        if seen.contains(&key) {
            continue;
        }
        if let Some(node) = snapshots.get(key.as_str()) {
            push(node, &mut open);
        }
        seen.insert(key);
    }
    seen.iter().map(|key| without_peers(key).to_owned()).collect()
}

/// What a node depends on, both as `name@version` and, for an alias, as what stands in place of the version.
fn push(node: &Node, open: &mut Vec<String>) {
    for group in ["dependencies", "optionalDependencies"] {
        for (name, version) in node.get(group).map(Node::entries).unwrap_or_default() {
            if let Some(version) = version.text().or_else(|| version.text_of("version")) {
                open.push(format!("{name}@{version}"));
                open.push(version.to_owned());
            }
        }
    }
}
