//! `doorward scan code`.

use std::path::PathBuf;

use clap::Args;
use report::{Report, Severity, Threshold, json, text};
use scan::code::{Options, Rules, Scan, Tests, scan};
use serde_json::json;

use crate::commands::output::Output;
use crate::exit::{Exit, Failure};

#[derive(Args)]
pub(crate) struct Code {
    /// The file or the directory to look at.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// A directory with rules of your own (`*.toml`), beside those that come with doorward.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// Look at tests, examples and fixtures as well.
    #[arg(long)]
    include_tests: bool,
    /// Exit with 1 if there is a finding of this severity (error, warning, note) or a higher one; `never` for none.
    #[arg(long, value_name = "LEVEL", default_value = "warning")]
    fail_on: Threshold,
    #[command(flatten)]
    output: Output,
}

impl Code {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let mut rules = Rules::own().map_err(Failure::could_not_run)?;
        for directory in &self.rules {
            rules.add_directory(directory).map_err(|e| Failure::usage(miette::miette!("{e}")))?;
        }
        if !self.path.exists() {
            return Err(Failure::usage(miette::miette!("{}: there is no such path", self.path.display())));
        }
        let tests = if self.include_tests { Tests::Include } else { Tests::Skip };
        let found = scan(&self.path, &rules, &Options { tests, ..Options::default() });
        let report = found.to_report();
        self.output.finish(&report, self.fail_on, || text_of(&report, &found), || json_of(&report))
    }
}

fn text_of(report: &Report, found: &Scan) -> String {
    let mut out = text::list(&report.findings, Severity::Note);
    for failure in &report.failures {
        out += &format!("  not looked at: {}: {}\n", failure.check, failure.reason);
    }
    let count = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let (findings, files, lines) = (report.findings.len(), found.files, found.lines);
    out + &format!("{} in {}, {}", count(findings, "finding"), count(files, "file"), count(lines, "line"))
}

fn json_of(report: &Report) -> String {
    let failure = |failure: &report::Failure| json!({ "file": failure.check, "reason": failure.reason });
    let failures: Vec<_> = report.failures.iter().map(failure).collect();
    format!("{:#}", json!({ "findings": json::findings(&report.findings), "failures": failures }))
}
