//! What is looked at, and what is found.

pub use report::Severity;
use report::{Failure, Finding, Location, Report};

/// What to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether tests, examples and fixtures are looked at.
    pub tests: Tests,
    /// Files with more bytes are told as not looked at.
    pub largest_file: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options { tests: Tests::Skip, largest_file: 1 << 20 }
    }
}

/// Whether code that never runs in production is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tests {
    /// It is left out: it holds made-up secrets, and attacks on purpose.
    Skip,
    /// It is looked at like everything else.
    Include,
}

/// A finding in source code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeFinding {
    /// The rule.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence that says what is wrong.
    pub message: String,
    /// What to write instead.
    pub mend: String,
    /// The weakness, as `CWE-89`.
    pub cwe: String,
    /// The entry of the OWASP API Security Top 10, as `API8:2023`.
    pub owasp: String,
    /// The file, as it was given or found.
    pub file: String,
    /// Line, counted from one.
    pub line: usize,
    /// Column in characters, counted from one.
    pub column: usize,
    /// The lines of the value's way, from where the client's value comes in to where it does harm.
    pub way: Vec<usize>,
    /// The line itself: it is what the finding is about when other lines move.
    pub text: String,
}

/// The results of a scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// What was found, by file and line.
    pub findings: Vec<CodeFinding>,
    /// What could not be looked at, with the reason.
    pub failures: Vec<(String, String)>,
    /// How many files were looked at.
    pub files: usize,
    /// How many lines they have.
    pub lines: usize,
}

impl CodeFinding {
    /// The finding in the terms of all formats.
    pub fn to_finding(&self) -> Finding {
        let mut message = self.message.clone();
        if self.way.len() > 1 {
            let lines: Vec<String> = self.way.iter().map(ToString::to_string).collect();
            message.push_str(&format!(" (line {})", lines.join(" -> ")));
        }
        Finding::new(&self.rule, self.severity, message)
            .at(Location::position(&self.file, self.line, self.column))
            .about(&self.text)
            .help(&self.mend)
            .references([self.cwe.as_str(), self.owasp.as_str()])
    }
}

impl Scan {
    /// The scan in the terms of all formats.
    pub fn to_report(&self) -> Report {
        let failure =
            |(file, reason): &(String, String)| Failure { check: file.clone(), reason: reason.clone() };
        Report {
            findings: self.findings.iter().map(CodeFinding::to_finding).collect(),
            failures: self.failures.iter().map(failure).collect(),
            ..Report::default()
        }
    }
}
