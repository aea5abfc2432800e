//! Rules of which nothing can be said beforehand: their expressions are asked as one, once for each distinct value.

use std::sync::{Arc, OnceLock};

use regex::bytes::Regex;

use super::{Marks, Readings, exact_triggers};
use crate::operator::{self, Test};
use crate::ruleset::{Link, Rule};
use crate::transform::Transformation;
use crate::variable::{Selector, Target};

/// Rules with the same transformations, and operators that can be asked as one.
#[derive(Debug)]
pub(crate) struct Together {
    pub(super) level: u8,
    transformations: Vec<Transformation>,
    /// Whether what each transformation makes of a value is asked, and not only what the last one makes.
    multi_match: bool,
    triggers: Vec<Marks>,
    rules: Vec<Arc<Rule>>,
    /// The sets of variables that they look at.
    pub(super) sets: Vec<Vec<Target>>,
    union: OnceLock<Option<Regex>>,
}

impl Together {
    pub(super) fn new(level: u8, link: &Link) -> Together {
        let transformations = link.transformations.clone();
        let triggers = (0..transformations.len())
            .map(|from| transformations[from..].iter().fold(0, |all, t| all | exact_triggers(*t)))
            .collect();
        Together {
            level,
            transformations,
            multi_match: link.multi_match,
            triggers,
            rules: Vec::new(),
            sets: Vec::new(),
            union: OnceLock::new(),
        }
    }

    /// Whether a rule's expression can be asked with those that are here.
    pub(super) fn takes(&self, level: u8, link: &Link) -> bool {
        let is_regex = |link: &Link| {
            link.operator.as_ref().is_some_and(|o| matches!(&o.test, Test::Regex(p) if p.source().is_some()))
        };
        self.level == level
            && self.transformations == link.transformations
            && self.multi_match == link.multi_match
            && is_regex(link)
            && self.rules.iter().all(|rule| is_regex(&rule.links[0]))
    }

    /// The number of a set of variables.
    pub(super) fn set(&mut self, targets: &[Target]) -> usize {
        let same = |one: &Target, other: &Target| {
            one.collection == other.collection
                && match (&one.selector, &other.selector) {
                    (Selector::All, Selector::All) => true,
                    (Selector::Name(one), Selector::Name(other)) => one == other,
                    _ => false,
                }
        };
        let is_meant = |known: &Vec<Target>| {
            known.len() == targets.len() && known.iter().zip(targets).all(|(one, other)| same(one, other))
        };
        super::position(&mut self.sets, is_meant, || targets.to_vec())
    }

    pub(super) fn add(&mut self, rule: Arc<Rule>) {
        self.rules.push(rule);
    }

    pub(super) fn prepare(&self) {
        self.union();
    }

    /// The expressions as one; none where there is only one, or where one is of another kind.
    fn union(&self) -> Option<&Regex> {
        let build = || {
            let sources = self.rules.iter().map(|rule| match &rule.links[0].operator.as_ref()?.test {
                Test::Regex(pattern) => pattern.source().map(|source| format!("(?:{source})")),
                _ => None,
            });
            let sources = sources.collect::<Option<Vec<String>>>().filter(|sources| sources.len() > 1)?;
            operator::compile(&sources.join("|")).ok()
        };
        self.union.get_or_init(build).as_ref()
    }

    /// Whether any of the rules can match a value.
    pub(super) fn may_match(&self, value: &[u8], marks: Marks) -> bool {
        if self.triggers.first().is_none_or(|triggers| triggers & marks == 0) {
            return self.holds_of(value);
        }
        let mut readings = Readings::new(value, marks);
        if self.multi_match {
            let all = vec![Marks::MAX; self.transformations.len()];
            return (0..=all.len()).any(|length| {
                let at = readings.after(&self.transformations[..length], &all);
                self.holds_of(readings.text(at))
            });
        }
        let at = readings.after(&self.transformations, &self.triggers);
        self.holds_of(readings.text(at))
    }

    fn holds_of(&self, text: &[u8]) -> bool {
        match self.union() {
            Some(union) => union.is_match(text),
            None => self.rules.iter().any(|rule| {
                let operator = rule.links[0].operator.as_ref();
                operator.is_none_or(|operator| operator.holds_of(text))
            }),
        }
    }
}
