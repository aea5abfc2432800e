//! Scans a directory and says how long it took: `cargo run --release -p scan --example code PATH`.

#![allow(clippy::print_stdout)]

use std::path::PathBuf;
use std::time::Instant;

use report::{Severity, text};
use scan::code::{Options, Rules, scan};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path: PathBuf = std::env::args_os().nth(1).ok_or("give a path")?.into();
    let rules = Rules::own()?;
    let start = Instant::now();
    let scan = scan(&path, &rules, &Options::default());
    let took = start.elapsed();
    let report = scan.to_report();
    print!("{}", text::list(&report.findings, Severity::Note));
    for failure in &report.failures {
        println!("  not looked at: {}: {}", failure.check, failure.reason);
    }
    println!("{} findings in {} files, {} lines, {took:?}", scan.findings.len(), scan.files, scan.lines);
    Ok(())
}
