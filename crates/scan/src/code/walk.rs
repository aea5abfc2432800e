//! Which files are looked at, and by how many threads.
//!
//! `.gitignore` holds. Left out besides: what others wrote (`node_modules`, `vendor`, `site-packages` and the like),
//! what a program wrote (minified and generated files), and tests, unless they are asked for.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ignore::WalkBuilder;

use crate::code::finding::{Options, Scan, Tests};
use crate::code::language::Grammar;
use crate::code::look::{Engines, engines, one_file};
use crate::code::rules::Rules;

/// Directories of what others wrote, or a program.
const VENDORED: [&str; 16] = [
    "node_modules",
    "bower_components",
    "vendor",
    "third_party",
    "site-packages",
    "dist-packages",
    "dist",
    "build",
    "target",
    "__pycache__",
    "venv",
    ".venv",
    ".tox",
    ".git",
    "coverage",
    "migrations",
];
/// Directories of code that never runs in production.
const TESTS: [&str; 11] = [
    "test",
    "tests",
    "__tests__",
    "spec",
    "specs",
    "testdata",
    "fixtures",
    "examples",
    "example",
    "e2e",
    "testing",
];
/// Translation and rules are recursive, to a bound that needs this.
const STACK: usize = 64 << 20;
/// Directories nested deeper are not entered.
const DEEPEST: usize = 64;

pub(super) fn scan(path: &Path, rules: &Rules, options: &Options) -> Scan {
    let mut total = Scan::default();
    let files = files(path, options, &mut total);
    let engines = engines(rules);
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, Scan)>> = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(files.len().max(1));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let work = || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((file, grammar)) = files.get(at) else { break };
                    let read = || read_file(file, *grammar, &engines, rules, options);
                    // A failure in one file is told, and the others are still looked at.
                    let scan =
                        std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).unwrap_or_else(|_| {
                            let reason = "the scanner failed here; please report it".to_owned();
                            Scan { failures: vec![(file.display().to_string(), reason)], ..Scan::default() }
                        });
                    if let Ok(mut results) = results.lock() {
                        results.push((at, scan));
                    }
                }
            };
            if let Err(e) = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work) {
                total.failures.push((path.display().to_string(), format!("no thread: {e}")));
            }
        }
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|(at, _)| *at);
    if results.len() < files.len() {
        let missing = files.len() - results.len();
        total.failures.push((path.display().to_string(), format!("{missing} files were not looked at")));
    }
    for (_, scan) in results {
        total.findings.extend(scan.findings);
        total.failures.extend(scan.failures);
        total.files += scan.files;
        total.lines += scan.lines;
    }
    total
}

/// Runs on a thread whose stack is large enough for code nested to the bound, whatever thread calls.
pub(super) fn with_room<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let thread = thread.map_err(|e| format!("no thread: {e}"))?;
        thread.join().map_err(|_| "the scanner failed here; please report it".to_owned())
    })
}

fn files(path: &Path, options: &Options, total: &mut Scan) -> Vec<(PathBuf, Grammar)> {
    let root = path.to_owned();
    let tests = options.tests;
    let walk = WalkBuilder::new(path)
        .hidden(false)
        .require_git(false)
        .follow_links(false)
        .max_depth(Some(DEEPEST))
        .sort_by_file_path(Ord::cmp)
        .filter_entry(move |entry| {
            let name = entry.file_name().to_string_lossy();
            entry.path() == root
                || !left_out(&name, entry.file_type().is_some_and(|kind| kind.is_dir()), tests)
        })
        .build();
    let mut files = Vec::new();
    for entry in walk {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                if let Some(grammar) = Grammar::of(entry.path()) {
                    files.push((entry.into_path(), grammar));
                }
            }
            Ok(_) => {}
            Err(e) => total.failures.push((path.display().to_string(), e.to_string())),
        }
    }
    files
}

fn left_out(name: &str, directory: bool, tests: Tests) -> bool {
    let lower = name.to_ascii_lowercase();
    if directory {
        return VENDORED.contains(&lower.as_str()) || tests == Tests::Skip && TESTS.contains(&lower.as_str());
    }
    let generated = [".min.js", ".bundle.js", "_pb2.py", ".pb.go", "_gen.go", ".generated.ts", ".d.ts"];
    if generated.iter().any(|end| lower.ends_with(end)) {
        return true;
    }
    let stem = lower.split('.').next().unwrap_or_default();
    let test = stem.starts_with("test_")
        || stem.ends_with("_test")
        || lower.contains(".test.")
        || lower.contains(".spec.")
        || name.ends_with("Test.java")
        || name.ends_with("Tests.java")
        || name.ends_with("Test.php")
        || stem == "conftest";
    tests == Tests::Skip && test
}

fn read_file(file: &Path, grammar: Grammar, engines: &Engines<'_>, rules: &Rules, options: &Options) -> Scan {
    let name = file.display().to_string();
    let name = name.strip_prefix("./").unwrap_or(&name).to_owned();
    let failed = |reason: String| Scan { failures: vec![(name.clone(), reason)], ..Scan::default() };
    match std::fs::metadata(file) {
        Ok(about) if about.len() > options.largest_file => {
            return failed(format!("larger than {} bytes: not looked at", options.largest_file));
        }
        Ok(_) => {}
        Err(e) => return failed(format!("cannot be read: {e}")),
    }
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(e) => return failed(format!("cannot be read: {e}")),
    };
    // Old code in another encoding is still code: what is not UTF-8 stands in comments and texts.
    let source = String::from_utf8_lossy(&bytes);
    if is_generated(&source) {
        return Scan::default();
    }
    match engines.get(&grammar.language()) {
        Some(engine) => one_file(&name, &source, grammar, engine, rules),
        None => Scan::default(),
    }
}

/// Written by a program: it says so at its head, or its lines are longer than a person's.
fn is_generated(source: &str) -> bool {
    let head = source.lines().take(12).any(|line| {
        let line = line.to_ascii_lowercase();
        line.contains("do not edit") && (line.contains("generated") || line.contains("automatically"))
            || line.contains("@generated")
    });
    let lines = source.lines().count().max(1);
    head || source.len() > 4096 && source.len() / lines > 400
}
