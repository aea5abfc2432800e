//! `composer.lock`: <https://getcomposer.org/doc/01-basic-usage.md#commit-your-composer-lock-file-to-version-control>.

use crate::deps::ecosystem::Ecosystem;
use crate::deps::package::{Contents, Scope, TextFault};
use crate::deps::tree::Node;
use crate::deps::version::Version;

pub(super) fn read(root: &Node, out: &mut Contents) -> Result<(), TextFault> {
    if root.get("packages").is_none() {
        return Err(TextFault::new(1, "this is no composer.lock: it has no `packages`"));
    }
    for (group, scope) in [("packages", Scope::Production), ("packages-dev", Scope::Development)] {
        for package in root.get(group).map(Node::items).unwrap_or_default() {
            let line = package.get("name").map_or(package.line, |name| name.line);
            match (package.text_of("name"), package.text_of("version")) {
                // A directory of the user's own.
                _ if package.at(&["dist", "type"]).and_then(Node::text) == Some("path") => {}
                (Some(name), Some(version)) if Version::parse(Ecosystem::Packagist, version).is_some() => {
                    out.package(Ecosystem::Packagist, name, version, line, scope);
                }
                (Some(name), Some(branch)) => {
                    out.unjudged(line, name, format!("`{branch}` is a branch, not a version"));
                }
                _ => out.fault(line, "a package has no name or no version"),
            }
        }
    }
    Ok(())
}
