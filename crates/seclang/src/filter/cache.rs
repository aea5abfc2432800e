//! The value cache: what the filter knows about the values of a transaction.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use hashbrown::HashTable;
use inputs::slice::tail;

use super::bits;
use super::group::Scratch;
use super::slot::Slot;
use super::variants::{FeatureMask, feature_mask};
use crate::collection::{Collection, Visitor};

/// The members of collections in this phase, and the rules that their values may match.
#[derive(Debug, Default)]
pub(crate) struct ValueCache {
    /// Names and values, one after the other.
    pub(super) arena: Vec<u8>,
    pub(super) members: Vec<Member>,
    /// The members of each collection read so far.
    pub(super) collections: Vec<(Collection, Range<usize>)>,
    /// Distinct values, by hash.
    distinct: HashTable<u32>,
    pub(super) values: Vec<Value>,
    hasher: RandomState,
    pub(super) groups: Vec<GroupAnswers>,
    pub(super) unions: Vec<UnionAnswers>,
    pub(super) scratch: Scratch,
}

/// Whether a value may match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Unknown,
    No,
    Maybe,
}

/// A distinct value.
#[derive(Debug)]
pub(super) struct Value {
    /// Where it is in the arena.
    pub(super) place: Range<usize>,
    pub(super) mask: FeatureMask,
}

/// A member of a collection.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// Where its name is in the arena.
    pub(super) name: Range<usize>,
    /// The number of its value.
    pub(super) value: u32,
}

impl Member {
    pub(super) fn value(&self) -> usize {
        self.value as usize
    }
}

#[derive(Debug, Default)]
pub(super) struct UnionAnswers {
    /// For each distinct value.
    pub(super) values: Vec<Answer>,
    /// For each target list.
    pub(super) target_lists: Vec<Answer>,
}

#[derive(Debug, Default)]
pub(super) struct GroupAnswers {
    /// For each distinct value, the set of rules it may match.
    pub(super) candidates: Vec<u64>,
    pub(super) is_judged: Vec<bool>,
    /// For each collection asked for, the set of rules that any of its values may match.
    pub(super) collections: Vec<(Collection, Vec<u64>)>,
    /// The same for each set of collections; empty if it was not asked for.
    pub(super) sets: Vec<Vec<u64>>,
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

    /// The number of a distinct value.
    pub(super) fn number_of(&mut self, value: &[u8]) -> u32 {
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
}

/// The bytes at a place of the arena.
pub(super) fn slice<'a>(arena: &'a [u8], place: &Range<usize>) -> &'a [u8] {
    arena.get(place.clone()).unwrap_or_default()
}
