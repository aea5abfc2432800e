//! The value cache: what the filter knows about the values of a transaction. Each collection is read once per phase, and
//! each distinct value judged once per transaction.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use hashbrown::HashTable;

use super::variants::{FeatureMask, feature_mask};
use super::{Filter, Group, Place, RuleUnion, Slot, bits};
use crate::ruleset::CompiledRule;
use crate::slice::tail;
use crate::transaction::Transaction;
use crate::values::Visitor;
use crate::variable::Collection;

/// The members of collections in this phase, and the rules that their values may match.
#[derive(Debug, Default)]
pub(crate) struct ValueCache {
    /// Names and values, one after the other.
    arena: Vec<u8>,
    members: Vec<Member>,
    /// The members of each collection read so far.
    collections: Vec<(Collection, Range<usize>)>,
    /// Distinct values, by hash.
    distinct: HashTable<u32>,
    values: Vec<Value>,
    hasher: RandomState,
    groups: Vec<GroupAnswers>,
    unions: Vec<UnionAnswers>,
    scratch: Scratch,
}

/// Whether a value may match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Unknown,
    No,
    Maybe,
}

/// A distinct value.
#[derive(Debug)]
struct Value {
    /// Where it is in the arena.
    place: Range<usize>,
    mask: FeatureMask,
}

/// A member of a collection.
#[derive(Debug, Clone)]
struct Member {
    /// Where its name is in the arena.
    name: Range<usize>,
    /// The number of its value.
    value: u32,
}

impl Member {
    fn value(&self) -> usize {
        self.value as usize
    }
}

#[derive(Debug, Default)]
struct UnionAnswers {
    /// For each distinct value.
    values: Vec<Answer>,
    /// For each target list.
    target_lists: Vec<Answer>,
}

#[derive(Debug, Default)]
struct GroupAnswers {
    /// For each distinct value, the set of rules it may match.
    candidates: Vec<u64>,
    is_judged: Vec<bool>,
    /// For each collection asked for, the set of rules that any of its values may match.
    collections: Vec<(Collection, Vec<u64>)>,
    /// The same for each set of collections; empty if it was not asked for.
    sets: Vec<Vec<u64>>,
}

/// Buffers that are used again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) lower: Vec<u8>,
    pub(super) found: Vec<u64>,
}

impl ValueCache {
    /// Visits each member of a collection whose value a rule may match.
    pub(crate) fn visit_candidates(&self, slot: &Slot, collection: Collection, visit: Visitor<'_>) {
        let Some((_, range)) = self.collections.iter().find(|(known, _)| *known == collection) else {
            return;
        };
        let members = self.members.get(range.clone()).unwrap_or_default();
        let visit = |member: &Member| {
            if let Some(value) = self.values.get(member.value()) {
                visit(slice(&self.arena, &member.name), slice(&self.arena, &value.place));
            }
        };
        match slot {
            Slot::Literals(place) => {
                let Some(group) = self.groups.get(place.group) else { return };
                let any = group.collections.iter().find(|(known, _)| *known == collection);
                let Some((_, any)) = any.filter(|(_, rules)| bits::contains(rules, place.rule)) else {
                    return;
                };
                let is_candidate = |member: &&Member| {
                    bits::contains(tail(&group.candidates, member.value() * any.len()), place.rule)
                };
                members.iter().filter(is_candidate).for_each(visit);
            }
            Slot::Union(number, _) => {
                let Some(union) = self.unions.get(*number) else { return };
                let is_candidate =
                    |member: &&Member| union.values.get(member.value()) == Some(&Answer::Maybe);
                members.iter().filter(is_candidate).for_each(visit);
            }
        }
    }

    /// Forgets the members of collections, which may have changed; what is known about values stays.
    pub(crate) fn next_phase(&mut self) {
        self.members.clear();
        self.collections.clear();
        for group in &mut self.groups {
            group.collections.clear();
            group.sets.iter_mut().for_each(Vec::clear);
        }
        for union in &mut self.unions {
            union.target_lists.fill(Answer::Unknown);
        }
    }

    /// The members of a collection, read when first needed.
    fn read(&mut self, transaction: &Transaction<'_>, collection: Collection) -> Range<usize> {
        if let Some((_, range)) = self.collections.iter().find(|(known, _)| *known == collection) {
            return range.clone();
        }
        let first = self.members.len();
        transaction.visit(collection, &mut |name, value| {
            let start = self.arena.len();
            self.arena.extend_from_slice(name);
            let name = start..self.arena.len();
            let value = self.number_of(value);
            self.members.push(Member { name, value });
        });
        let range = first..self.members.len();
        self.collections.push((collection, range.clone()));
        range
    }

    /// The number of a distinct value.
    fn number_of(&mut self, value: &[u8]) -> u32 {
        let ValueCache { arena, values, distinct, hasher, .. } = self;
        let hash = hasher.hash_one(value);
        let is_value = |known: &u32| {
            values.get(*known as usize).is_some_and(|known| *slice(arena, &known.place) == *value)
        };
        if let Some(known) = distinct.find(hash, is_value) {
            return *known;
        }
        // Not reached: a transaction of four thousand million distinct values.
        let number = u32::try_from(values.len()).unwrap_or(u32::MAX);
        let start = arena.len();
        arena.extend_from_slice(value);
        values.push(Value { place: start..arena.len(), mask: feature_mask(value) });
        distinct.insert_unique(hash, number, |known| {
            hasher.hash_one(values.get(*known as usize).map_or(&[][..], |known| slice(arena, &known.place)))
        });
        number
    }

    /// The set of a group's rules that any value of a collection may match.
    fn candidates(
        &mut self,
        transaction: &Transaction<'_>,
        number: usize,
        group: &Group,
        collection: Collection,
    ) -> &[u64] {
        let is_known =
            |answers: &GroupAnswers| answers.collections.iter().any(|(known, _)| *known == collection);
        if !self.groups.get(number).is_some_and(is_known) {
            let range = self.read(transaction, collection);
            let ValueCache { arena, values, groups, scratch, members, .. } = self;
            if let Some(answers) = groups.get_mut(number) {
                let mut any = vec![0; group.words];
                answers.is_judged.resize(values.len(), false);
                answers.candidates.resize(values.len() * group.words, 0);
                for member in members.get(range).unwrap_or_default() {
                    let at = member.value() * group.words;
                    let (Some(value), Some(is_judged), Some(rules)) = (
                        values.get(member.value()),
                        answers.is_judged.get_mut(member.value()),
                        answers.candidates.get_mut(at..at + group.words),
                    ) else {
                        continue;
                    };
                    if !std::mem::replace(is_judged, true) {
                        group.add_candidates(slice(arena, &value.place), value.mask, scratch, rules);
                    }
                    bits::unite(&mut any, rules);
                }
                answers.collections.push((collection, any));
            }
        }
        let answers = self.groups.get(number).map_or(&[][..], |answers| &answers.collections);
        answers.iter().find(|(known, _)| *known == collection).map_or(&[], |(_, rules)| rules)
    }

    /// Whether any value that one of a union's target lists selects may match.
    fn may_match_union(
        &mut self,
        transaction: &Transaction<'_>,
        number: usize,
        union: &RuleUnion,
        target_list: usize,
    ) -> Answer {
        let mut answer = Answer::No;
        for target in union.target_lists.get(target_list).into_iter().flatten() {
            let range = self.read(transaction, target.collection);
            let ValueCache { arena, values, members, unions, .. } = self;
            let Some(answers) = unions.get_mut(number) else { return Answer::Maybe };
            answers.values.resize(values.len(), Answer::Unknown);
            for member in members.get(range).unwrap_or_default() {
                if !target.selector.selects(slice(arena, &member.name)) {
                    continue;
                }
                let (Some(value), Some(known)) =
                    (values.get(member.value()), answers.values.get_mut(member.value()))
                else {
                    continue;
                };
                if *known == Answer::Unknown {
                    let may_match = union.may_match(slice(arena, &value.place), value.mask);
                    *known = if may_match { Answer::Maybe } else { Answer::No };
                }
                if *known == Answer::Maybe {
                    answer = Answer::Maybe;
                }
            }
        }
        answer
    }
}

fn slice<'a>(arena: &'a [u8], place: &Range<usize>) -> &'a [u8] {
    arena.get(place.clone()).unwrap_or_default()
}

impl Transaction<'_> {
    /// Whether a rule may match, as far as the filter knows.
    pub(crate) fn may_match(&self, rule: &CompiledRule, cache: &mut ValueCache) -> bool {
        match &rule.slot {
            None => true,
            Some(Slot::Literals(place)) => self.has_literals(place, cache),
            Some(Slot::Union(number, target_list)) => self.may_match_union(*number, *target_list, cache),
        }
    }

    fn may_match_union(&self, number: usize, target_list: usize, cache: &mut ValueCache) -> bool {
        let Filter { unions, .. } = &self.rules.filter;
        let Some(union) = unions.get(number) else { return true };
        if cache.unions.is_empty() {
            cache.unions.resize_with(unions.len(), UnionAnswers::default);
        }
        let Some(answers) = cache.unions.get_mut(number) else { return true };
        answers.target_lists.resize(union.target_lists.len(), Answer::Unknown);
        let known = answers.target_lists.get(target_list).copied().unwrap_or(Answer::Unknown);
        if known != Answer::Unknown {
            return known == Answer::Maybe;
        }
        let answer = cache.may_match_union(self, number, union, target_list);
        if let Some(known) =
            cache.unions.get_mut(number).and_then(|answers| answers.target_lists.get_mut(target_list))
        {
            *known = answer;
        }
        answer == Answer::Maybe
    }

    fn has_literals(&self, place: &Place, cache: &mut ValueCache) -> bool {
        let Filter { groups, .. } = &self.rules.filter;
        let Some(group) = groups.get(place.group) else { return true };
        if cache.groups.is_empty() {
            cache.groups.resize_with(groups.len(), GroupAnswers::default);
        }
        let Some(answers) = cache.groups.get_mut(place.group) else { return true };
        if answers.sets.is_empty() {
            answers.sets.resize_with(group.collections.len(), Vec::new);
        }
        if let Some(known) = answers.sets.get(place.collections).filter(|set| !set.is_empty()) {
            return bits::contains(known, place.rule);
        }
        let mut any = vec![0; group.words];
        // All collections, so that the values of each are judged when the rule runs.
        for collection in group.collections.get(place.collections).into_iter().flatten() {
            bits::unite(&mut any, cache.candidates(self, place.group, group, *collection));
        }
        let is_candidate = bits::contains(&any, place.rule);
        if let Some(set) =
            cache.groups.get_mut(place.group).and_then(|answers| answers.sets.get_mut(place.collections))
        {
            *set = any;
        }
        is_candidate
    }
}
