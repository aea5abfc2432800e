//! What a tool found, in the terms that all formats share.

use std::fmt;

use serde::Serialize;

/// The results of one run of a tool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What was found, in the order in which it is shown.
    pub findings: Vec<Finding>,
    /// Checks that could not run to their end. Without them, no findings means no problems.
    pub failures: Vec<Failure>,
}

/// A check that could not run to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The name of the check.
    pub check: String,
    /// Why it could not.
    pub reason: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The name of the rule or the attack that found it.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// One line that says what is wrong, without the location.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where it is.
    pub location: Option<Location>,
    /// The exchanges that show it.
    pub evidence: Vec<Transcript>,
}

impl Finding {
    /// A finding without location, help and evidence.
    pub fn new(rule: impl Into<String>, severity: Severity, message: impl Into<String>) -> Self {
        Finding {
            rule: rule.into(),
            severity,
            message: message.into(),
            help: None,
            location: None,
            evidence: Vec::new(),
        }
    }

    /// Adds the location.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the exchanges that show it.
    #[must_use]
    pub fn evidence(mut self, evidence: Vec<Transcript>) -> Self {
        self.evidence = evidence;
        self
    }
}

/// How bad a finding is. The names are the levels of SARIF 2.1.0 §3.27.10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// An attacker may get somewhere.
    Warning,
    /// An attacker gets somewhere.
    Error,
}

impl Severity {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A place in a file. Displayed as `file:line:column`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Path or URL of the file, as the user wrote it.
    pub file: String,
    /// Line and column, counted from one; `None` for the whole file.
    pub position: Option<(usize, usize)>,
}

impl Location {
    /// A whole file.
    pub fn file(file: impl Into<String>) -> Self {
        Location { file: file.into(), position: None }
    }

    /// A position in a file: line and column, counted from one.
    pub fn position(file: impl Into<String>, line: usize, column: usize) -> Self {
        Location { file: file.into(), position: Some((line, column)) }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some((line, column)) => write!(f, "{}:{line}:{column}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// A request with its answer, as a person reads them. Credentials are shortened before they come here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transcript {
    /// The request.
    pub request: String,
    /// The answer, or why there is none.
    pub answer: String,
}
