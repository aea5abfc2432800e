//! Overrides: where a platform answers otherwise than the suite expects, and why (the format of `go-ftw`).

use std::path::Path;

use serde::Deserialize;

use crate::error::FtwError;
use crate::suite::{Output, Suite};

/// Where a gateway has to answer before any rule runs; every entry cites the RFC that obliges it.
const GATEWAY: &str = include_str!("gateway-overrides.yaml");

/// A file of overrides.
#[derive(Debug, Default, Deserialize)]
pub struct Overrides {
    #[serde(default)]
    test_overrides: Vec<Override>,
}

/// Other expectations for some tests of one rule.
#[derive(Debug, Deserialize)]
struct Override {
    rule_id: u64,
    /// The tests; all of the rule's if empty.
    #[serde(default)]
    test_ids: Vec<u64>,
    /// Why; required.
    #[serde(rename = "reason")]
    _reason: String,
    /// Whether the test is expected to fail as it is written.
    #[serde(default)]
    expect_failure: bool,
    output: Option<Output>,
}

impl Overrides {
    /// The overrides of [`TestGateway`](crate::TestGateway).
    ///
    /// # Errors
    /// If the built-in file is malformed, which a test excludes.
    pub fn of_the_gateway() -> Result<Overrides, FtwError> {
        Overrides::parse(GATEWAY)
    }

    /// Parses a YAML text.
    ///
    /// # Errors
    /// If it is not a list of overrides.
    pub fn parse(text: &str) -> Result<Overrides, FtwError> {
        serde_saphyr::from_str(text).map_err(|e| FtwError::Format(e.without_snippet().to_string()))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read or is not a list of overrides.
    pub fn read(file: &Path) -> Result<Overrides, FtwError> {
        let fail = |reason: String| FtwError::File { file: file.to_owned(), reason };
        let text = std::fs::read_to_string(file).map_err(|e| fail(e.to_string()))?;
        Overrides::parse(&text).map_err(|e| fail(e.to_string()))
    }

    /// Changes the expectations of the tests that the overrides name. Returns the number of changed tests.
    pub fn apply(&self, suites: &mut [Suite]) -> usize {
        let mut changed = 0;
        for suite in suites {
            for test in suite.tests.iter_mut().flatten() {
                let found = self.test_overrides.iter().find(|entry| {
                    entry.rule_id == suite.rule_id
                        && (entry.test_ids.is_empty() || entry.test_ids.contains(&test.test_id))
                });
                let Some(entry) = found else { continue };
                changed += 1;
                test.expect_failure = entry.expect_failure;
                if let Some(output) = &entry.output {
                    test.stages.iter_mut().for_each(|stage| stage.output = output.clone());
                }
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exception_of_the_gateway_cites_its_rfc() {
        let overrides = Overrides::of_the_gateway().unwrap();
        assert!(!overrides.test_overrides.is_empty());
        for entry in &overrides.test_overrides {
            assert!(entry._reason.contains("RFC "), "{}: {}", entry.rule_id, entry._reason);
            assert!(!entry.test_ids.is_empty() && entry.output.is_some(), "{}", entry.rule_id);
        }
    }

    #[test]
    fn an_override_changes_the_tests_that_it_names() {
        let suite = "rule_id: 7\ntests:\n  - test_id: 1\n    stages: [{input: {}}]\n  - test_id: 2\n    stages: [{input: {}}]\n";
        let mut suites = [Suite::parse(suite).unwrap()];
        let overrides = Overrides::parse(
            "test_overrides:\n  - rule_id: 7\n    test_ids: [2]\n    reason: x\n    output: {status: 400}\n",
        )
        .unwrap();
        assert_eq!(overrides.apply(&mut suites), 1);
        let statuses: Vec<_> =
            suites[0].tests.iter().flatten().map(|test| test.stages[0].output.status).collect();
        assert_eq!(statuses, [None, Some(400)]);
    }
}
