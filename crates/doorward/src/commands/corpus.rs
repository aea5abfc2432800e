//! `doorward inspect --corpus`: labelled values through the detectors, and a table of what came of them.

use std::path::{Path, PathBuf};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, Table};
use detect::{Confidence, Finding};

use crate::{Failure, Outcome};

/// Decodings deep that values are judged, as the gate does by default.
const ROUNDS: usize = 3;

/// One file of values.
struct Sample {
    class: String,
    is_attack: bool,
    /// Values with the lines where they stand.
    values: Vec<(usize, Vec<u8>)>,
}

#[derive(Default, Clone, Copy)]
struct Score {
    attacks: usize,
    refused: usize,
    ordinary: usize,
    passed: usize,
}

/// Judges every value of a directory, and prints the table.
pub fn run(directory: &Path) -> Result<Outcome, Failure> {
    let samples = read(directory).map_err(Failure::usage)?;
    if samples.is_empty() {
        return Err(Failure::usage(miette::miette!(
            help = "a directory for each class, with attack.txt and benign.txt; benign.txt beside them is for all",
            "{} holds no corpus",
            directory.display()
        )));
    }
    let mut classes: Vec<(String, Score)> = Vec::new();
    let mut wrong = Vec::new();
    for sample in &samples {
        let at = classes.iter().position(|(class, _)| *class == sample.class).unwrap_or_else(|| {
            classes.push((sample.class.clone(), Score::default()));
            classes.len() - 1
        });
        let score = &mut classes[at].1;
        for (line, value) in &sample.values {
            let found = detect::inspect(value, ROUNDS, &detect::ALL);
            let refused = found.as_ref().is_some_and(|found| found.confidence == Confidence::High);
            match sample.is_attack {
                true => {
                    (score.attacks, score.refused) = (score.attacks + 1, score.refused + usize::from(refused))
                }
                false => {
                    (score.ordinary, score.passed) =
                        (score.ordinary + 1, score.passed + usize::from(!refused))
                }
            }
            // Every third value is for the score alone.
            if refused != sample.is_attack && line % 3 != 0 {
                wrong.push(describe(sample, *line, value, found.as_ref()));
            }
        }
    }
    say!("{}", table(&classes));
    if !wrong.is_empty() {
        say!("\nNot as it should be, every third value left out:");
        wrong.iter().for_each(|line| say!("  {line}"));
    }
    let total = sum(&classes);
    say!(
        "\n{} of {} attacks refused, {} of {} ordinary values passed",
        total.refused,
        total.attacks,
        total.passed,
        total.ordinary
    );
    Ok(if total.refused == total.attacks && total.passed == total.ordinary {
        Outcome::Fine
    } else {
        Outcome::Findings
    })
}

fn describe(sample: &Sample, line: usize, value: &[u8], found: Option<&Finding>) -> String {
    let shown: String =
        String::from_utf8_lossy(value).chars().take(100).flat_map(char::escape_debug).collect();
    let kind = if sample.is_attack { "passed" } else { "refused" };
    let why = found
        .map(|found| format!("  ({}, {}: {})", found.class.name(), found.confidence.name(), found.reason));
    format!("{kind}  {}:{line}  {shown}{}", sample.class, why.unwrap_or_default())
}

fn table(classes: &[(String, Score)]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["class", "attacks refused", "ordinary values passed", "balanced accuracy"]);
    let all = [("all".to_owned(), sum(classes))];
    for (class, score) in classes.iter().chain(&all) {
        let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
        let (refused, passed) = (share(score.refused, score.attacks), share(score.passed, score.ordinary));
        let count = |part: usize, whole: usize| {
            if whole == 0 { "-".to_owned() } else { format!("{part} of {whole}") }
        };
        let balanced = match (refused, passed) {
            (Some(refused), Some(passed)) => format!("{:.1} %", (refused + passed) * 50.0),
            _ => "-".to_owned(),
        };
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        table.add_row([
            Cell::new(class),
            right(count(score.refused, score.attacks)),
            right(count(score.passed, score.ordinary)),
            right(balanced),
        ]);
    }
    table
}

fn sum(classes: &[(String, Score)]) -> Score {
    classes.iter().fold(Score::default(), |all, (_, score)| Score {
        attacks: all.attacks + score.attacks,
        refused: all.refused + score.refused,
        ordinary: all.ordinary + score.ordinary,
        passed: all.passed + score.passed,
    })
}

/// Reads the files of a directory and of those in it.
fn read(directory: &Path) -> miette::Result<Vec<Sample>> {
    let list = |directory: &Path| -> miette::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(directory)
            .map_err(|e| miette::miette!("{} cannot be read: {e}", directory.display()))?;
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        Ok(paths)
    };
    let mut samples = Vec::new();
    for path in list(directory)? {
        let (class, files) = match path.is_dir() {
            true => (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), list(&path)?),
            false => ("any".to_owned(), vec![path]),
        };
        for file in files {
            let is_attack = match file.file_name().and_then(|name| name.to_str()) {
                Some("attack.txt") => true,
                Some("benign.txt") => false,
                _ => continue,
            };
            let text = std::fs::read_to_string(&file)
                .map_err(|e| miette::miette!("{} cannot be read: {e}", file.display()))?;
            let lines =
                text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with("# "));
            let values = lines.map(|(at, line)| (at + 1, value(line))).collect();
            samples.push(Sample { class: class.clone(), is_attack, values });
        }
    }
    Ok(samples)
}

/// The value of a line, in which control bytes stand as their pictures.
fn value(line: &str) -> Vec<u8> {
    line.replace('␊', "\n").replace('␍', "\r").replace('␉', "\t").replace('␀', "\0").into_bytes()
}
