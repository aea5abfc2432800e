//! The plain interpreter: every rule on every value, in the order in which they were written. It is the truth that any
//! faster evaluation is held to.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::ctl::Ctl;
use crate::filter::{Known, Slot};
use crate::operator::{Captures, number};
use crate::records::Records;
use crate::ruleset::{Allowed, Change, Disruptive, Effect, EngineMode, Link, NumberQuestion, Rule, Step};
use crate::transaction::{Intervention, RuleMatch, Transaction};
use crate::transform::apply_all;
use crate::tx::TxName;
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

/// Told the name of a member and its value.
type Member<'t> = &'t mut dyn FnMut(&[u8], &[u8]);

impl<'s> Transaction<'s> {
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
        let mut known = std::mem::take(&mut self.known);
        known.next_phase();
        let outcome = self.steps(phase, &mut known);
        self.known = known;
        outcome
    }

    fn steps(&mut self, phase: Phase, known: &mut Known) -> Option<Intervention> {
        let number = phase as usize;
        let rules = self.rules;
        let steps = &rules.phases[number - 1];
        let mut at = 0;
        while at < steps.len() {
            let Step::Rule(rule) = &steps[at] else {
                at += 1;
                continue;
            };
            at += 1;
            // What was known of the body as a variable may hold no more.
            if std::mem::take(&mut self.body_changed) {
                known.next_phase();
            }
            let filtered = self.filters && rule.slot.is_some();
            if (filtered && !self.may_match(rule, known))
                || self.is_removed(rule)
                || !self.rule(rule, filtered.then_some(&*known))
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
    fn rule(&mut self, rule: &'s Rule, known: Option<&Known>) -> bool {
        self.current_rule = Some(rule);
        let removed = self.removed_targets(rule);
        for (number, link) in rule.links.iter().enumerate() {
            let (removed, known) = if number == 0 { (&removed[..], known) } else { (&[][..], None) };
            if !self.link(link, removed, rule.slot.as_ref().zip(known)) {
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

    /// Whether a link matches any of its values. Each match does what the link does, in the order of the values.
    fn link(&mut self, link: &Link, removed: &[Target], filter: Option<(&Slot, &Known)>) -> bool {
        let Some(operator) = &link.operator else {
            self.effects(link, None);
            return true;
        };
        // Most questions about scores and levels are answered without more ado.
        if self.filters && link.number.as_ref().is_some_and(|question| !self.answer(question)) {
            return false;
        }
        let mut matched: Vec<(Vec<u8>, Vec<u8>, Captures)> = Vec::new();
        for target in &link.targets {
            let collection = target.collection;
            if target.counted {
                let mut count = 0usize;
                self.members(target, link, removed, &mut |_, _| count += 1);
                let mut digits = [0; 20];
                let number = decimal(count, &mut digits);
                if operator.matches(number, self, None) {
                    let name = [b"&", collection.name().as_bytes()].concat();
                    matched.push((name, number.to_vec(), Captures::new()));
                }
                continue;
            }
            let mut judge = |name: &[u8], value: &[u8]| {
                readings(link, value, &mut |reading| {
                    let mut captures = Captures::new();
                    if operator.matches(reading, self, link.capture.then_some(&mut captures)) {
                        let mut full = collection.name().as_bytes().to_vec();
                        if !name.is_empty() {
                            full.push(b':');
                            full.extend_from_slice(name);
                        }
                        matched.push((full, reading.to_vec(), captures));
                    }
                });
            };
            match filter {
                Some((slot, known)) => known.each(slot, collection, &mut |name, value| {
                    if self.is_meant(target, link, removed, name) {
                        judge(name, value);
                    }
                }),
                None => self.members(target, link, removed, &mut judge),
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
            self.effects(link, Some(captures));
        }
        self.matched.all = all;
        true
    }

    fn answer(&self, question: &NumberQuestion) -> bool {
        let value = self.tx.get(&question.name);
        let left = match value {
            _ if question.counted => i64::from(value.is_some()),
            Some(value) => number(value),
            None => return false,
        };
        question.test.holds(left, question.against) != question.negated
    }

    /// Whether a target means a member of its variable.
    fn is_meant(&self, target: &Target, link: &Link, removed: &[Target], name: &[u8]) -> bool {
        let collection = target.collection;
        let is_selected = match (&target.selector, collection) {
            // All of `XML` is not its every element: a rule says which.
            (Selector::All, Collection::Xml) => false,
            (selector, _) => selector.takes(name),
        };
        let mut exclusions = link.exclusions.iter().chain(removed);
        is_selected
            && !exclusions.any(|exclusion| exclusion.excludes(collection, name))
            && !self.is_exempt(collection, name)
    }

    /// Tells each member that a target means.
    fn members(&self, target: &Target, link: &Link, removed: &[Target], tell: Member<'_>) {
        if let Selector::Tx(name) = &target.selector {
            let value = self.tx.get(name);
            if let Some(value) = value.filter(|_| self.is_meant(target, link, removed, name.text())) {
                tell(name.text(), value);
            }
            return;
        }
        self.visit(target.collection, &mut |name, value| {
            if self.is_meant(target, link, removed, name) {
                tell(name, value);
            }
        });
    }

    fn effects(&mut self, link: &Link, captures: Option<Captures>) {
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
        match change.of(self.tx.get(name).map(Vec::as_slice), self) {
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
            Some((records, record)) => records.change(&record, &key, self.life(), |before| {
                change.of(before.map(|(text, _)| text), self).map(Cow::into_owned)
            }),
            None => {
                let before = self.persistent.get(&collection).and_then(|record| record.get(&key));
                change.of(before.map(Vec::as_slice), self).map(Cow::into_owned)
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
    /// Reads the record that a transaction has from now on.
    fn open_record(&mut self, collection: Collection, key: Vec<u8>) {
        self.record_keys.insert(collection, key.clone());
        let mut values = match self.record(collection) {
            Some((records, record)) => records.read(&record, self.began),
            None => std::collections::BTreeMap::new(),
        };
        values.insert(b"key".to_vec(), key);
        self.persistent.insert(collection, values);
    }

    /// Where a collection's record is kept, when it is.
    fn record(&self, collection: Collection) -> Option<(&Records, (Collection, Vec<u8>))> {
        let key = self.record_keys.get(&collection)?;
        Some((self.records?, (collection, key.clone())))
    }

    /// Now, and how long a record lasts from now on.
    fn life(&self) -> (Instant, Duration) {
        (self.began, self.rules.settings.collection_timeout)
    }

    /// Makes a number smaller by what has come together since it was changed; never less than nothing.
    fn deprecate(&mut self, collection: Collection, key: Vec<u8>, amount: i64, seconds: u64) {
        let Some((records, record)) = self.record(collection) else { return };
        let known = self.persistent.get(&collection).is_some_and(|values| values.contains_key(&key));
        let due = |before: Duration| before.as_secs() / seconds;
        let mut is_due = false;
        if !known {
            return;
        }
        let value = records.change(&record, &key, self.life(), |before| {
            let (text, age) = before?;
            is_due = due(age) > 0;
            let times = i64::try_from(due(age)).unwrap_or(i64::MAX);
            let left = number(text).saturating_sub(amount.saturating_mul(times)).max(0);
            Some(left.to_string().into_bytes())
        });
        if let (true, Some(value)) = (is_due, value) {
            self.persistent.entry(collection).or_default().insert(key, value);
        }
    }
}

impl Change {
    /// What a variable is afterwards; nothing when it is gone.
    fn of<'c>(&'c self, before: Option<&[u8]>, values: &Transaction<'_>) -> Option<Cow<'c, [u8]>> {
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

/// Tells what a link looks at of a value: its last transformation, or with `multiMatch` each that differs.
fn readings(link: &Link, value: &[u8], tell: &mut dyn FnMut(&[u8])) {
    if !link.multi_match {
        return tell(&apply_all(&link.transformations, value));
    }
    tell(value);
    let mut last = Cow::Borrowed(value);
    for transformation in &link.transformations {
        if let Some(new) = transformation.apply(&last) {
            last = Cow::Owned(new);
            tell(&last);
        }
    }
}

/// A number in decimal digits, at the end of a buffer.
fn decimal(mut number: usize, buffer: &mut [u8; 20]) -> &[u8] {
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &buffer[at..];
        }
    }
}
