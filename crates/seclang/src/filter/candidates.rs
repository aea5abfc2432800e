//! Which rules may match in a transaction. Each collection is read once per phase, and each distinct value judged once
//! per transaction.

use std::ops::Range;

use super::cache::{Answer, GroupAnswers, Member, UnionAnswers, ValueCache, slice};
use super::group::Group;
use super::slot::{Place, Slot};
use super::union::RuleUnion;
use super::{Filter, bits};
use crate::collection::Collection;
use crate::compiled_rule::CompiledRule;
use crate::transaction::Transaction;

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

impl ValueCache {
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
