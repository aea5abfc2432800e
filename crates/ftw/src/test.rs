//! Runs the suite of a rule set's directory: finds the tests, applies the overrides, makes the runner.

use std::path::Path;

use crate::engine::rule_set;
use crate::error::FtwError;
use crate::gateway::TestGateway;
use crate::overrides::Overrides;
use crate::run::{Report, Runner, run};
use crate::suite;

/// The settings that the Core Rule Set's suite requires: evaluate everything at the highest paranoia level, refuse nothing.
const SETUP: &str = "SecAction \"id:900005,phase:1,nolog,pass,ctl:ruleEngine=DetectionOnly,\
    setvar:tx.blocking_paranoia_level=4,setvar:tx.crs_validate_utf8_encoding=1,setvar:tx.arg_name_length=100,\
    setvar:tx.arg_length=400,setvar:tx.total_arg_length=64000,setvar:tx.max_num_args=255,\
    setvar:tx.max_file_size=64100,setvar:tx.combined_file_sizes=65535\"\n";

/// Where a rule set keeps its tests.
const TESTS: [&str; 2] = ["tests/regression/tests", "tests"];

/// Where the rules run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// In process.
    #[default]
    InProcess,
    /// In process, with and without the filter; both must agree.
    Compared,
    /// In a gateway; tests with an answer that an RFC prescribes are adapted first.
    ThroughGateway,
}

/// Which tests run, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'o> {
    /// Where the rules run.
    pub mode: Mode,
    /// Only tests of rules whose id begins with this.
    pub rule_prefix: Option<&'o str>,
    /// A file of overrides.
    pub overrides: Option<&'o Path>,
}

/// Runs the suite of a rule set: a directory with `rules`, and with tests in `tests/regression/tests`, `tests` or itself.
/// `adapted` is called with the number of tests whose expectation a gateway's RFCs override, before the tests run.
///
/// # Errors
/// If tests, overrides or rules cannot be read, or the gateway does not start.
pub fn test(
    directory: &Path,
    options: &Options<'_>,
    adapted: impl FnOnce(usize),
) -> Result<Report, FtwError> {
    let tests = TESTS.iter().map(|place| directory.join(place)).find(|place| place.is_dir());
    let mut suites = suite::read(tests.as_deref().unwrap_or(directory))?;
    if let Some(prefix) = options.rule_prefix {
        suites.retain(|suite| suite.rule_id.to_string().starts_with(prefix));
    }
    if let Some(file) = options.overrides {
        Overrides::read(file)?.apply(&mut suites);
    }
    Ok(match options.mode {
        Mode::ThroughGateway => {
            adapted(Overrides::of_the_gateway()?.apply(&mut suites));
            run(Runner::Gateway(&TestGateway::start(directory, SETUP)?), &suites)
        }
        Mode::InProcess => run(Runner::InProcess(&rule_set(directory, SETUP)?), &suites),
        Mode::Compared => run(Runner::Compared(&rule_set(directory, SETUP)?), &suites),
    })
}
