//! Errors in what a person wrote: file, line, column, what is wrong and how to fix it.

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
            help: None,
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
    help: Option<String>,
    #[source_code]
    code: NamedSource<Arc<str>>,
    #[label("here")]
    span: Option<SourceSpan>,
}

impl Problem {
    /// Adds how to fix it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What is wrong, without the position.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// How to fix it.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The problem and its help in one line: for logs, where there is no terminal to draw on.
    pub fn line(&self) -> String {
        match &self.help {
            Some(help) => format!("{self}; {help}"),
            None => self.to_string(),
        }
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
