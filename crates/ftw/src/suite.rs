//! The format: what a test sends, and what it expects.
//!
//! <https://github.com/coreruleset/ftw-tests-schema>

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::FtwError;

/// The tests of one rule, from one file.
#[derive(Debug, Deserialize)]
pub struct Suite {
    /// The id of the rule.
    pub rule_id: u64,
    /// The tests; a file may have none.
    #[serde(default)]
    pub tests: Option<Vec<Test>>,
}

/// One test.
#[derive(Debug, Deserialize)]
pub struct Test {
    /// Its number within the file.
    pub test_id: u64,
    /// The exchanges, in order.
    #[serde(default)]
    pub stages: Vec<Stage>,
    /// Whether an override expects the test to fail as it is written.
    #[serde(skip)]
    pub expect_failure: bool,
}

/// One exchange.
#[derive(Debug, Deserialize)]
pub struct Stage {
    /// The request.
    pub input: Input,
    /// The expectations.
    #[serde(default)]
    pub output: Output,
}

/// A request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Input {
    /// The method; `GET` if absent.
    pub method: Option<String>,
    /// The request target; `/` if absent.
    pub uri: Option<String>,
    /// The protocol version; `HTTP/1.1` if absent.
    pub version: Option<String>,
    /// The headers, in order of name.
    pub headers: BTreeMap<String, Scalar>,
    /// Headers whose order matters; they follow the others.
    pub ordered_headers: Vec<NamedHeader>,
    /// The body.
    pub data: Option<String>,
    /// The body in Base64.
    pub encoded_data: Option<String>,
    /// The whole request in Base64; the other fields are ignored.
    pub encoded_request: Option<String>,
    /// Whether the client adds Connection, Content-Type and Content-Length; `true` if absent.
    pub autocomplete_headers: Option<bool>,
}

/// A header whose place in the request matters.
#[derive(Debug, Deserialize)]
pub struct NamedHeader {
    /// The name.
    pub name: String,
    /// The value.
    #[serde(default)]
    pub value: Scalar,
}

/// A header's value, whichever type YAML gives it.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// A string.
    Text(String),
    /// An integer.
    Integer(i64),
    /// Another number.
    Fraction(f64),
    /// `true` or `false`.
    Flag(bool),
    /// An empty value.
    #[default]
    Nothing,
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Scalar::Text(text) => f.write_str(text),
            Scalar::Integer(number) => write!(f, "{number}"),
            Scalar::Fraction(number) => write!(f, "{number}"),
            Scalar::Flag(flag) => write!(f, "{flag}"),
            Scalar::Nothing => Ok(()),
        }
    }
}

/// The expectations of a stage. Absent ones are not checked.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Output {
    /// The status of the response.
    pub status: Option<u16>,
    /// A regular expression that the response matches. It is not checked.
    pub response_contains: Option<String>,
    /// A regular expression that the log matches.
    pub log_contains: Option<String>,
    /// A regular expression that the log does not match.
    pub no_log_contains: Option<String>,
    /// Expectations of the log by rule id.
    pub log: Log,
    /// Whether the server may close the connection, or answer 400, instead of serving the request.
    pub expect_error: Option<bool>,
    /// Whether a second attempt counts.
    pub retry_once: Option<bool>,
}

/// Expectations of the log.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Log {
    /// Rules that must match.
    pub expect_ids: Vec<u64>,
    /// Rules that must not match.
    pub no_expect_ids: Vec<u64>,
    /// A regular expression that the log matches.
    pub match_regex: Option<String>,
    /// A regular expression that the log does not match.
    pub no_match_regex: Option<String>,
}

impl Suite {
    /// Parses the YAML text of one file.
    ///
    /// # Errors
    /// If it is not a suite.
    pub fn parse(text: &str) -> Result<Suite, FtwError> {
        serde_saphyr::from_str(text).map_err(|e| {
            FtwError::Format(e.without_snippet().to_string().lines().next().unwrap_or("").to_owned())
        })
    }
}

/// Reads every YAML file of a directory and its subdirectories, in order of path.
///
/// # Errors
/// If one cannot be read or is not a suite.
pub fn read(directory: &Path) -> Result<Vec<Suite>, FtwError> {
    let fail = |file: &Path, reason: String| FtwError::File { file: file.to_owned(), reason };
    let mut files = Vec::new();
    collect(directory, &mut files).map_err(|e| fail(directory, e.to_string()))?;
    files.sort();
    let mut suites = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(|e| fail(&file, e.to_string()))?;
        // A file may keep its number although its tests are gone.
        if text.lines().all(|line| line.trim().is_empty() || line.starts_with(['#', '-'])) {
            continue;
        }
        suites.push(Suite::parse(&text).map_err(|e| fail(&file, e.to_string()))?);
    }
    Ok(suites)
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            files.push(path);
        }
    }
    Ok(())
}
