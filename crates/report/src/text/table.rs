//! Tables: the checklist of a report, and the checklists of several side by side.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table};

use super::parts::{Style, number_of_findings};
use crate::check::{Counts, Standing, Verdict};
use crate::level::Level;
use crate::results::{Report, Row};
use crate::visible::on_one_line;

/// A row for each category, with the four verdicts counted apart.
pub(super) fn checklist(rows: &[Row<'_>], style: Style) -> Table {
    let mut table = empty(style);
    table.set_header(
        ["check", "priority", "result"].into_iter().chain(Verdict::ALL.map(Verdict::title)).map(bold),
    );
    for row in rows {
        let standing = match row.counts.total() {
            // Findings that no check names.
            0 => Cell::new(number_of_findings(row.findings.len())).fg(Color::Red),
            _ => Cell::new(row.counts.standing().title()).fg(color(row.counts.standing())),
        };
        let counts = Verdict::ALL.map(|verdict| Cell::new(row.counts.get(verdict)));
        let priority = row.priority.map_or("", Level::name);
        table.add_row(
            [Cell::new(on_one_line(row.title)), Cell::new(priority), standing].into_iter().chain(counts),
        );
    }
    table
}

/// Several reports of the same categories in columns, each with a title and with how many ordinary requests were served,
/// of how many.
pub fn side_by_side(columns: &[(&str, &Report, (usize, usize))], style: Style) -> String {
    let mut table = empty(style);
    table.set_header(std::iter::once("door").chain(columns.iter().map(|(title, ..)| *title)).map(bold));
    let rows: Vec<Vec<Row<'_>>> = columns.iter().map(|(_, report, _)| report.rows()).collect();
    let mut titles: Vec<&str> = Vec::new();
    for row in rows.iter().flatten() {
        if !titles.contains(&row.title) {
            titles.push(row.title);
        }
    }
    for title in titles {
        let cells = rows.iter().map(|rows| {
            let counts =
                rows.iter().find(|row| row.title == title).map_or(Counts::default(), |row| row.counts);
            Cell::new(summary(counts)).fg(color(counts.standing()))
        });
        table.add_row(std::iter::once(Cell::new(on_one_line(title))).chain(cells));
    }
    let ordinary = columns.iter().map(|(.., (served, sent))| {
        Cell::new(format!("{served} of {sent}")).fg(if served == sent { Color::Green } else { Color::Red })
    });
    table.add_row(std::iter::once(Cell::new("Ordinary texts served")).chain(ordinary));
    table.to_string()
}

/// `OPEN   2 of 5 tried`, and how many could not be.
fn summary(counts: Counts) -> String {
    let tried = counts.open + counts.shut + counts.unknown;
    let said = match counts.standing() {
        Standing::NotTried => return "could not be tried".to_owned(),
        Standing::Open => format!("OPEN   {} of {tried}", counts.open),
        Standing::Unknown => format!("?      {} of {tried} unknown", counts.unknown),
        Standing::ShutWhereTried | Standing::Shut => format!("shut   {tried} of {tried}"),
    };
    match counts.not_tried {
        0 => said,
        more => format!("{said}, {more} not tried"),
    }
}

fn empty(style: Style) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    if style == Style::Plain {
        table.force_no_tty();
    }
    table
}

fn bold(text: &str) -> Cell {
    Cell::new(text).add_attribute(Attribute::Bold)
}

fn color(standing: Standing) -> Color {
    match standing {
        Standing::Open => Color::Red,
        Standing::Unknown | Standing::ShutWhereTried => Color::Yellow,
        Standing::Shut => Color::Green,
        Standing::NotTried => Color::DarkGrey,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Check;

    #[test]
    fn side_by_side_shut_is_told_from_unknown_and_from_not_tried() {
        let check = |category: &str, verdict| Check::new("a", verdict, "").category(category);
        let one = Report {
            checks: vec![
                check("one", Verdict::Open),
                check("one", Verdict::Shut),
                check("two", Verdict::Shut),
                check("three", Verdict::Shut),
                check("three", Verdict::Unknown),
                check("four", Verdict::NotTried),
                check("five", Verdict::Shut),
                check("five", Verdict::NotTried),
            ],
            ..Report::default()
        };
        let other = Report { checks: vec![check("six", Verdict::Shut)], ..Report::default() };
        let shown = side_by_side(&[("bare", &one, (43, 44)), ("gate", &other, (44, 44))], Style::Plain);
        for (row, cell) in [
            ("one", "OPEN   1 of 2"),
            ("two", "shut   1 of 1"),
            ("three", "?      1 of 2 unknown"),
            ("four", "could not be tried"),
            ("five", "shut   1 of 1, 1 not tried"),
            ("six", "could not be tried ┆ shut   1 of 1"),
            ("Ordinary texts served", "43 of 44"),
        ] {
            let is_it = |line: &str| {
                let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
                line.contains(row) && line.contains(&cell.split_whitespace().collect::<Vec<_>>().join(" "))
            };
            assert!(shown.lines().any(is_it), "{row}: {shown}");
        }
    }
}
