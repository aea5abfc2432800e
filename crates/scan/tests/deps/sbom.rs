//! The bill of materials, and that it can be read again.

use scan::deps::{Limits, inventory, sbom};
use serde_json::json;

use crate::{packages, read, tree};

#[test]
fn each_package_stands_once_with_its_places() {
    let lock = |dev: bool| {
        format!(
            "{{\"lockfileVersion\": 3, \"packages\": {{\n\"node_modules/@a/b\": {{\"version\": \"1.0.0\", \"dev\": {dev}}}}}}}"
        )
    };
    let tree = tree(&[
        ("one/package-lock.json", &lock(false)),
        ("two/package-lock.json", &lock(true)),
        (
            "pom.xml",
            "<project><artifactId>x</artifactId><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId><version>1</version><scope>test</scope></dependency></dependencies></project>",
        ),
    ]);
    let first = read(tree.path());
    let bom = sbom(&first, "1.2.3");
    assert_eq!((&bom["bomFormat"], &bom["specVersion"]), (&json!("CycloneDX"), &json!("1.6")));
    let components = bom["components"].as_array().unwrap();
    assert_eq!(components.len(), 2);
    assert_eq!(components[0]["purl"], "pkg:maven/g/a@1");
    assert_eq!((&components[0]["group"], &components[0]["scope"]), (&json!("g"), &json!("excluded")));
    assert_eq!(components[1]["purl"], "pkg:npm/%40a/b@1.0.0");
    assert_eq!((&components[1]["name"], &components[1]["scope"]), (&json!("b"), &json!("required")));
    assert_eq!(components[1]["evidence"]["occurrences"].as_array().unwrap().len(), 2);
    let file = tree.path().join("own.cdx.json");
    std::fs::write(&file, bom.to_string()).unwrap();
    let again = inventory(&file, &Limits::default()).unwrap();
    assert_eq!(packages(&again), ["g:a 1 1", "@a/b 1.0.0 1"]);
    assert_eq!(again.packages[0].scope, scan::deps::Scope::Development);
}
