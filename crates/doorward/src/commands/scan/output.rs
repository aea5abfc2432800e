//! What both scans do with their findings: formats, a baseline, an exit code.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use report::{Baseline, Format, Report, Threshold, decide};

use crate::commands::terminal;
use crate::exit::{Exit, Failure};

#[derive(Args)]
pub(crate) struct Output {
    /// The format of the report: text, json, sarif, junit, html or markdown.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
    /// Fail only for findings that this file does not know.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write all findings into this file, for --baseline, and succeed.
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    write_baseline: Option<PathBuf>,
}

impl Output {
    /// Prints a report, as text or JSON in the scan's own words, and says how the command ends.
    pub(crate) fn finish(
        &self,
        report: &Report,
        threshold: Threshold,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> String,
    ) -> Result<Exit, Failure> {
        if let Some(file) = &self.write_baseline {
            let known = Baseline::default().updated(report, SystemTime::now());
            known.write(file).map_err(Failure::could_not_run)?;
            outln!("{} findings written to {}", report.findings.len(), file.display());
            return Ok(Exit::Success);
        }
        let baseline = self.baseline.as_deref().map(Baseline::read).transpose();
        let baseline = baseline.map_err(|error| Failure::usage(miette::miette!("{error}")))?;
        let written = match self.format {
            Format::Text => text(),
            Format::Json => json(),
            format => format.render(&terminal::TOOL, report, terminal::style()),
        };
        outln!("{}", written.trim_end_matches('\n'));
        let decision = decide(report, threshold, baseline.as_ref());
        if let (Some(_), Format::Text) = (&baseline, self.format) {
            let (new, gone) = (decision.comparison.new.len(), decision.comparison.gone.len());
            outln!("{new} of them are new; {gone} of the baseline are gone");
        }
        // A finding counts more than what could not be read: it is certain.
        if decision.fails() {
            return Ok(Exit::Findings);
        }
        match report.failures.as_slice() {
            [] => Ok(Exit::Success),
            // What was not looked at is not clean.
            [first, others @ ..] => Err(Failure::could_not_run(format!(
                "{} could not be looked at ({}: {})",
                match others.len() {
                    0 => "one thing".to_owned(),
                    more => format!("{} things", more + 1),
                },
                first.check,
                first.reason
            ))),
        }
    }
}
