//! The compiled rule set.

use crate::compiled_rule::Step;
use crate::filter::Filter;
use crate::lexer::SyntaxError;
use crate::settings::Settings;

/// Compiled rules and engine settings, shared by all transactions.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// Rules and markers of each phase, in order.
    pub(crate) phases: [Vec<Step>; 5],
    /// Excludes rules that cannot match.
    pub(crate) filter: Filter,
    pub(crate) settings: Settings,
    /// Rules that load but have no effect here, and why.
    pub warnings: Vec<SyntaxError>,
}

impl RuleSet {
    /// Builds the filter for rules up to a paranoia level. Otherwise the first transactions that need it build it.
    pub fn prepare(&self, paranoia_level: u8) {
        self.filter.prepare(paranoia_level);
    }

    /// The number of rules; a chain counts once.
    pub fn len(&self) -> usize {
        self.phases.iter().flatten().filter(|step| matches!(step, Step::Rule(_))).count()
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
