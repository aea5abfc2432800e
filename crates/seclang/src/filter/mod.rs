//! The filter: decides which rules may match at all, in one pass over each distinct value instead of one per rule.
//!
//! Most rules need one of some literals to occur. The literals of all rules are searched for at once; a rule none of
//! whose literals occurs in any of its values, after its transformations, does not run. Rules without literals share one
//! alternation of their expressions. A transformation runs only on a value that contains something for it to change.
//! The filter may let a rule through that does not match; it never excludes one that does.

mod bits;
mod cache;
mod candidates;
mod group;
mod literals;
pub(crate) mod slot;
mod union;
mod variants;

use std::sync::Arc;

pub(crate) use self::cache::ValueCache;
use self::group::{Group, GroupBuilder, position};
use self::slot::{Place, Slot};
use self::union::RuleUnion;
use self::variants::always_changes;
use crate::collection::Collection;
use crate::compiled_rule::{Link, Step};
use crate::operator::Test;
use crate::transform::Transformation;
use crate::variable::Selector;

/// The search structures of a rule set.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    groups: Vec<Group>,
    unions: Vec<RuleUnion>,
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
            group.prepare();
        }
        for union in self.unions.iter().filter(|union| union.level <= level) {
            union.prepare();
        }
    }
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
