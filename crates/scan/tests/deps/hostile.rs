//! What is broken or made to do harm is told, with file and line, and is never "no problems".

use scan::deps::{InventoryError, Limits, inventory};

use crate::{read, records, scan, tree};

#[test]
fn every_broken_lock_file_is_a_failure_with_its_place() {
    let database = records(&[serde_json::json!({ "id": "X", "affected": [] })]);
    for (file, text, line) in [
        ("Cargo.lock", "version = 4\n[[package]\n", 2),
        ("Cargo.lock", "[[package]]\nname = \"a\"\n", 2),
        ("Cargo.lock", "", 1),
        ("package-lock.json", "{\n\"packages\": {\n", 3),
        ("package-lock.json", "{}", 1),
        ("package-lock.json", "[]", 1),
        ("package-lock.json", "{\"packages\": []}", 1),
        ("pnpm-lock.yaml", "a: [\n", 1),
        ("pnpm-lock.yaml", "a: b\n", 1),
        ("pnpm-lock.yaml", "lockfileVersion: 99\n", 1),
        ("yarn.lock", "# yarn lockfile v1\na@1:\n  resolved \"x\"\n", 2),
        ("yarn.lock", "garbage\n", 1),
        ("yarn.lock", "", 1),
        ("poetry.lock", "", 1),
        ("uv.lock", "", 1),
        ("Pipfile.lock", "{}", 1),
        ("go.mod", "go 1.20\n", 1),
        ("go.mod", "module x\nrequire (\n a v1\n", 2),
        ("go.sum", "not a line of it at all\n", 1),
        ("pom.xml", "<project>\n<a></b>", 2),
        ("pom.xml", "<!DOCTYPE x [<!ENTITY y SYSTEM \"file:///etc/passwd\">]><project>&y;</project>", 1),
        ("pom.xml", "<project/>", 1),
        ("gradle.lockfile", "a:b:c\n", 1),
        ("composer.lock", "{}", 1),
        ("Gemfile.lock", "GEM\n<<<<<<< HEAD\n", 2),
        ("Gemfile.lock", "", 1),
        ("packages.lock.json", "{}", 1),
        ("bom.json", "{\"bomFormat\": \"SPDX\"}", 1),
        ("bom.json", "{\"bomFormat\": \"CycloneDX\", \"components\": [\n{\"purl\": \"x\"}]}", 2),
    ] {
        let tree = tree(&[(file, text)]);
        let inventory = read(tree.path());
        let [fault] = inventory.faults.as_slice() else { panic!("{file}: {text}: {:?}", inventory.faults) };
        assert_eq!(fault.line, line, "{text}: {fault}");
        let outcome = scan(tree.path(), database.path());
        assert_eq!(outcome.failures.len(), 1);
        assert!(outcome.text().contains("1 check failed: this result is not complete"), "{}", outcome.text());
    }
}

#[test]
fn no_lock_file_is_an_error_not_a_result() {
    let tree = tree(&[("README.md", "x")]);
    let limits = Limits::default();
    let at = |name: &str| inventory(&tree.path().join(name), &limits);
    assert!(matches!(at(""), Err(InventoryError::Nothing { .. })));
    assert!(matches!(at("README.md"), Err(InventoryError::Unknown { .. })));
    assert!(matches!(at("missing"), Err(InventoryError::Unreadable { .. })));
}

#[test]
fn every_limit_is_told() {
    let lock = "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"r\"\n[[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"r\"\n";
    let deep = "d/".repeat(5) + "Cargo.lock";
    let tree = tree(&[("Cargo.lock", lock), (&deep, lock), ("x/Cargo.lock", lock)]);
    let standard = Limits::default();
    for (limits, part) in [
        (Limits { file_bytes: 10, ..standard }, "is larger than 10 bytes"),
        (Limits { files: 1, ..standard }, "more than 1 lock files"),
        (Limits { entries: 3, ..standard }, "more than 3 files and directories"),
        (Limits { depth: 3, ..standard }, "deeper than 3"),
        (Limits { nodes: 5, ..standard }, "too many values"),
        (Limits { packages: 3, ..standard }, "more than 3 packages"),
    ] {
        let inventory = inventory(tree.path(), &limits).unwrap();
        let faults: Vec<String> = inventory.faults.iter().map(ToString::to_string).collect();
        assert!(faults.iter().any(|fault| fault.contains(part)), "{part}: {faults:?}");
    }
}

#[test]
fn names_do_not_reach_the_terminal_as_commands() {
    let lock = "version = 4\n[[package]]\nname = \"a\\u001b[2Jb\"\nversion = \"1.0.0\"\nsource = \"r\"\n";
    let tree = tree(&[("Cargo.lock", lock), ("requirements.txt", "x @ y\u{1b}[31m\n")]);
    let inventory = read(tree.path());
    assert_eq!(inventory.packages, []);
    assert!(!format!("{}", inventory.faults[0]).contains('\u{1b}'));
    assert!(!inventory.unjudged[0].what.contains('\u{1b}'));
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out_of_the_tree() {
    let outside = tree(&[("secret.txt", "secret==1.0\n"), ("Cargo.lock", "version = 4\n")]);
    let inside = tree(&[("requirements.txt", "-r link.txt\n")]);
    let link = |from: &str, to: &str| {
        std::os::unix::fs::symlink(outside.path().join(from), inside.path().join(to)).unwrap();
    };
    link("secret.txt", "link.txt");
    link("Cargo.lock", "Cargo.lock");
    let inventory = read(inside.path());
    assert_eq!((inventory.files.len(), inventory.packages.len()), (1, 0));
    assert!(inventory.faults[0].reason.contains("outside of the directory"), "{:?}", inventory.faults);
}
