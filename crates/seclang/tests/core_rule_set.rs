//! The whole OWASP Core Rule Set can be read: from `CRS_DIR`, from beside the clone, or from Debian's package.

#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::panic)]

use std::path::{Path, PathBuf};

fn rule_set() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/crs");
    let candidates = [
        std::env::var_os("CRS_DIR").map(PathBuf::from),
        Some(beside),
        Some("/usr/share/modsecurity-crs".into()),
    ];
    candidates.into_iter().flatten().map(|dir| dir.join("rules")).find(|dir| dir.is_dir())
}

#[test]
fn every_rule_of_the_core_rule_set_is_understood() {
    let Some(directory) = rule_set() else {
        assert!(std::env::var_os("CI").is_none(), "no core rule set: set CRS_DIR or install modsecurity-crs");
        eprintln!("left out: no core rule set (CRS_DIR, ../shared/crs, modsecurity-crs)");
        return;
    };
    let mut count = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "conf") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let directives = seclang::directives(&path.display().to_string(), &text).unwrap();
        let rules = seclang::rules(&directives).unwrap();
        assert!(rules.iter().all(|r| r.operator.as_ref().is_none_or(|o| !o.name.is_empty())));
        count += rules.len();
    }
    assert!(count > 400, "only {count} rules");
}
