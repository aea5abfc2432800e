//! The interpreter: runs the rules of a phase in order. The filter decides beforehand which rules may match, and on which
//! values; without it, every rule runs on every value.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use inputs::slice::tail;

use crate::collection::{Collection, Visitor};
use crate::compiled_rule::{Allowed, Change, CompiledRule, Disruptive, Effect, Link, Step, TxComparison};
use crate::ctl::Ctl;
use crate::filter::ValueCache;
use crate::filter::slot::Slot;
use crate::operator::{Captures, number};
use crate::records::Records;
use crate::settings::EngineMode;
use crate::transaction::{Intervention, RuleMatch, Transaction};
use crate::transform::apply_all;
use crate::tx::TxName;
use crate::variable::{Selector, Target};

/// The phases of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// After the request's head.
    RequestHeaders = 1,
    /// After the request's body.
    RequestBody = 2,
    /// After the response's head.
    ResponseHeaders = 3,
    /// After the response's body.
    ResponseBody = 4,
    /// After the exchange; a rule cannot refuse it any more.
    Logging = 5,
}

impl<'s> Transaction<'s> {
    /// Runs the rules of a phase. Returns an intervention if a rule refuses the exchange and the engine mode allows it.
    pub fn run(&mut self, phase: Phase) -> Option<Intervention> {
        if phase == Phase::RequestBody {
            self.read_body();
        }
        let number = phase as usize;
        if self.mode == EngineMode::Off {
            return None;
        }
        let stopped = match self.allowed {
            Some(Allowed::Everything) => phase != Phase::Logging,
            Some(Allowed::Request) => number <= 2,
            _ => false,
        };
        if stopped {
            return None;
        }
        let mut cache = std::mem::take(&mut self.cache);
        cache.next_phase();
        let intervention = self.steps(phase, &mut cache);
        self.cache = cache;
        intervention
    }

    fn steps(&mut self, phase: Phase, cache: &mut ValueCache) -> Option<Intervention> {
        let rules = self.rules;
        let steps = rules.phases.get(phase as usize - 1)?;
        let mut at = 0;
        while let Some(step) = steps.get(at) {
            at += 1;
            let Step::Rule(rule) = step else { continue };
            // `REQUEST_BODY` is not what the cache has any more.
            if std::mem::take(&mut self.body_changed) {
                cache.next_phase();
            }
            let filtered = self.filters && rule.slot.is_some();
            if (filtered && !self.may_match(rule, cache))
                || self.is_removed(rule)
                || !self.rule(rule, filtered.then_some(&*cache))
            {
                continue;
            }
            if self.mode == EngineMode::Off {
                return None;
            }
            match &rule.disruptive {
                Disruptive::Allow(scope) => {
                    if *scope != Allowed::Phase {
                        self.allowed = Some(*scope);
                    }
                    return None;
                }
                Disruptive::Deny | Disruptive::Drop | Disruptive::Redirect(_)
                    if self.mode == EngineMode::On && phase != Phase::Logging =>
                {
                    return Some(self.intervention(rule));
                }
                _ => {}
            }
            if rule.skip_after.is_some() {
                at = rule.jump;
            } else {
                for _ in 0..rule.skip {
                    at += tail(steps, at)
                        .iter()
                        .position(|s| matches!(s, Step::Rule(_)))
                        .map_or(0, |offset| offset + 1);
                }
            }
        }
        None
    }

    fn intervention(&self, rule: &CompiledRule) -> Intervention {
        let location = match &rule.disruptive {
            Disruptive::Redirect(to) => Some(String::from_utf8_lossy(&to.expand(self)).into_owned()),
            _ => None,
        };
        let status = match (&location, rule.status) {
            (Some(_), status) if !(300..400).contains(&status) => 302,
            (_, status) => status,
        };
        Intervention { rule: rule.id, status, location }
    }

    /// Runs a rule with its chain, and its actions; returns whether all links match.
    fn rule(&mut self, rule: &'s CompiledRule, cache: Option<&ValueCache>) -> bool {
        self.current_rule = Some(rule);
        let removed = self.removed_targets(rule);
        for (number, link) in rule.links.iter().enumerate() {
            // Filter and `ctl:ruleRemoveTarget...` concern the first link.
            let (removed, cache) = if number == 0 { (&removed[..], cache) } else { (&[][..], None) };
            if !self.link(link, removed, rule.slot.as_ref().zip(cache)) {
                return false;
            }
        }
        if let Some(severity) = rule.severity {
            self.highest_severity = Some(self.highest_severity.map_or(severity, |worst| worst.min(severity)));
        }
        if rule.log {
            let found = self.rule_match(rule);
            self.note(found);
        }
        true
    }

    fn rule_match(&self, rule: &CompiledRule) -> RuleMatch {
        let text =
            |template: &crate::macros::Template| String::from_utf8_lossy(&template.expand(self)).into_owned();
        let operator = rule.links.last().and_then(|link| link.operator.as_ref());
        RuleMatch {
            id: rule.id,
            file: Arc::clone(&rule.file),
            line: rule.line,
            message: rule.message.as_ref().map(text).unwrap_or_default(),
            data: rule.logdata.as_ref().map(text).unwrap_or_default(),
            tags: rule.tags.iter().map(text).collect(),
            severity: rule.severity,
            version: rule.version.clone(),
            variable: String::from_utf8_lossy(&self.matched.name).into_owned(),
            value: self.matched.value.clone(),
            operator: operator.map(|o| format!("{} {}", o.name, o.argument)).unwrap_or_default(),
        }
    }

    /// Runs a link on its values, and its actions for each match; returns whether any matches.
    fn link(&mut self, link: &Link, removed: &[Target], filter: Option<(&Slot, &ValueCache)>) -> bool {
        let Some(operator) = &link.operator else {
            self.apply_effects(link, None);
            return true;
        };
        // A shortcut for tests of scores and paranoia levels, most of which do not match.
        if self.filters && link.tx_comparison.as_ref().is_some_and(|comparison| !self.compares(comparison)) {
            return false;
        }
        let mut matched: Vec<(Vec<u8>, Vec<u8>, Captures)> = Vec::new();
        for target in &link.targets {
            let collection = target.collection;
            if target.counted {
                let mut count = 0usize;
                self.members(target, link, removed, &mut |_, _| count += 1);
                let mut buffer = [0; 20];
                let number = decimal(count, &mut buffer);
                if operator.matches(number, self, None) {
                    let name = [b"&", collection.name().as_bytes()].concat();
                    matched.push((name, number.to_vec(), Captures::new()));
                }
                continue;
            }
            let mut test = |name: &[u8], value: &[u8]| {
                visit_variants(link, value, &mut |variant| {
                    let mut captures = Captures::new();
                    if operator.matches(variant, self, link.capture.then_some(&mut captures)) {
                        let mut full = collection.name().as_bytes().to_vec();
                        if !name.is_empty() {
                            full.push(b':');
                            full.extend_from_slice(name);
                        }
                        matched.push((full, variant.to_vec(), captures));
                    }
                });
            };
            match filter {
                Some((slot, cache)) => cache.visit_candidates(slot, collection, &mut |name, value| {
                    if self.selects(target, link, removed, name) {
                        test(name, value);
                    }
                }),
                None => self.members(target, link, removed, &mut test),
            }
        }
        if matched.is_empty() {
            return false;
        }
        let mut all = Vec::with_capacity(matched.len());
        for (name, value, captures) in matched {
            self.matched.name.clone_from(&name);
            self.matched.value.clone_from(&value);
            all.push((name, value));
            self.apply_effects(link, Some(captures));
        }
        self.matched.all = all;
        true
    }

    fn compares(&self, comparison: &TxComparison) -> bool {
        let value = self.tx.get(&comparison.name);
        let left = match value {
            _ if comparison.counted => i64::from(value.is_some()),
            Some(value) => number(value),
            None => return false,
        };
        comparison.test.compare(left, comparison.against) != comparison.negated
    }

    /// Whether a target selects a member of its collection, with exclusions applied.
    fn selects(&self, target: &Target, link: &Link, removed: &[Target], name: &[u8]) -> bool {
        let collection = target.collection;
        let is_selected = match (&target.selector, collection) {
            // `XML` without XPath selects nothing.
            (Selector::All, Collection::Xml) => false,
            (selector, _) => selector.selects(name),
        };
        let mut exclusions = link.exclusions.iter().chain(removed);
        is_selected && !exclusions.any(|exclusion| exclusion.excludes(collection, name))
    }

    /// Visits each member that a target selects.
    fn members(&self, target: &Target, link: &Link, removed: &[Target], visit: Visitor<'_>) {
        if let Selector::Tx(name) = &target.selector {
            let value = self.tx.get(name);
            if let Some(value) = value.filter(|_| self.selects(target, link, removed, name.text())) {
                visit(name.text(), value);
            }
            return;
        }
        self.visit(target.collection, &mut |name, value| {
            if self.selects(target, link, removed, name) {
                visit(name, value);
            }
        });
    }

    /// Runs the non-disruptive actions of a link.
    fn apply_effects(&mut self, link: &Link, captures: Option<Captures>) {
        if link.capture
            && let Some(captures) = captures
        {
            for (number, name) in TxName::captures().iter().enumerate() {
                match captures.get(number) {
                    Some(text) => self.tx.set(name, text),
                    None => self.tx.remove(name),
                }
            }
        }
        for effect in &link.effects {
            match effect {
                Effect::SetTx(name, change) => self.change_tx(name, change),
                Effect::Set { collection, key, change } => {
                    let key = key.expand(self).into_owned();
                    self.change(*collection, &key, change);
                }
                Effect::Control(ctl) => self.control(ctl),
                Effect::Expire(collection, key, after) => {
                    let key = key.expand(self).to_ascii_lowercase();
                    let after = number(&after.expand(self)).max(0).unsigned_abs();
                    if let Some((records, record)) = self.record(*collection) {
                        records.expire(&record, &key, self.began, Duration::from_secs(after));
                    }
                }
                Effect::Deprecate { collection, key, amount, seconds } => {
                    let key = key.expand(self).to_ascii_lowercase();
                    self.deprecate(*collection, key, *amount, *seconds);
                }
                Effect::Init(collection, key) => {
                    let key = key.expand(self).into_owned();
                    self.open_record(*collection, key);
                }
            }
        }
    }

    fn control(&mut self, ctl: &Ctl) {
        match ctl {
            Ctl::Engine(mode) => self.mode = *mode,
            Ctl::BodyProcessor(name) => {
                self.processor = name.clone().into_bytes();
                self.body_changed = true;
            }
            Ctl::ForceRequestBodyVariable(on) => {
                self.force_body = *on;
                self.body_changed = true;
            }
            Ctl::RequestBodyAccess(on) => self.reads_request_body = *on,
            Ctl::ResponseBodyAccess(on) => self.reads_response_body = *on,
            Ctl::Accepted => {}
            other => self.controls.push(other.clone()),
        }
    }

    fn change_tx(&mut self, name: &TxName, change: &Change) {
        match change.apply(self.tx.get(name).map(Vec::as_slice), self) {
            Some(value) => self.tx.set(name, &value),
            None => self.tx.remove(name),
        }
    }

    fn change(&mut self, collection: Collection, key: &[u8], change: &Change) {
        if collection == Collection::Tx {
            return self.change_tx(&TxName::new(key), change);
        }
        let key = key.to_ascii_lowercase();
        let value = match self.record(collection) {
            Some((records, record)) => records.change(&record, &key, self.now_and_ttl(), |before| {
                change.apply(before.map(|(text, _)| text), self).map(Cow::into_owned)
            }),
            None => {
                let before = self.persistent.get(&collection).and_then(|record| record.get(&key));
                change.apply(before.map(Vec::as_slice), self).map(Cow::into_owned)
            }
        };
        let record = match collection {
            Collection::Ip
            | Collection::Session
            | Collection::User
            | Collection::Global
            | Collection::Resource => self.persistent.entry(collection).or_default(),
            _ => return,
        };
        match value {
            Some(value) => drop(record.insert(key, value)),
            None => drop(record.remove(&key)),
        }
    }
}

impl Transaction<'_> {
    /// Opens a record of a collection for this transaction.
    fn open_record(&mut self, collection: Collection, key: Vec<u8>) {
        self.record_keys.insert(collection, key.clone());
        let mut values = match self.record(collection) {
            Some((records, record)) => records.read(&record, self.began),
            None => std::collections::BTreeMap::new(),
        };
        values.insert(b"key".to_vec(), key);
        self.persistent.insert(collection, values);
    }

    /// The store and key of a collection's record, if it is shared.
    fn record(&self, collection: Collection) -> Option<(&Records, (Collection, Vec<u8>))> {
        let key = self.record_keys.get(&collection)?;
        Some((self.records?, (collection, key.clone())))
    }

    /// The time of the transaction, and the time to live of a changed record.
    fn now_and_ttl(&self) -> (Instant, Duration) {
        (self.began, self.rules.settings.collection_timeout)
    }

    /// Decreases a number by an amount for each period since its last change, down to 0.
    fn deprecate(&mut self, collection: Collection, key: Vec<u8>, amount: i64, seconds: u64) {
        let Some((records, record)) = self.record(collection) else { return };
        if !self.persistent.get(&collection).is_some_and(|values| values.contains_key(&key)) {
            return;
        }
        let mut is_due = false;
        let value = records.change(&record, &key, self.now_and_ttl(), |before| {
            let (text, age) = before?;
            let periods = i64::try_from(age.as_secs() / seconds).unwrap_or(i64::MAX);
            is_due = periods > 0;
            let left = number(text).saturating_sub(amount.saturating_mul(periods)).max(0);
            Some(left.to_string().into_bytes())
        });
        if let (true, Some(value)) = (is_due, value) {
            self.persistent.entry(collection).or_default().insert(key, value);
        }
    }
}

impl Change {
    /// The new value; `None` to unset the variable.
    fn apply<'c>(&'c self, before: Option<&[u8]>, values: &Transaction<'_>) -> Option<Cow<'c, [u8]>> {
        let number = |text: &[u8]| {
            std::str::from_utf8(text).ok().and_then(|t| t.trim().parse::<i64>().ok()).unwrap_or(0)
        };
        let before = before.map_or(0, number);
        let sum = match self {
            Change::Unset => return None,
            Change::Set(template) => return Some(template.expand(values)),
            Change::Add(template) => before.saturating_add(number(&template.expand(values))),
            Change::Subtract(template) => before.saturating_sub(number(&template.expand(values))),
        };
        Some(Cow::Owned(sum.to_string().into_bytes()))
    }
}

/// Visits the variants of a value that a link tests: the last transformation, or with `multiMatch` each that differs.
fn visit_variants(link: &Link, value: &[u8], visit: &mut dyn FnMut(&[u8])) {
    if !link.multi_match {
        return visit(&apply_all(&link.transformations, value));
    }
    visit(value);
    let mut last = Cow::Borrowed(value);
    for transformation in &link.transformations {
        if let Some(new) = transformation.apply(&last) {
            last = Cow::Owned(new);
            visit(&last);
        }
    }
}

/// Writes a number in decimal digits, without an allocation.
fn decimal(mut number: usize, buffer: &mut [u8; 20]) -> &[u8] {
    let mut start = buffer.len();
    for (at, digit) in buffer.iter_mut().enumerate().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
        start = at;
        if number == 0 {
            break;
        }
    }
    tail(buffer, start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_written_in_decimal() {
        for number in [0, 7, 10, 12_345, usize::MAX] {
            assert_eq!(decimal(number, &mut [0; 20]), number.to_string().as_bytes());
        }
    }
}
