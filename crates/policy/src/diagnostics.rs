//! Errors in what a person wrote: file, line, column, what is wrong and how to mend it.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};

/// A text that a person wrote, with its name, so that problems can point into it.
#[derive(Debug, Clone)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
}

impl Source {
    /// A source named after its file.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Source { name: name.into(), text: text.into() }
    }

    /// The file's name as the person gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A problem at a byte range of this source.
    pub fn problem(&self, span: Option<std::ops::Range<usize>>, message: impl Into<String>) -> Problem {
        let position = span.as_ref().map(|s| self.line_and_column(s.start));
        Problem {
            file: self.name.clone(),
            position,
            message: message.into(),
            mend: None,
            code: NamedSource::new(&*self.name, Arc::clone(&self.text)),
            span: span.map(SourceSpan::from),
        }
    }

    fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }

    /// The byte range of the value at a key path of this TOML text, or of the deepest part of it that exists.
    /// A segment is a key, or an index into an array.
    pub fn locate(&self, path: &[&str]) -> Option<std::ops::Range<usize>> {
        let document = toml_edit::Document::parse(&*self.text).ok()?;
        let mut item = document.as_item();
        let mut found = None;
        for segment in path {
            let next = match segment.parse::<usize>() {
                Ok(index) if !item.is_table_like() => item.get(index),
                _ => item.get(*segment),
            };
            let Some(next) = next else { break };
            item = next;
            found = item.span().or(found);
        }
        found
    }
}

/// One thing that is wrong in a file.
#[derive(Debug, Clone, Diagnostic)]
pub struct Problem {
    file: Arc<str>,
    position: Option<(usize, usize)>,
    message: String,
    #[help]
    mend: Option<String>,
    #[source_code]
    code: NamedSource<Arc<str>>,
    #[label("here")]
    span: Option<SourceSpan>,
}

impl Problem {
    /// Adds how to mend it.
    #[must_use]
    pub fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }

    /// What is wrong, without the position.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// How to mend it.
    pub fn advice(&self) -> Option<&str> {
        self.mend.as_deref()
    }

    /// The file that it is about.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Line and column, counted from one, when the problem has a place.
    pub fn position(&self) -> Option<(usize, usize)> {
        self.position
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

impl std::error::Error for Problem {}

/// All that is wrong with a policy. Never empty.
#[derive(Debug, Clone, Diagnostic)]
pub struct ConfigError {
    /// The problems, in the order in which they were found.
    #[related]
    pub problems: Vec<Problem>,
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        ConfigError { problems: vec![problem] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => f.write_str("the policy has a problem"),
            n => write!(f, "the policy has {n} problems"),
        }
    }
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    /// Each problem on its own line, with its mend: for logs, where there is no terminal to draw on.
    pub fn lines(&self) -> String {
        let mut out = String::new();
        for problem in &self.problems {
            out.push_str(&problem.to_string());
            if let Some(mend) = &problem.mend {
                out.push_str("; ");
                out.push_str(mend);
            }
            out.push('\n');
        }
        out.truncate(out.trim_end().len());
        out
    }
}

/// The candidate nearest to what was written, when it is near enough to be what was meant.
pub(crate) fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(written, c), c))
        .filter(|(distance, c)| *distance <= 1 + c.len() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}
