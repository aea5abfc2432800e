//! A software bill of materials in CycloneDX 1.6: <https://cyclonedx.org/docs/1.6/json/>.
//!
//! It is written here, as the crate `cyclonedx-bom` knows the format up to 1.5. It has no time and no serial number of
//! its own: the same lock files give the same file.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ecosystem::Ecosystem;
use super::inventory::Inventory;
use super::package::{Package, Scope};

/// The packages of an inventory, each once, with the places where it stands.
pub fn sbom(inventory: &Inventory, tool_version: &str) -> Value {
    let mut components: BTreeMap<String, Vec<&Package>> = BTreeMap::new();
    for package in &inventory.packages {
        if let Some(purl) = package.ecosystem.purl(&package.name, &package.version) {
            components.entry(purl).or_default().push(package);
        }
    }
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": { "components": [{ "type": "application", "name": "doorward", "version": tool_version }] },
        },
        "components": components.iter().map(|(purl, places)| component(purl, places)).collect::<Vec<_>>(),
    })
}

fn component(purl: &str, places: &[&Package]) -> Value {
    let Some(first) = places.first() else { return Value::Null };
    let (group, name) = match first.ecosystem {
        Ecosystem::Maven => first.name.split_once(':'),
        Ecosystem::Npm | Ecosystem::Packagist => first.name.rsplit_once('/'),
        _ => None,
    }
    .map_or((None, first.name.as_str()), |(group, name)| (Some(group), name));
    let occurrences = places.iter().map(|p| json!({ "location": p.file, "line": p.line }));
    let mut component = json!({
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": first.version,
        "purl": purl,
        "evidence": { "occurrences": occurrences.collect::<Vec<_>>() },
    });
    let scope = match () {
        () if places.iter().all(|place| place.scope == Scope::Development) => Some("excluded"),
        () if places.iter().any(|place| place.scope == Scope::Production) => Some("required"),
        () => None,
    };
    if let Some(members) = component.as_object_mut() {
        let optional = [("group", group), ("scope", scope)];
        members.extend(optional.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text?)))));
    }
    component
}
