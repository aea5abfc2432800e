//! Groups of rules whose literals are searched for together.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::bits;
use super::literals::LiteralSet;
use super::variants::{FeatureMask, Variants, triggers, triggers_from_each};
use crate::collection::Collection;
use crate::transform::Transformation;

/// Rules whose literals are searched for together: those of one paranoia level, as higher levels are skipped. Rules with
/// a transformation that changes every value, such as `base64Decode`, are in groups of their own.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) level: u8,
    /// Literals, each with the numbers of the rules that need it.
    literals: Vec<(Vec<u8>, Vec<usize>)>,
    searches: OnceLock<Option<Searches>>,
    chains: Vec<Chain>,
    /// Features that a value needs for any chain to change more than the case of letters.
    triggers: FeatureMask,
    /// The sets of collections that the rules inspect.
    pub(super) collections: Vec<Vec<Collection>>,
    /// Words in a set of the group's rules.
    pub(super) words: usize,
}

/// A chain of transformations, and the rules that use it.
#[derive(Debug)]
struct Chain {
    transformations: Vec<Transformation>,
    /// For each transformation: features that a value needs for it or a later one to change more than the case.
    triggers: Vec<FeatureMask>,
    /// A set of rules.
    rules: Vec<u64>,
}

/// The literal searches of a group.
#[derive(Debug)]
struct Searches {
    /// For the literals of all rules.
    all: LiteralSet,
    /// For each chain, the literals of its rules: for variants that only the chain produces.
    of_chain: Vec<LiteralSet>,
}

/// Buffers that are used again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    lower: Vec<u8>,
    found: Vec<u64>,
}

/// A group while the filter is built.
#[derive(Default)]
pub(super) struct GroupBuilder {
    literals: HashMap<Vec<u8>, Vec<usize>>,
    chains: Vec<(Vec<Transformation>, Vec<usize>)>,
    collections: Vec<Vec<Collection>>,
    count: usize,
}

impl GroupBuilder {
    /// Adds a rule; returns its number and that of its set of collections.
    pub(super) fn add(
        &mut self,
        literals: Vec<Vec<u8>>,
        collections: Vec<Collection>,
        chains: Vec<Vec<Transformation>>,
    ) -> (usize, usize) {
        let rule = self.count;
        self.count += 1;
        for literal in literals {
            self.literals.entry(literal).or_default().push(rule);
        }
        for chain in chains {
            match self.chains.iter_mut().find(|(known, _)| *known == chain) {
                Some((_, rules)) => rules.push(rule),
                None => self.chains.push((chain, vec![rule])),
            }
        }
        (rule, position(&mut self.collections, collections))
    }
}

/// The position of an item in a list, to which it is added if it is new.
pub(super) fn position<T: PartialEq>(list: &mut Vec<T>, item: T) -> usize {
    list.iter().position(|known| *known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}

impl Group {
    /// Puts a group together.
    pub(super) fn new(level: u8, builder: GroupBuilder) -> Group {
        let words = bits::words(builder.count);
        let set = |rules: &[usize]| {
            let mut set = vec![0; words];
            rules.iter().for_each(|rule| bits::insert(&mut set, *rule));
            set
        };
        let chains: Vec<Chain> = builder
            .chains
            .into_iter()
            .map(|(transformations, rules)| Chain {
                triggers: triggers_from_each(&transformations, triggers),
                rules: set(&rules),
                transformations,
            })
            .collect();
        Group {
            level,
            literals: builder.literals.into_iter().collect(),
            searches: OnceLock::new(),
            triggers: chains.iter().filter_map(|chain| chain.triggers.first()).fold(0, |all, t| all | t),
            chains,
            collections: builder.collections,
            words,
        }
    }

    /// Builds the searches, so that no transaction has to wait for them.
    pub(super) fn prepare(&self) {
        self.searches();
    }

    /// The searches, built when first needed: most paranoia levels are never used.
    fn searches(&self) -> Option<&Searches> {
        let build = || {
            let of_chain = |chain: &Chain| {
                let own = self.literals.iter().filter_map(|(literal, rules)| {
                    let rules: Vec<usize> =
                        rules.iter().copied().filter(|rule| bits::contains(&chain.rules, *rule)).collect();
                    (!rules.is_empty()).then(|| (literal.clone(), rules))
                });
                LiteralSet::build(&own.collect::<Vec<_>>(), self.words)
            };
            let of_chain = self.chains.iter().map(of_chain).collect::<Option<_>>()?;
            Some(Searches { all: LiteralSet::build(&self.literals, self.words)?, of_chain })
        };
        self.searches.get_or_init(build).as_ref()
    }

    /// Adds the rules that a value may match to a set.
    pub(super) fn add_candidates(
        &self,
        value: &[u8],
        mask: FeatureMask,
        scratch: &mut Scratch,
        rules: &mut [u64],
    ) {
        let Some(searches) = self.searches() else {
            // Too many literals: every rule runs.
            return rules.fill(u64::MAX);
        };
        let mut variants = Variants::new(value, mask);
        if mask & self.triggers == 0 {
            return searches.all.find(variants.lower(0, &mut scratch.lower), mask, rules);
        }
        scratch.found.clear();
        scratch.found.resize(self.words, 0);
        searches.all.find(variants.lower(0, &mut scratch.lower), mask, &mut scratch.found);
        for (chain, search) in self.chains.iter().zip(&searches.of_chain) {
            let variant = variants.after(&chain.transformations, &chain.triggers);
            if variant == 0 {
                for ((rules, found), own) in rules.iter_mut().zip(&scratch.found).zip(&chain.rules) {
                    *rules |= found & own;
                }
            } else {
                search.find(variants.lower(variant, &mut scratch.lower), variants.mask(variant), rules);
            }
        }
    }
}
