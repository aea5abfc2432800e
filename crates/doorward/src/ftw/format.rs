//! Files of tests: what is sent, and what the log must say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A file of tests for one rule.
#[derive(Debug, Deserialize)]
pub struct Suite {
    /// The rule.
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
    /// What is sent, one after the other.
    #[serde(default)]
    pub stages: Vec<Stage>,
    /// Whether an override says that it fails as it was written.
    #[serde(skip)]
    pub expect_failure: bool,
}

/// One exchange.
#[derive(Debug, Deserialize)]
pub struct Stage {
    /// What is sent.
    pub input: Input,
    /// What must come of it.
    #[serde(default)]
    pub output: Output,
}

/// What is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Input {
    pub method: Option<String>,
    pub uri: Option<String>,
    pub version: Option<String>,
    pub headers: BTreeMap<String, Scalar>,
    pub ordered_headers: Vec<NamedHeader>,
    pub data: Option<String>,
    pub encoded_data: Option<String>,
    pub encoded_request: Option<String>,
    pub autocomplete_headers: Option<bool>,
}

/// A header where order matters.
#[derive(Debug, Deserialize)]
pub struct NamedHeader {
    pub name: String,
    #[serde(default)]
    pub value: Scalar,
}

/// What a header is set to: a text, whatever YAML took it for.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    Text(String),
    Integer(i64),
    Fraction(f64),
    Flag(bool),
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

/// What must come of it.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Output {
    pub status: Option<u16>,
    pub response_contains: Option<String>,
    pub log_contains: Option<String>,
    pub no_log_contains: Option<String>,
    pub log: Log,
    pub expect_error: Option<bool>,
    /// Whether a second try counts.
    pub retry_once: Option<bool>,
}

/// What the log must say.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Log {
    pub expect_ids: Vec<u64>,
    pub no_expect_ids: Vec<u64>,
    pub match_regex: Option<String>,
    pub no_match_regex: Option<String>,
}

/// Why a suite cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", file.display())]
pub struct SuiteError {
    file: PathBuf,
    reason: String,
}

/// Every file of a directory and those in it, in order of name.
///
/// # Errors
/// When one cannot be read, or is of another form.
pub fn read(directory: &Path) -> Result<Vec<Suite>, SuiteError> {
    let mut files = Vec::new();
    collect(directory, &mut files)
        .map_err(|e| SuiteError { file: directory.to_owned(), reason: e.to_string() })?;
    files.sort();
    let mut suites = Vec::new();
    for file in files {
        let fail = |reason: String| SuiteError { file: file.clone(), reason };
        let text = std::fs::read_to_string(&file).map_err(|e| fail(e.to_string()))?;
        // A file may keep its number and say that its tests are gone.
        if text.lines().all(|line| line.trim().is_empty() || line.starts_with(['#', '-'])) {
            continue;
        }
        let suite = serde_saphyr::from_str(&text)
            .map_err(|e| fail(e.without_snippet().to_string().lines().next().unwrap_or("").to_owned()))?;
        suites.push(suite);
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
