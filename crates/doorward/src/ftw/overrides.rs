//! What a platform answers otherwise than the suite's authors expect, and why: ftw's format of overrides.

use std::path::Path;

use serde::Deserialize;

use super::format::{Output, Suite};

/// Where the gate has to answer before any rule is asked; every entry cites the RFC that obliges it.
const GATEWAY: &str = include_str!("gateway-overrides.yaml");

/// A file of overrides.
#[derive(Debug, Default, Deserialize)]
pub struct Overrides {
    #[serde(default)]
    test_overrides: Vec<Override>,
}

/// What is expected instead, of some tests of a rule.
#[derive(Debug, Deserialize)]
struct Override {
    rule_id: u64,
    /// All of them when there is none.
    #[serde(default)]
    test_ids: Vec<u64>,
    /// Why; nobody may leave that out.
    #[serde(rename = "reason")]
    _reason: String,
    /// Whether the test is to fail as it was written.
    #[serde(default)]
    expect_failure: bool,
    output: Option<Output>,
}

impl Overrides {
    /// Those of the gate.
    ///
    /// # Errors
    /// When they are of another form.
    pub fn of_the_gateway() -> Result<Overrides, String> {
        parse(GATEWAY)
    }

    /// Those of a file.
    ///
    /// # Errors
    /// When it cannot be read, or is of another form.
    pub fn read(file: &Path) -> Result<Overrides, String> {
        let text = std::fs::read_to_string(file).map_err(|e| e.to_string());
        text.and_then(|text| parse(&text)).map_err(|reason| format!("{}: {reason}", file.display()))
    }

    /// Puts them into suites. How many tests are changed.
    pub fn apply(&self, suites: &mut [Suite]) -> usize {
        let mut changed = 0;
        for suite in suites {
            for test in suite.tests.iter_mut().flatten() {
                let meant = self.test_overrides.iter().find(|own| {
                    own.rule_id == suite.rule_id
                        && (own.test_ids.is_empty() || own.test_ids.contains(&test.test_id))
                });
                let Some(own) = meant else { continue };
                changed += 1;
                test.expect_failure = own.expect_failure;
                if let Some(output) = &own.output {
                    test.stages.iter_mut().for_each(|stage| stage.output = output.clone());
                }
            }
        }
        changed
    }
}

fn parse(text: &str) -> Result<Overrides, String> {
    serde_saphyr::from_str(text).map_err(|e| e.without_snippet().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exception_of_the_gateway_cites_its_rfc() {
        let own = Overrides::of_the_gateway().unwrap();
        assert!(!own.test_overrides.is_empty());
        for entry in &own.test_overrides {
            assert!(entry._reason.contains("RFC "), "{}: {}", entry.rule_id, entry._reason);
            assert!(!entry.test_ids.is_empty() && entry.output.is_some(), "{}", entry.rule_id);
        }
    }

    #[test]
    fn an_override_changes_the_tests_that_it_names() {
        let suite = "rule_id: 7\ntests:\n  - test_id: 1\n    stages: [{input: {}}]\n  - test_id: 2\n    stages: [{input: {}}]\n";
        let mut suites = [serde_saphyr::from_str::<Suite>(suite).unwrap()];
        let own = parse(
            "test_overrides:\n  - rule_id: 7\n    test_ids: [2]\n    reason: x\n    output: {status: 400}\n",
        )
        .unwrap();
        assert_eq!(own.apply(&mut suites), 1);
        let statuses: Vec<_> =
            suites[0].tests.iter().flatten().map(|test| test.stages[0].output.status).collect();
        assert_eq!(statuses, [None, Some(400)]);
    }
}
