//! All that is wrong with a policy, as one error.

use std::collections::HashSet;
use std::fmt;

use miette::Diagnostic;
use openapi::Problem;

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
    /// The problems, each once: a setting that several operations inherit is wrong in one place.
    pub(crate) fn of(mut problems: Vec<Problem>) -> Self {
        let mut seen = HashSet::new();
        problems.retain(|problem| seen.insert(problem.line()));
        ConfigError { problems }
    }

    /// Each problem on its own line, with its help: for logs, where there is no terminal to draw on.
    pub fn lines(&self) -> String {
        self.problems.iter().map(Problem::line).collect::<Vec<_>>().join("\n")
    }
}
