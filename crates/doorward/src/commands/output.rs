//! What both scans and the prober do with their findings: formats, a file, a baseline, an exit code.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use report::text::Style;
use report::{Baseline, Format, Report, Threshold, decide};

use crate::commands::terminal;
use crate::exit::{Exit, Failure};

#[derive(Args)]
pub(crate) struct Output {
    /// The format of the report: text, json, sarif, junit, html or markdown.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
    /// Write the report into this file instead of printing it.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write the report in another format, too, as `markdown=summary.md`: at the end of the file, where there is one.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = also)]
    also: Vec<(Format, PathBuf)>,
    /// Fail only for findings that this file does not know.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write all findings into this file, for --baseline, and succeed.
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    write_baseline: Option<PathBuf>,
}

/// A format with a file.
fn also(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, file) =
        text.split_once('=').filter(|(_, file)| !file.is_empty()).ok_or("write FORMAT=FILE")?;
    Ok((format.parse().map_err(|error: report::UnknownFormat| error.to_string())?, file.into()))
}

/// Adds a text to a file, which is made where there is none.
fn add(file: &Path, text: &str) -> Result<(), Failure> {
    let opened = std::fs::OpenOptions::new().create(true).append(true).open(file);
    let written = opened.and_then(|mut opened| opened.write_all(text.as_bytes()));
    written.map_err(|error| Failure::could_not_run(format!("{}: {error}", file.display())))
}

impl Output {
    /// Prints a report, as text or JSON in the command's own words, and says how the command ends.
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
        match &self.output {
            Some(file) => std::fs::write(file, format!("{}\n", written.trim_end_matches('\n')))
                .map_err(|error| Failure::could_not_run(format!("{}: {error}", file.display())))?,
            None => outln!("{}", written.trim_end_matches('\n')),
        }
        for (format, file) in &self.also {
            add(file, &format.render(&terminal::TOOL, report, Style::Plain))?;
        }
        let decision = decide(report, threshold, baseline.as_ref());
        if let (Some(_), Format::Text, None) = (&baseline, self.format, &self.output) {
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
