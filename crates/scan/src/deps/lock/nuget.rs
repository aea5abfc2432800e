//! `packages.lock.json`: <https://learn.microsoft.com/nuget/consume-packages/package-references-in-project-files>.

use std::collections::HashSet;

use crate::deps::ecosystem::Ecosystem;
use crate::deps::package::{Contents, Scope, TextFault};
use crate::deps::tree::Node;

/// `dependencies` by target framework, then by name. Members of the solution have the type `Project`.
pub(super) fn read(root: &Node, out: &mut Contents) -> Result<(), TextFault> {
    let Some(frameworks) = root.get("dependencies") else {
        return Err(TextFault::new(1, "this is no packages.lock.json: it has no `dependencies`"));
    };
    let mut seen = HashSet::new();
    for (name, entry) in frameworks.entries().iter().flat_map(|(_, packages)| packages.entries()) {
        match (entry.text_of("type"), entry.text_of("resolved")) {
            (Some("Project"), _) => {}
            (_, Some(version)) => {
                if seen.insert((name, version)) {
                    out.package(Ecosystem::NuGet, name, version, entry.line, Scope::Unsaid);
                }
            }
            _ => out.fault(entry.line, format!("`{name}` has no resolved version")),
        }
    }
    Ok(())
}
