//! The results of one run: what all formats are made of.

use std::time::SystemTime;

use crate::check::{Category, Check, Counts, Verdict};
use crate::finding::Finding;
use crate::level::Level;

/// The results of one run of a tool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What was found, in the order in which it is shown.
    pub findings: Vec<Finding>,
    /// Checks that could not run to their end. Without them, no findings means no problems.
    pub failures: Vec<Failure>,
    /// What was examined and how it ended, for tools that try one thing after the other.
    pub checks: Vec<Check>,
    /// The rows of the checklist in their order. Categories that are only named by a check or a finding follow them.
    pub categories: Vec<Category>,
    /// What was examined: the URL of an API, or a directory.
    pub target: Option<String>,
    /// The file to which SARIF ties findings that have no place of their own, such as the OpenAPI document: code
    /// scanning refuses results without a file.
    pub artifact: Option<String>,
    /// When the run ended.
    pub ended: Option<SystemTime>,
    /// What else the reader must know of the run: how much was looked at, who allowed it, what stayed behind.
    pub facts: Vec<Fact>,
}

/// Something that the reader must know of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is about, in a few words.
    pub title: String,
    /// What is so.
    pub text: String,
}

impl Fact {
    /// A fact.
    pub fn new(title: impl Into<String>, text: impl Into<String>) -> Self {
        Fact { title: title.into(), text: text.into() }
    }
}

/// A check that could not run to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The name of the check.
    pub check: String,
    /// Why it could not.
    pub reason: String,
}

/// A row of the checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'r> {
    /// The name of the category; `None` for what has none.
    pub name: Option<&'r str>,
    /// Its title.
    pub title: &'r str,
    /// How early to work on it: the category's priority.
    pub priority: Option<Level>,
    /// How its checks ended.
    pub counts: Counts,
    /// Its findings, as indices into [`Report::findings`].
    pub findings: Vec<usize>,
}

impl Report {
    /// How the checks ended.
    pub fn counts(&self) -> Counts {
        Counts::of(self.checks.iter().map(|check| check.verdict))
    }

    /// The findings of a check: those whose rule has its name.
    pub fn findings_of<'r>(&'r self, check: &'r Check) -> impl Iterator<Item = &'r Finding> {
        self.findings.iter().filter(move |finding| finding.rule == check.name)
    }

    /// The category of a finding: its own, or that of its check.
    pub fn category_of<'r>(&'r self, finding: &'r Finding) -> Option<&'r str> {
        let of_check = || self.checks.iter().find(|check| check.name == finding.rule)?.category.as_deref();
        finding.category.as_deref().or_else(of_check)
    }

    /// How many findings have this level.
    pub fn at_level(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level() == level).count()
    }

    /// What could not run to its end: the failures, and the checks whose outcome is unknown.
    pub fn incomplete(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_told = |check: &Check| self.failures.iter().any(|failure| failure.check == check.name);
        let unknown = self.checks.iter().filter(move |c| c.verdict == Verdict::Unknown && !is_told(c));
        let failures = self.failures.iter().map(|f| (f.check.as_str(), f.reason.as_str()));
        failures.chain(unknown.map(|check| (check.name.as_str(), check.reason.as_str())))
    }

    /// What could not be tried, and why.
    pub fn not_tried(&self) -> impl Iterator<Item = (&str, &str)> {
        let not_tried = self.checks.iter().filter(|check| check.verdict == Verdict::NotTried);
        not_tried.map(|check| (check.name.as_str(), check.reason.as_str()))
    }

    /// The findings with their indices, the worst first and else in their order.
    pub fn worst_first(&self) -> impl Iterator<Item = (usize, &Finding)> {
        Level::ALL.into_iter().flat_map(|level| {
            self.findings.iter().enumerate().filter(move |(_, finding)| finding.level() == level)
        })
    }

    /// The rows of the checklist: categories in their order, then those that are only named, then what has none.
    /// Rows without checks and findings are left out.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let mut rows: Vec<Row<'_>> = Vec::new();
        for category in &self.categories {
            rows.push(Row {
                name: Some(&category.name),
                title: &category.title,
                priority: category.priority,
                counts: Counts::default(),
                findings: Vec::new(),
            });
        }
        for check in &self.checks {
            let row = row_of(&mut rows, check.category.as_deref());
            row.counts = row.counts.and(check.verdict);
        }
        for (index, finding) in self.findings.iter().enumerate() {
            row_of(&mut rows, self.category_of(finding)).findings.push(index);
        }
        rows.retain(|row| row.counts.total() > 0 || !row.findings.is_empty());
        rows.sort_by_key(|row| row.name.is_none());
        rows
    }
}

/// The row of a category, which is added where there is none.
#[expect(clippy::indexing_slicing, reason = "the index was found or made just before")]
fn row_of<'a, 'r>(rows: &'a mut Vec<Row<'r>>, name: Option<&'r str>) -> &'a mut Row<'r> {
    let at = match rows.iter().position(|row| row.name == name) {
        Some(at) => at,
        None => {
            rows.push(Row {
                name,
                title: name.unwrap_or("Other"),
                priority: None,
                counts: Counts::default(),
                findings: Vec::new(),
            });
            rows.len() - 1
        }
    };
    &mut rows[at]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::severity::Severity;

    fn report() -> Report {
        Report {
            findings: vec![
                Finding::new("sql-union", Severity::Error, "rows of another table"),
                Finding::new("stray", Severity::Note, "no category"),
                Finding::new("other", Severity::Warning, "named").category("late"),
            ],
            failures: vec![Failure { check: "slow".into(), reason: "no answer".into() }],
            checks: vec![
                Check::new("sql-union", Verdict::Open, "it grew").category("sql"),
                Check::new("sql-blind", Verdict::NotTried, "no parameter").category("sql"),
                Check::new("slow", Verdict::Unknown, "no answer").category("rate"),
                Check::new("odd", Verdict::Unknown, "two answers").category("rate"),
            ],
            categories: vec![
                Category::new("cors", "5 CORS", Level::Medium),
                Category::new("sql", "1 SQL injection", Level::Critical),
            ],
            ..Report::default()
        }
    }

    #[test]
    fn rows_follow_the_categories_and_leave_out_empty_ones() {
        let report = report();
        let rows: Vec<_> = report.rows().into_iter().map(|r| (r.title, r.counts, r.findings)).collect();
        let counts = |open, shut, not_tried, unknown| Counts { open, shut, not_tried, unknown };
        assert_eq!(
            rows,
            [
                ("1 SQL injection", counts(1, 0, 1, 0), vec![0]),
                ("rate", counts(0, 0, 0, 2), vec![]),
                ("late", counts(0, 0, 0, 0), vec![2]),
                ("Other", counts(0, 0, 0, 0), vec![1]),
            ]
        );
    }

    #[test]
    fn what_could_not_run_is_told_once() {
        let report = report();
        assert_eq!(report.incomplete().collect::<Vec<_>>(), [("slow", "no answer"), ("odd", "two answers")]);
    }
}
