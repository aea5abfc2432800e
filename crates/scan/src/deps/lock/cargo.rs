//! `Cargo.lock`: <https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html>.

use crate::deps::ecosystem::Ecosystem;
use crate::deps::package::{Contents, Scope, TextFault};
use crate::deps::tree::Node;

pub(super) fn read(root: &Node, out: &mut Contents) -> Result<(), TextFault> {
    if root.get("version").or_else(|| root.get("package")).or_else(|| root.get("root")).is_none() {
        return Err(TextFault::new(1, "this is no Cargo.lock: it has neither `version` nor `package`"));
    }
    for package in root.get("package").map(Node::items).unwrap_or_default() {
        let line = package.get("name").map_or(package.line, |name| name.line);
        match (package.text_of("name"), package.text_of("version"), package.text_of("source")) {
            // What has no source is a member of the workspace or a path: the user's own.
            (Some(_), Some(_), None) => {}
            (Some(name), Some(version), Some(_)) => {
                out.package(Ecosystem::CratesIo, name, version, line, Scope::Unsaid);
            }
            _ => out.fault(line, "a package has no name or no version"),
        }
    }
    Ok(())
}
