//! The plain interpreter: every rule on every value, in the order in which they were written. It is the truth that any
//! faster evaluation is held to.

use std::borrow::Cow;
use std::sync::Arc;

use crate::ctl::Ctl;
use crate::operator::Captures;
use crate::ruleset::{Allowed, Change, Disruptive, Effect, EngineMode, Link, Rule, Step};
use crate::transaction::{Intervention, Pair, RuleMatch, Transaction};
use crate::transform::apply_all;
use crate::variable::{Collection, Selector, Target};

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
    /// When all is over; nothing can be refused any more.
    Logging = 5,
}

impl Transaction<'_> {
    /// Evaluates the rules of a phase. What they ask for is answered only where the engine decides.
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
        let rules = self.rules;
        let steps = &rules.phases[number - 1];
        let mut at = 0;
        while at < steps.len() {
            let Step::Rule(rule) = &steps[at] else {
                at += 1;
                continue;
            };
            at += 1;
            if self.is_removed(rule) || !self.rule(rule) {
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
            if let Some(marker) = &rule.skip_after {
                let found = steps[at..].iter().position(|step| match step {
                    Step::Marker(name) => name == marker,
                    Step::Rule(other) => marker.parse() == Ok(other.id),
                });
                at = found.map_or(steps.len(), |offset| at + offset + 1);
            } else {
                for _ in 0..rule.skip {
                    at += steps[at..]
                        .iter()
                        .position(|s| matches!(s, Step::Rule(_)))
                        .map_or(0, |offset| offset + 1);
                }
            }
        }
        None
    }

    fn intervention(&self, rule: &Rule) -> Intervention {
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

    /// Whether a rule and its whole chain match. What it does is done.
    fn rule(&mut self, rule: &Arc<Rule>) -> bool {
        self.current_rule = Some(Arc::clone(rule));
        let removed = self.removed_targets(rule);
        for (number, link) in rule.links.iter().enumerate() {
            let removed = if number == 0 { &removed[..] } else { &[] };
            if !self.link(link, removed) {
                return false;
            }
        }
        if let Some(severity) = rule.severity {
            self.highest_severity = Some(self.highest_severity.map_or(severity, |worst| worst.min(severity)));
        }
        if rule.log {
            let found = self.describe(rule);
            self.note(found);
        }
        true
    }

    fn describe(&self, rule: &Rule) -> RuleMatch {
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

    /// Whether a link matches any of its values. Each match does what the link does.
    fn link(&mut self, link: &Link, removed: &[Target]) -> bool {
        let Some(operator) = &link.operator else {
            self.effects(link, None);
            return true;
        };
        let values: Vec<Pair> =
            link.targets.iter().flat_map(|target| self.values(target, link, removed)).collect();
        let mut matched = Vec::new();
        for (name, value) in values {
            for reading in readings(link, &value) {
                let mut captures = Captures::new();
                let wanted = link.capture.then_some(&mut captures);
                if !operator.matches(&reading, self, wanted) {
                    continue;
                }
                self.matched.name.clone_from(&name);
                self.matched.value = reading.to_vec();
                matched.push((name.clone(), reading.to_vec()));
                self.effects(link, Some(captures));
            }
        }
        let found = !matched.is_empty();
        if found {
            self.matched.all = matched;
        }
        found
    }

    /// The values of a target, each with its full name, `ARGS:id`.
    fn values(&self, target: &Target, link: &Link, removed: &[Target]) -> Vec<Pair> {
        let collection = target.collection;
        let mut found: Vec<Pair> = Vec::new();
        self.visit(collection, &mut |name, value| {
            let is_meant = match (&target.selector, collection) {
                // All of `XML` is not its every element: a rule says which.
                (Selector::All, Collection::Xml) => false,
                (selector, _) => selector.takes(name),
            };
            let excluded = || {
                link.exclusions.iter().chain(removed).any(|exclusion| exclusion.excludes(collection, name))
            };
            if is_meant && !excluded() && !self.is_exempt(collection, name) {
                let mut full = collection.name().as_bytes().to_vec();
                if !name.is_empty() {
                    full.push(b':');
                    full.extend_from_slice(name);
                }
                found.push((full, value.to_vec()));
            }
        });
        if target.counted {
            let name = [b"&", collection.name().as_bytes()].concat();
            return vec![(name, found.len().to_string().into_bytes())];
        }
        found
    }

    fn effects(&mut self, link: &Link, captures: Option<Captures>) {
        if link.capture
            && let Some(captures) = captures
        {
            for number in 0..10 {
                let key = number.to_string().into_bytes();
                match captures.get(number) {
                    Some(text) => drop(self.tx.insert(key, text.clone())),
                    None => drop(self.tx.remove(&key)),
                }
            }
        }
        for effect in &link.effects {
            match effect {
                Effect::Set { collection, key, change } => self.change(*collection, key, change),
                Effect::Control(ctl) => self.control(ctl),
                Effect::Init(collection, key) => {
                    let key = key.expand(self).into_owned();
                    self.persistent.entry(*collection).or_default().insert(b"key".to_vec(), key);
                }
            }
        }
    }

    fn control(&mut self, ctl: &Ctl) {
        match ctl {
            Ctl::Engine(mode) => self.mode = *mode,
            Ctl::BodyProcessor(name) => self.processor = name.clone().into_bytes(),
            Ctl::ForceRequestBodyVariable(on) => self.force_body = *on,
            Ctl::RequestBodyAccess(on) => self.reads_request_body = *on,
            Ctl::ResponseBodyAccess(on) => self.reads_response_body = *on,
            Ctl::Accepted => {}
            other => self.controls.push(other.clone()),
        }
    }

    fn change(&mut self, collection: Collection, key: &crate::macros::Template, change: &Change) {
        let key = key.expand(self).to_ascii_lowercase();
        let expanded = match change {
            Change::Set(template) | Change::Add(template) | Change::Subtract(template) => {
                template.expand(self).into_owned()
            }
            Change::Unset => Vec::new(),
        };
        let record = match collection {
            Collection::Tx => &mut self.tx,
            Collection::Ip
            | Collection::Session
            | Collection::User
            | Collection::Global
            | Collection::Resource => self.persistent.entry(collection).or_default(),
            _ => return,
        };
        let number = |text: &[u8]| {
            std::str::from_utf8(text).ok().and_then(|t| t.trim().parse::<i64>().ok()).unwrap_or(0)
        };
        let before = record.get(&key).map_or(0, |value| number(value));
        let value = match change {
            Change::Unset => {
                record.remove(&key);
                return;
            }
            Change::Set(_) => expanded,
            Change::Add(_) => before.saturating_add(number(&expanded)).to_string().into_bytes(),
            Change::Subtract(_) => before.saturating_sub(number(&expanded)).to_string().into_bytes(),
        };
        record.insert(key, value);
    }
}

/// What a link looks at of a value: its last transformation, or with `multiMatch` each that differs.
fn readings<'v>(link: &Link, value: &'v [u8]) -> Vec<Cow<'v, [u8]>> {
    if !link.multi_match {
        return vec![apply_all(&link.transformations, value)];
    }
    let mut readings = vec![Cow::Borrowed(value)];
    let mut last = Cow::Borrowed(value);
    for transformation in &link.transformations {
        if let Some(new) = transformation.apply(&last) {
            last = Cow::Owned(new);
            readings.push(last.clone());
        }
    }
    readings
}
