//! What a tool found, in the terms that all formats share.

use std::fmt;

use serde::Serialize;

use crate::level::Level;
use crate::reference::Reference;
use crate::severity::Severity;

/// One finding.
///
/// Only the rule, the severity and the message are needed; the rest is added where a tool knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The name of the rule or the attack that found it.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// One line that says what is wrong, without the location.
    pub message: String,
    /// How bad it is for the one who has to mend it; without it, what [`Finding::level`] makes of the severity.
    pub level: Option<Level>,
    /// The name of its category: for the prober, the door. Without it, the category of the check with the same name
    /// as the rule.
    pub category: Option<String>,
    /// What to do about it, in one text.
    pub help: Option<String>,
    /// What to change in the code.
    pub mend_in_code: Option<String>,
    /// What to set at the gate, until the code is mended or where it cannot be.
    pub mend_at_gate: Option<String>,
    /// What it is about, in words that stay the same when lines shift and ids change: `GET /users/{id} sort`, the
    /// text of the line of code, or a package with its advisory. [Fingerprints](crate::Report::fingerprints) are made
    /// of it.
    pub subject: Option<String>,
    /// A command that shows it again, such as `curl …`.
    pub repeat: Option<String>,
    /// What says more about it.
    pub references: Vec<Reference>,
    /// Words to filter by.
    pub tags: Vec<String>,
    /// Where it is.
    pub location: Option<Location>,
    /// The exchanges that show it.
    pub evidence: Vec<Transcript>,
}

impl Finding {
    /// A finding of which nothing else is known.
    pub fn new(rule: impl Into<String>, severity: Severity, message: impl Into<String>) -> Self {
        Finding {
            rule: rule.into(),
            severity,
            message: message.into(),
            level: None,
            category: None,
            help: None,
            mend_in_code: None,
            mend_at_gate: None,
            subject: None,
            repeat: None,
            references: Vec::new(),
            tags: Vec::new(),
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

    /// Says how bad it is for the one who has to mend it.
    #[must_use]
    pub fn rated(mut self, level: Level) -> Self {
        self.level = Some(level);
        self
    }

    /// Puts it into a category.
    #[must_use]
    pub fn category(mut self, category: impl Into<String>) -> Self {
        self.category = Some(category.into());
        self
    }

    /// Adds what to change in the code.
    #[must_use]
    pub fn mend_in_code(mut self, mend: impl Into<String>) -> Self {
        self.mend_in_code = Some(mend.into());
        self
    }

    /// Adds what to set at the gate.
    #[must_use]
    pub fn mend_at_gate(mut self, mend: impl Into<String>) -> Self {
        self.mend_at_gate = Some(mend.into());
        self
    }

    /// Says what it is about, in words that stay the same when lines shift and ids change.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Adds a command that shows it again.
    #[must_use]
    pub fn repeat(mut self, command: impl Into<String>) -> Self {
        self.repeat = Some(command.into());
        self
    }

    /// Adds what says more about it, as people write it: `CWE-89`, `API1:2023`, `V1.2.4`, `GHSA-…`, a URL.
    #[must_use]
    pub fn references<'r>(mut self, references: impl IntoIterator<Item = &'r str>) -> Self {
        self.references.extend(references.into_iter().map(Reference::parse));
        self
    }

    /// Adds words to filter by.
    #[must_use]
    pub fn tags<'t>(mut self, tags: impl IntoIterator<Item = &'t str>) -> Self {
        self.tags.extend(tags.into_iter().map(str::to_owned));
        self
    }

    /// How bad it is: as rated, or what its severity means.
    pub fn level(&self) -> Level {
        self.level.unwrap_or_else(|| Level::from(self.severity))
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
