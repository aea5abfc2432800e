//! Rules without required literals: their expressions are joined into one alternation, tested once per distinct value.

use std::sync::{Arc, OnceLock};

use inputs::slice::head;
use regex::bytes::Regex;

use super::variants::{FeatureMask, Variants, exact_triggers, triggers_from_each};
use crate::compiled_rule::{CompiledRule, Link};
use crate::operator::{self, CompiledOperator, Test};
use crate::transform::Transformation;
use crate::variable::{Selector, Target};

/// Rules with the same transformations whose tests are joined; or a single rule.
#[derive(Debug)]
pub(crate) struct RuleUnion {
    pub(super) level: u8,
    transformations: Vec<Transformation>,
    /// Whether the result of each transformation is tested, and not only the last.
    multi_match: bool,
    triggers: Vec<FeatureMask>,
    rules: Vec<Arc<CompiledRule>>,
    /// The distinct target lists of the rules.
    pub(super) target_lists: Vec<Vec<Target>>,
    alternation: OnceLock<Option<Regex>>,
}

impl RuleUnion {
    /// A union for rules with the transformations of a link.
    pub(super) fn new(level: u8, link: &Link) -> RuleUnion {
        RuleUnion {
            level,
            transformations: link.transformations.clone(),
            multi_match: link.multi_match,
            triggers: triggers_from_each(&link.transformations, exact_triggers),
            rules: Vec::new(),
            target_lists: Vec::new(),
            alternation: OnceLock::new(),
        }
    }

    /// Whether a rule with this first link can be added.
    pub(super) fn accepts(&self, level: u8, link: &Link) -> bool {
        self.level == level
            && self.transformations == link.transformations
            && self.multi_match == link.multi_match
            && link.operator.as_ref().is_some_and(|operator| source(operator).is_some())
            && self.operators().all(|operator| source(operator).is_some())
    }

    /// The number of a target list, which is added if it is new.
    pub(super) fn target_list(&mut self, targets: &[Target]) -> usize {
        let is_same = |one: &Target, other: &Target| {
            one.collection == other.collection
                && match (&one.selector, &other.selector) {
                    (Selector::All, Selector::All) => true,
                    (Selector::Name(one), Selector::Name(other)) => one == other,
                    _ => false,
                }
        };
        let is_known = |known: &Vec<Target>| {
            known.len() == targets.len() && known.iter().zip(targets).all(|(one, other)| is_same(one, other))
        };
        self.target_lists.iter().position(is_known).unwrap_or_else(|| {
            self.target_lists.push(targets.to_vec());
            self.target_lists.len() - 1
        })
    }

    pub(super) fn add(&mut self, rule: Arc<CompiledRule>) {
        self.rules.push(rule);
    }

    pub(super) fn prepare(&self) {
        self.alternation();
    }

    /// The operators of the rules' first links.
    fn operators(&self) -> impl Iterator<Item = &CompiledOperator> {
        self.rules.iter().filter_map(|rule| rule.links.first()?.operator.as_ref())
    }

    /// The joined expressions; `None` for a single rule.
    fn alternation(&self) -> Option<&Regex> {
        let build = || {
            let sources = self.operators().map(|operator| Some(format!("(?:{})", source(operator)?)));
            let sources = sources.collect::<Option<Vec<String>>>().filter(|sources| sources.len() > 1)?;
            operator::compile(&sources.join("|")).ok()
        };
        self.alternation.get_or_init(build).as_ref()
    }

    /// Whether any of the rules may match a value.
    pub(super) fn may_match(&self, value: &[u8], mask: FeatureMask) -> bool {
        if self.triggers.first().is_none_or(|triggers| triggers & mask == 0) {
            return self.matches(value);
        }
        let mut variants = Variants::new(value, mask);
        if self.multi_match {
            let always = vec![FeatureMask::MAX; self.transformations.len()];
            return (0..=always.len()).any(|length| {
                let variant = variants.after(head(&self.transformations, length), &always);
                self.matches(variants.text(variant))
            });
        }
        let variant = variants.after(&self.transformations, &self.triggers);
        self.matches(variants.text(variant))
    }

    fn matches(&self, text: &[u8]) -> bool {
        match self.alternation() {
            Some(alternation) => alternation.is_match(text),
            None => self.operators().any(|operator| operator.matches_alone(text)),
        }
    }
}

/// The expression of a linear-time `@rx`.
fn source(operator: &CompiledOperator) -> Option<&str> {
    match &operator.test {
        Test::Regex(pattern) => pattern.source(),
        _ => None,
    }
}
