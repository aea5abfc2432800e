//! SBOMs in CycloneDX JSON: <https://cyclonedx.org/docs/1.6/json/>. A component says what it is by its package URL.

use std::collections::BTreeMap;
use std::str::FromStr;

use packageurl::PackageUrl;

use crate::deps::ecosystem::Ecosystem;
use crate::deps::package::{Contents, Scope, TextFault};
use crate::deps::tree::Node;

pub(super) fn read(root: &Node, out: &mut Contents) -> Result<(), TextFault> {
    if root.text_of("bomFormat") != Some("CycloneDX") {
        return Err(TextFault::new(1, "this is no SBOM in CycloneDX: `bomFormat` says otherwise"));
    }
    // Distributions have hundreds of packages of one kind; they are told once.
    let mut foreign: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    components(root, &mut foreign, out);
    for (kind, (line, count)) in foreign {
        let why = format!("no database of `pkg:{kind}` is read");
        out.unjudged(line, &format!("{count} components of the type {kind}"), why);
    }
    Ok(())
}

fn components(parent: &Node, foreign: &mut BTreeMap<String, (usize, usize)>, out: &mut Contents) {
    for component in parent.get("components").map(Node::items).unwrap_or_default() {
        let name = component.text_of("name").unwrap_or("a component");
        match component.get("purl") {
            Some(purl) => one(purl, component, foreign, out),
            None if component.text_of("type") == Some("library") => {
                out.unjudged(component.line, name, "it has no package URL");
            }
            None => {}
        }
        components(component, foreign, out);
    }
}

fn one(node: &Node, component: &Node, foreign: &mut BTreeMap<String, (usize, usize)>, out: &mut Contents) {
    let text = node.text().unwrap_or_default();
    let Ok(purl) = PackageUrl::from_str(text) else {
        out.fault(node.line, format!("`{text}` is no package URL"));
        return;
    };
    let Some(ecosystem) = Ecosystem::from_purl_type(purl.ty()) else {
        foreign.entry(purl.ty().to_owned()).or_insert((node.line, 0)).1 += 1;
        return;
    };
    let separator = if ecosystem == Ecosystem::Maven { ":" } else { "/" };
    let name = match purl.namespace() {
        Some(namespace) => format!("{namespace}{separator}{}", purl.name()),
        None => purl.name().to_owned(),
    };
    let Some(version) = purl.version().or_else(|| component.text_of("version")) else {
        out.unjudged(node.line, &name, "it has no version");
        return;
    };
    let version = match ecosystem {
        Ecosystem::Go => version.strip_prefix('v').unwrap_or(version),
        _ => version,
    };
    let scope = match component.text_of("scope") {
        Some("excluded") => Scope::Development,
        Some(_) => Scope::Production,
        None => Scope::Unsaid,
    };
    out.package(ecosystem, &name, version, node.line, scope);
}
