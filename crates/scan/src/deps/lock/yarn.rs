//! `yarn.lock`: <https://classic.yarnpkg.com/lang/en/docs/yarn-lock/> in a format of its own, and in YAML since version 2.
//!
//! Neither says what is only for development.

use super::lines::lines;
use super::npm;
use crate::deps::ecosystem::Ecosystem;
use crate::deps::package::{Contents, Scope, TextFault};
use crate::deps::tree::Node;
use crate::deps::version::Version;

/// Whether the file is that of version 2 or later.
pub(super) fn is_berry(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("__metadata:"))
}

/// Entries begin in the first column: `"a@^1", "a@^1.1":`, and their members behind two spaces: `  version "1.2.0"`.
pub(super) fn read(text: &str, out: &mut Contents) -> Result<(), TextFault> {
    let mut is_lock = text.contains("yarn lockfile v1");
    let mut entry: Option<(usize, &str)> = None;
    for (number, line) in lines(text) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if !line.starts_with(' ') {
            without_version(entry, out);
            let Some(patterns) = line.trim_end().strip_suffix(':') else {
                return Err(TextFault::new(number, "an entry does not end with a colon"));
            };
            let first = patterns.split(", ").next().unwrap_or(patterns);
            entry = Some((number, first.trim_matches('"')));
        } else if let Some(version) = line.strip_prefix("  version ")
            && let Some((at, pattern)) = entry.take()
        {
            is_lock = true;
            one(pattern, version.trim().trim_matches('"'), at, out);
        }
    }
    without_version(entry, out);
    if is_lock {
        Ok(())
    } else {
        Err(TextFault::new(1, "this is no yarn.lock: it has no entry with a version"))
    }
}

fn without_version(entry: Option<(usize, &str)>, out: &mut Contents) {
    if let Some((line, pattern)) = entry {
        out.fault(line, format!("`{pattern}` has no version"));
    }
}

fn one(pattern: &str, version: &str, line: usize, out: &mut Contents) {
    let Some((name, range)) = npm::split(pattern) else {
        out.fault(line, format!("`{pattern}` is no package with a range"));
        return;
    };
    if ["file:", "link:"].iter().any(|own| range.starts_with(own)) {
        return;
    }
    // `alias@npm:name@range`
    let alias = range.strip_prefix("npm:").filter(|real| !real.is_empty());
    let name = alias.and_then(npm::split).map_or(name, |(real, _)| real);
    add(name, version, line, out);
}

/// An entry has a resolution: `name@npm:1.2.0`, `name@workspace:.`, `name@patch:...`.
pub(super) fn read_berry(documents: &[Node], out: &mut Contents) -> Result<(), TextFault> {
    for (key, entry) in documents.iter().flat_map(Node::entries) {
        if key == "__metadata" {
            continue;
        }
        let resolution = entry.text_of("resolution").and_then(npm::split);
        match (resolution, entry.text_of("version")) {
            (Some((_, from)), _)
                if ["workspace:", "link:", "portal:", "file:"].iter().any(|own| from.starts_with(own)) => {}
            (Some((name, _)), Some(version)) => add(name, version, entry.line, out),
            _ => out.fault(entry.line, format!("`{key}` has no resolution or no version")),
        }
    }
    Ok(())
}

fn add(name: &str, version: &str, line: usize, out: &mut Contents) {
    match Version::parse(Ecosystem::Npm, version) {
        Some(_) => out.package(Ecosystem::Npm, name, version, line, Scope::Unsaid),
        None => out.unjudged(line, name, format!("`{version}` is no version of the registry")),
    }
}
