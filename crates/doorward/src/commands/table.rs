//! Progress and tables on a terminal.

use attack::{Door, Report, Status};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error; nothing when that is not a terminal.
pub fn progress(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{spinner} [{bar:30}] {pos}/{len} {prefix} {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// The guide's checklist, a column per report.
pub fn checklist(columns: &[(&str, &Report)]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        table.force_no_tty();
    }
    let bold = |text: &str| Cell::new(text).add_attribute(Attribute::Bold);
    table.set_header(std::iter::once(bold("door")).chain(columns.iter().map(|(name, _)| bold(name))));
    for door in Door::GUIDE {
        if columns.iter().all(|(_, report)| report.door(door).next().is_none()) {
            continue;
        }
        table.add_row(
            std::iter::once(Cell::new(door.title()))
                .chain(columns.iter().map(|(_, report)| cell(report, door))),
        );
    }
    table.add_row(std::iter::once(Cell::new("Ordinary requests served")).chain(columns.iter().map(
        |(_, report)| {
            let served = report.ordinary - report.refused.len();
            let color = if report.refused.is_empty() { Color::Green } else { Color::Red };
            Cell::new(format!("{served} of {}", report.ordinary)).fg(color)
        },
    )));
    table
}

fn cell(report: &Report, door: Door) -> Cell {
    let exploited = report.count(door, Status::Exploited);
    let tried = exploited + report.count(door, Status::Blocked);
    match (exploited, tried) {
        (_, 0) => Cell::new("nothing to try").fg(Color::DarkGrey),
        (0, tried) => Cell::new(format!("shut   {tried} of {tried} blocked")).fg(Color::Green),
        (exploited, tried) => Cell::new(format!("OPEN   {exploited} of {tried} worked")).fg(Color::Red),
    }
}
