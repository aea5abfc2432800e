//! `doorward inspect --corpus`: prints how the detectors judge labelled values.

use std::path::Path;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, Table};
use replay::{Corpus, CorpusError, Judged, Score, Scores};

use crate::exit::{Exit, Failure};

/// Characters of a value that are shown.
const SHOWN: usize = 100;

/// Scores the values of a directory.
pub(crate) fn run(directory: &Path) -> Result<Exit, Failure> {
    let corpus = Corpus::read(directory).map_err(|error| {
        Failure::usage(match &error {
            CorpusError::Empty(_) => miette::miette!(
                help = "a directory for each class, with attack.txt and benign.txt; a benign.txt beside them counts for all",
                "{error}"
            ),
            CorpusError::Read { .. } => miette::miette!("{error}"),
        })
    })?;
    let scores = corpus.score();
    outln!("{}", table(&scores));
    if !scores.misjudged.is_empty() {
        outln!("\nMisjudged, without every third value:");
        scores.misjudged.iter().for_each(|judged| outln!("  {}", line(judged)));
    }
    let total = scores.total();
    outln!(
        "\n{} of {} attacks refused, {} of {} ordinary values passed",
        total.refused,
        total.attacks,
        total.passed,
        total.ordinary
    );
    Ok(if total.is_perfect() { Exit::Success } else { Exit::Findings })
}

fn line(judged: &Judged) -> String {
    let value: String =
        String::from_utf8_lossy(&judged.value).chars().take(SHOWN).flat_map(char::escape_debug).collect();
    let verdict = if judged.is_attack { "passed" } else { "refused" };
    let finding = judged
        .finding
        .as_ref()
        .map(|found| format!("  ({}, {}: {})", found.class.name(), found.confidence.name(), found.reason));
    format!("{verdict}  {}:{}  {value}{}", judged.class, judged.line, finding.unwrap_or_default())
}

fn table(scores: &Scores) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["class", "attacks refused", "ordinary values passed", "balanced accuracy"]);
    let all = [("all".to_owned(), scores.total())];
    for (class, score) in scores.classes.iter().chain(&all) {
        table.add_row(row(class, score));
    }
    table
}

fn row(class: &str, score: &Score) -> [Cell; 4] {
    let count = |part: usize, whole: usize| match whole {
        0 => "-".to_owned(),
        whole => format!("{part} of {whole}"),
    };
    let accuracy =
        score.balanced_accuracy().map_or("-".to_owned(), |accuracy| format!("{:.1} %", accuracy * 100.0));
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    [
        Cell::new(class),
        right(count(score.refused, score.attacks)),
        right(count(score.passed, score.ordinary)),
        right(accuracy),
    ]
}
