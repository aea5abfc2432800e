//! What is known of a transaction's values: read once, each distinct one judged once.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use hashbrown::HashTable;

use super::readings::{Marks, marks};
use super::{Filter, Group, Place, Slot};
use crate::ruleset::Rule;
use crate::transaction::Transaction;
use crate::variable::Collection;

/// The values of variables, as long as they do not change, and the rules that they can match.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Names and values, one after the other.
    arena: Vec<u8>,
    members: Vec<Member>,
    /// The members of each variable that was read.
    variables: Vec<(Collection, Range<usize>)>,
    /// Distinct values, by their hash.
    distinct: HashTable<u32>,
    values: Vec<Value>,
    hasher: RandomState,
    groups: Vec<KnownOfGroup>,
    /// What came of asking rules together.
    together: Vec<KnownTogether>,
    scratch: Scratch,
}

/// Whether a value can match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Unknown,
    No,
    Perhaps,
}

/// A distinct value: where it is, and what there is in it.
#[derive(Debug)]
struct Value {
    place: Range<usize>,
    marks: Marks,
}

/// One member of a variable.
#[derive(Debug, Clone)]
struct Member {
    name: Range<usize>,
    /// Which of the distinct values it has.
    value: u32,
}

#[derive(Debug, Default)]
struct KnownTogether {
    /// For each distinct value.
    answers: Vec<Answer>,
    /// For each set of variables.
    sets: Vec<Answer>,
}

#[derive(Debug, Default)]
struct KnownOfGroup {
    /// The rules that each distinct value can match.
    rules: Vec<u64>,
    is_judged: Vec<bool>,
    /// The rules that any value of a variable can match.
    variables: Vec<(Collection, Vec<u64>)>,
    /// The rules that any value of a set of variables can match; empty where it was not asked for.
    sets: Vec<Vec<u64>>,
}

/// Room that is used again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) lower: Vec<u8>,
    pub(super) found: Vec<u64>,
}

impl Known {
    /// Tells each member of a variable whose value a rule can match.
    pub(crate) fn each(&self, slot: &Slot, collection: Collection, tell: &mut dyn FnMut(&[u8], &[u8])) {
        let Some((_, range)) = self.variables.iter().find(|(known, _)| *known == collection) else { return };
        let members = &self.members[range.clone()];
        let mut told = |member: &Member| {
            tell(
                &self.arena[member.name.clone()],
                &self.arena[self.values[member.value as usize].place.clone()],
            );
        };
        match slot {
            Slot::Literals(place) => {
                let group = &self.groups[place.group];
                let any = group.variables.iter().find(|(known, _)| *known == collection);
                let Some((_, any)) = any.filter(|(_, rules)| place.is_in(rules)) else { return };
                for member in members {
                    let start = member.value as usize * any.len();
                    if place.is_in(&group.rules[start..start + any.len()]) {
                        told(member);
                    }
                }
            }
            Slot::Together(number, _) => {
                let answers = &self.together[*number].answers;
                let can = |member: &&Member| answers.get(member.value as usize) == Some(&Answer::Perhaps);
                members.iter().filter(can).for_each(told);
            }
        }
    }

    /// Forgets which variables hold what; what is known of a value stays.
    pub(crate) fn next_phase(&mut self) {
        self.members.clear();
        self.variables.clear();
        for group in &mut self.groups {
            group.variables.clear();
            group.sets.iter_mut().for_each(Vec::clear);
        }
        for together in &mut self.together {
            together.sets.fill(Answer::Unknown);
        }
    }

    /// The members of a variable, read when it is asked for first.
    fn read(&mut self, transaction: &Transaction<'_>, collection: Collection) -> Range<usize> {
        if let Some((_, range)) = self.variables.iter().find(|(known, _)| *known == collection) {
            return range.clone();
        }
        let first = self.members.len();
        transaction.visit(collection, &mut |name, value| {
            let start = self.arena.len();
            self.arena.extend_from_slice(name);
            let name = start..self.arena.len();
            let value = self.value(value);
            self.members.push(Member { name, value });
        });
        let range = first..self.members.len();
        self.variables.push((collection, range.clone()));
        range
    }

    /// The number of a distinct value.
    fn value(&mut self, value: &[u8]) -> u32 {
        let Known { arena, values, distinct, hasher, .. } = self;
        let hash = hasher.hash_one(value);
        if let Some(known) =
            distinct.find(hash, |known| arena[values[*known as usize].place.clone()] == *value)
        {
            return *known;
        }
        let number = values.len() as u32;
        let start = arena.len();
        arena.extend_from_slice(value);
        values.push(Value { place: start..arena.len(), marks: marks(value) });
        distinct.insert_unique(hash, number, |known| {
            hasher.hash_one(&arena[values[*known as usize].place.clone()])
        });
        number
    }

    /// The rules of a group that any value of a variable can match.
    fn judge(
        &mut self,
        transaction: &Transaction<'_>,
        number: usize,
        group: &Group,
        collection: Collection,
    ) -> &[u64] {
        let at = self.groups[number].variables.iter().position(|(known, _)| *known == collection);
        let at = at.unwrap_or_else(|| {
            let members = self.read(transaction, collection);
            let Known { arena, values, groups, scratch, members: all, .. } = self;
            let own = &mut groups[number];
            own.is_judged.resize(values.len(), false);
            own.rules.resize(values.len() * group.words, 0);
            let mut any = vec![0; group.words];
            for member in &all[members] {
                let value = member.value as usize;
                let rules = value * group.words..(value + 1) * group.words;
                if !std::mem::replace(&mut own.is_judged[value], true) {
                    group.candidates(
                        &arena[values[value].place.clone()],
                        values[value].marks,
                        scratch,
                        &mut own.rules[rules.clone()],
                    );
                }
                any.iter_mut().zip(&own.rules[rules]).for_each(|(all, own)| *all |= own);
            }
            own.variables.push((collection, any));
            own.variables.len() - 1
        });
        &self.groups[number].variables[at].1
    }
}

impl Transaction<'_> {
    /// Whether a rule can match, as far as the filter knows.
    pub(crate) fn may_match(&self, rule: &Rule, known: &mut Known) -> bool {
        match &rule.slot {
            None => true,
            Some(Slot::Literals(place)) => self.has_literals(place, known),
            Some(Slot::Together(number, set)) => self.may_match_together(*number, *set, known),
        }
    }

    fn may_match_together(&self, number: usize, set: usize, known: &mut Known) -> bool {
        let Filter { together, .. } = &self.rules.filter;
        let rules = &together[number];
        if known.together.is_empty() {
            known.together.resize_with(together.len(), KnownTogether::default);
        }
        known.together[number].sets.resize(rules.sets.len(), Answer::Unknown);
        if known.together[number].sets[set] == Answer::Unknown {
            let mut can = Answer::No;
            for target in &rules.sets[set] {
                let range = known.read(self, target.collection);
                let Known { arena, values, members, together, .. } = &mut *known;
                let answers = &mut together[number].answers;
                answers.resize(values.len(), Answer::Unknown);
                for member in &members[range] {
                    if !target.selector.takes(&arena[member.name.clone()]) {
                        continue;
                    }
                    let answer = &mut answers[member.value as usize];
                    if *answer == Answer::Unknown {
                        let value = &values[member.value as usize];
                        let may = rules.may_match(&arena[value.place.clone()], value.marks);
                        *answer = if may { Answer::Perhaps } else { Answer::No };
                    }
                    if *answer == Answer::Perhaps {
                        can = Answer::Perhaps;
                    }
                }
            }
            known.together[number].sets[set] = can;
        }
        known.together[number].sets[set] == Answer::Perhaps
    }

    fn has_literals(&self, slot: &Place, known: &mut Known) -> bool {
        let Filter { groups, .. } = &self.rules.filter;
        if known.groups.is_empty() {
            known.groups.resize_with(groups.len(), KnownOfGroup::default);
        }
        let group = &groups[slot.group];
        let own = &mut known.groups[slot.group];
        if own.sets.is_empty() {
            own.sets.resize_with(group.sets.len(), Vec::new);
        }
        if own.sets[slot.set].is_empty() {
            let mut any = vec![0; group.words];
            // All of them are asked, so that each value is known when the rule is evaluated.
            for collection in &group.sets[slot.set] {
                let rules = known.judge(self, slot.group, group, *collection);
                any.iter_mut().zip(rules).for_each(|(all, own)| *all |= own);
            }
            known.groups[slot.group].sets[slot.set] = any;
        }
        slot.is_in(&known.groups[slot.group].sets[slot.set])
    }
}
