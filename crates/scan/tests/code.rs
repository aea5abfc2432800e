//! The corpus: `code/LANGUAGE/bad/RULE/NAME.EXT` must be found by that rule, `code/LANGUAGE/good/RULE/NAME.EXT`, its
//! honest neighbour, must not be found by any.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)] // Tests.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use scan::code::{Options, Rules, Tests, check_examples, scan_text};

/// Every file of the corpus below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_rule_finds_its_bad_example_and_passes_its_good_one() {
    let wrong = check_examples(&Rules::own().unwrap());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_corpus_is_found_and_its_honest_neighbours_are_not() {
    let rules = Rules::own().unwrap();
    let options = Options { tests: Tests::Include, ..Options::default() };
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/code");
    let (mut bad, mut found, mut good, mut falsely) = (0, 0, 0, 0);
    let mut told = String::new();
    for file in files(&corpus) {
        let name = file.strip_prefix(&corpus).unwrap().display().to_string();
        let source = std::fs::read_to_string(&file).unwrap();
        let scan = scan_text(&name, &source, &rules, &options);
        assert!(scan.failures.is_empty(), "{:?}", scan.failures);
        let rule = file.parent().and_then(Path::file_name).unwrap().to_string_lossy().into_owned();
        let rules: Vec<&str> = scan.findings.iter().map(|finding| finding.rule.as_str()).collect();
        if name.contains("/bad/") {
            bad += 1;
            if rules.contains(&rule.as_str()) {
                found += 1;
            } else {
                writeln!(told, "missed: {name}, found {rules:?}").unwrap();
            }
        } else {
            good += 1;
            if !rules.is_empty() {
                falsely += 1;
                writeln!(told, "false: {name}: {rules:?}").unwrap();
            }
        }
    }
    println!("{found} of {bad} bad snippets found, {falsely} of {good} good snippets found\n{told}");
    assert!(bad + good >= 300, "{bad} bad and {good} good snippets");
    assert!(found * 100 >= bad * 95, "{found} of {bad} found\n{told}");
    assert!(falsely * 100 <= good * 2, "{falsely} of {good} false\n{told}");
}
