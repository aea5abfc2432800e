//! What a lock file says: packages, what could not be judged, and what could not be read.

use std::fmt;

use super::ecosystem::Ecosystem;

/// The longest name or version, in bytes.
const MAX_TEXT: usize = 512;

/// One package at one version, where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Where it comes from.
    pub ecosystem: Ecosystem,
    /// Its name as the ecosystem writes it.
    pub name: String,
    /// Its exact version.
    pub version: String,
    /// The file that names it.
    pub file: String,
    /// The line, counted from one.
    pub line: usize,
    /// What it is used for.
    pub scope: Scope,
}

/// What a package is used for, as far as the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// It runs where the program runs.
    Production,
    /// It is only needed to develop and test.
    Development,
    /// The file does not say.
    Unsaid,
}

/// Something that a file names and that has no exact version of a public package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unjudged {
    /// The file.
    pub file: String,
    /// The line, counted from one.
    pub line: usize,
    /// What it is, as a person calls it.
    pub what: String,
    /// Why it could not be judged.
    pub why: String,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line, counted from one; zero for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.reason),
            line => write!(f, "{}:{line}: {}", self.file, self.reason),
        }
    }
}

/// A fault in a text, before its file is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextFault {
    /// The line, counted from one; zero for the text as a whole.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) reason: String,
}

impl TextFault {
    pub(crate) fn new(line: usize, reason: impl Into<String>) -> Self {
        TextFault { line, reason: reason.into() }
    }
}

/// What is read of one file, while it is read.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) file: String,
    pub(crate) packages: Vec<Package>,
    pub(crate) unjudged: Vec<Unjudged>,
    pub(crate) faults: Vec<Fault>,
}

impl Contents {
    pub(crate) fn of(file: impl Into<String>) -> Self {
        Contents { file: file.into(), packages: Vec::new(), unjudged: Vec::new(), faults: Vec::new() }
    }

    /// A package. A name or version that no registry would take is a fault: it would only mislead whoever reads it.
    pub(crate) fn package(
        &mut self,
        ecosystem: Ecosystem,
        name: &str,
        version: &str,
        line: usize,
        scope: Scope,
    ) {
        if let Some(text) = [name, version].into_iter().find(|text| !is_plain(text)) {
            self.fault(line, format!("`{}` is no name or version of a package", printable(text)));
            return;
        }
        self.packages.push(Package {
            ecosystem,
            name: ecosystem.name(name),
            version: version.to_owned(),
            file: self.file.clone(),
            line,
            scope,
        });
    }

    pub(crate) fn unjudged(&mut self, line: usize, what: &str, why: impl AsRef<str>) {
        let (what, why) = (printable(what), printable(why.as_ref()));
        self.unjudged.push(Unjudged { file: self.file.clone(), line, what, why });
    }

    pub(crate) fn fault(&mut self, line: usize, reason: impl AsRef<str>) {
        self.faults.push(Fault { file: self.file.clone(), line, reason: printable(reason.as_ref()) });
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TEXT && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// A text from outside, as it may be shown on a terminal: on one line, without control characters, not too long.
pub(crate) fn printable(text: &str) -> String {
    let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut shown: String = shown.take(MAX_TEXT).collect();
    if shown.len() < text.len() && text.chars().nth(MAX_TEXT).is_some() {
        shown.push('…');
    }
    shown
}
