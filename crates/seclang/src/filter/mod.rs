//! The filter: decides which rules may match at all, in one pass over each distinct value instead of one per rule.
//!
//! Most rules need one of some literals to occur. The literals of all rules are searched for at once; a rule none of
//! whose literals occurs in any of its values, after its transformations, does not run. Rules without literals share one
//! alternation of their expressions. A transformation runs only on a value that contains something for it to change.
//! The filter may let a rule through that does not match; it never excludes one that does.

mod bits;
mod cache;
mod literals;
mod union;
mod variants;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use self::cache::Scratch;
pub(crate) use self::cache::ValueCache;
use self::literals::LiteralSet;
pub(crate) use self::union::RuleUnion;
use self::variants::{FeatureMask, Variants, always_changes, exact_triggers, triggers};
use crate::operator::Test;
use crate::ruleset::{Link, Step};
use crate::slice::tail;
use crate::transform::Transformation;
use crate::variable::{Collection, Selector};

/// The search structures of a rule set.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    groups: Vec<Group>,
    unions: Vec<RuleUnion>,
}

/// Rules whose literals are searched for together: those of one paranoia level, as higher levels are skipped. Rules with
/// a transformation that changes every value, such as `base64Decode`, are in groups of their own.
#[derive(Debug)]
struct Group {
    level: u8,
    /// Literals, each with the numbers of the rules that need it.
    literals: Vec<(Vec<u8>, Vec<usize>)>,
    searches: OnceLock<Option<Searches>>,
    chains: Vec<Chain>,
    /// Features that a value needs for any chain to change more than the case of letters.
    triggers: FeatureMask,
    /// The sets of collections that the rules inspect.
    collections: Vec<Vec<Collection>>,
    /// Words in a set of the group's rules.
    words: usize,
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

/// A rule's place in the filter.
#[derive(Debug)]
pub(crate) enum Slot {
    Literals(Place),
    /// The number of the union, and of its target list.
    Union(usize, usize),
}

/// A rule's place in a group.
#[derive(Debug)]
pub(crate) struct Place {
    group: usize,
    /// Which of the group's sets of collections.
    collections: usize,
    /// The rule's number in the group.
    rule: usize,
}

/// A group while the filter is built.
#[derive(Default)]
struct GroupBuilder {
    literals: HashMap<Vec<u8>, Vec<usize>>,
    chains: Vec<(Vec<Transformation>, Vec<usize>)>,
    collections: Vec<Vec<Collection>>,
    count: usize,
}

impl GroupBuilder {
    /// Adds a rule; returns its number and that of its set of collections.
    fn add(
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
fn position<T: PartialEq>(list: &mut Vec<T>, item: T) -> usize {
    list.iter().position(|known| *known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}

impl Filter {
    /// Builds the filter, and gives each rule that can be filtered its slot.
    pub(crate) fn build(phases: &mut [Vec<Step>; 5]) -> Filter {
        let mut keys: Vec<(u8, bool)> = Vec::new();
        let mut groups: Vec<GroupBuilder> = Vec::new();
        let mut unions: Vec<RuleUnion> = Vec::new();
        for step in phases.iter_mut().flatten() {
            let Step::Rule(rule) = step else { continue };
            let level = rule.paranoia_level();
            let Some(unique) = Arc::get_mut(rule) else { continue };
            let Some(link) = unique.links.first() else { continue };
            match prefilter(link) {
                Prefilter::Literals(literals, collections) => {
                    let chains = chains(link);
                    let group =
                        position(&mut keys, (level, chains.iter().flatten().any(|t| always_changes(*t))));
                    groups.resize_with(keys.len(), GroupBuilder::default);
                    let Some(builder) = groups.get_mut(group) else { continue };
                    let (number, collections) = builder.add(literals, collections, chains);
                    unique.slot = Some(Slot::Literals(Place { group, collections, rule: number }));
                }
                Prefilter::Test => {
                    let number =
                        unions.iter().position(|union| union.accepts(level, link)).unwrap_or(unions.len());
                    if number == unions.len() {
                        unions.push(RuleUnion::new(level, link));
                    }
                    let Some(union) = unions.get_mut(number) else { continue };
                    let targets = union.target_list(&link.targets);
                    unique.slot = Some(Slot::Union(number, targets));
                    union.add(Arc::clone(rule));
                }
                Prefilter::None => {}
            }
        }
        let groups =
            keys.into_iter().zip(groups).map(|((level, _), builder)| Group::new(level, builder)).collect();
        Filter { groups, unions }
    }

    /// Builds the searches for rules up to a paranoia level, so that no transaction has to wait for them.
    pub(crate) fn prepare(&self, level: u8) {
        for group in self.groups.iter().filter(|group| group.level <= level) {
            group.searches();
        }
        for union in self.unions.iter().filter(|union| union.level <= level) {
            union.prepare();
        }
    }
}

impl Group {
    fn new(level: u8, builder: GroupBuilder) -> Group {
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
    fn add_candidates(&self, value: &[u8], mask: FeatureMask, scratch: &mut Scratch, rules: &mut [u64]) {
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

/// For each transformation of a chain, the triggers of itself and all later ones.
fn triggers_from_each(
    chain: &[Transformation],
    triggers: impl Fn(Transformation) -> FeatureMask,
) -> Vec<FeatureMask> {
    (0..chain.len()).map(|from| tail(chain, from).iter().fold(0, |all, t| all | triggers(*t))).collect()
}

/// How a link can be excluded before it runs.
enum Prefilter {
    /// One of these literals has to occur, whatever its case, in one of these collections.
    Literals(Vec<Vec<u8>>, Vec<Collection>),
    /// The test depends on the value alone, and can be shared.
    Test,
    /// Not at all.
    None,
}

fn prefilter(link: &Link) -> Prefilter {
    let Some(operator) = link.operator.as_ref().filter(|operator| !operator.negated) else {
        return Prefilter::None;
    };
    if link.targets.iter().any(|target| target.counted || !is_steady(target.collection)) {
        return Prefilter::None;
    }
    let literals = match &operator.test {
        Test::Regex(pattern) => pattern.literals(),
        Test::Phrases { phrases, .. } => Some(phrases.iter().map(|p| p.to_ascii_lowercase()).collect()),
        Test::Sql | Test::Html | Test::ByteRange(_) => None,
        _ => return Prefilter::None,
    };
    // A single letter or digit excludes almost nothing.
    let is_common = |literal: &Vec<u8>| matches!(literal[..], [byte] if byte.is_ascii_alphanumeric());
    match literals.filter(|literals| !literals.is_empty() && !literals.iter().any(is_common)) {
        Some(literals) => {
            let mut collections: Vec<Collection> =
                link.targets.iter().map(|target| target.collection).collect();
            collections.sort_unstable();
            collections.dedup();
            Prefilter::Literals(literals, collections)
        }
        // A single value is tested as fast by the rule itself.
        None if link.targets.iter().all(|target| matches!(target.selector, Selector::Name(_))) => {
            Prefilter::None
        }
        None => Prefilter::Test,
    }
}

/// Whether a collection stays the same throughout a phase.
fn is_steady(collection: Collection) -> bool {
    use Collection::*;
    matches!(
        collection,
        Args | ArgsGet
            | ArgsGetNames
            | ArgsNames
            | ArgsPost
            | ArgsPostNames
            | Files
            | FilesNames
            | MultipartPartHeaders
            | QueryString
            | RequestBasename
            | RequestBody
            | RequestCookies
            | RequestCookiesNames
            | RequestFilename
            | RequestHeaders
            | RequestHeadersNames
            | RequestLine
            | RequestMethod
            | RequestProtocol
            | RequestUri
            | RequestUriRaw
            | ResponseBody
            | ResponseHeaders
            | Xml
    )
}

/// The transformation chains whose results a link tests: with `multiMatch`, also each beginning of the chain.
fn chains(link: &Link) -> Vec<Vec<Transformation>> {
    let mut chain = link.transformations.clone();
    if !link.multi_match {
        return vec![chain];
    }
    let mut chains = vec![chain.clone()];
    while chain.pop().is_some() {
        chains.push(chain.clone());
    }
    chains
}
