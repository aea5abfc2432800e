//! Which rules can match a value at all: one pass over each distinct value instead of one for every rule.
//!
//! Most rules need one of some literals to occur. All literals of all rules are looked for at once; a rule of which
//! none occurs in any of its values, after its transformations, is not evaluated. Expressions that need no literal are
//! asked together, as one. Transformations of which nothing in a value gives them work are not applied. The filter may
//! let a rule through that does not match; it never keeps one back that does.

mod known;
mod literals;
mod readings;
mod together;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

pub(crate) use self::known::Known;
use self::known::Scratch;
use self::literals::LiteralSet;
use self::readings::{Marks, Readings, always_changes, exact_triggers, triggers};
pub(crate) use self::together::Together;
use crate::operator::Test;
use crate::ruleset::{Link, Step};
use crate::transform::Transformation;
use crate::variable::{Collection, Selector};

/// What all rules look for.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    groups: Vec<Group>,
    /// Rules that are asked together.
    together: Vec<Together>,
}

/// Rules whose literals are looked for together: those of one paranoia level, for the others are skipped; and apart
/// from them those whose transformations change every value, such as `base64Decode`.
#[derive(Debug)]
struct Group {
    level: u8,
    literals: Vec<(Vec<u8>, Vec<usize>)>,
    sets_of_literals: OnceLock<Option<Sets>>,
    chains: Vec<Chain>,
    /// What a value must have for any chain to change more than its case.
    triggers: Marks,
    /// The sets of variables that its rules look at.
    sets: Vec<Vec<Collection>>,
    words: usize,
}

/// A chain of transformations, and the rules that have it.
#[derive(Debug)]
struct Chain {
    transformations: Vec<Transformation>,
    /// What a value must have for the chain, from each of its transformations on, to change more than its case.
    triggers: Vec<Marks>,
    rules: Vec<u64>,
}

/// What finds literals.
#[derive(Debug)]
struct Sets {
    /// Those of all rules.
    all: LiteralSet,
    /// Those of the rules of each chain, for what only that chain makes of a value.
    of_chain: Vec<LiteralSet>,
}

/// A rule's place in the filter.
#[derive(Debug)]
pub(crate) enum Slot {
    /// Among rules whose literals are looked for together.
    Literals(Place),
    /// Among rules that are asked together: the number of those, and of its set of variables.
    Together(usize, usize),
}

/// A rule's place in a group.
#[derive(Debug)]
pub(crate) struct Place {
    group: usize,
    set: usize,
    word: usize,
    bit: u64,
}

impl Place {
    fn is_in(&self, rules: &[u64]) -> bool {
        rules[self.word] & self.bit != 0
    }
}

/// What a group is made of.
#[derive(Default)]
struct Gathered {
    literals: HashMap<Vec<u8>, Vec<usize>>,
    chains: Vec<(Vec<Transformation>, Vec<usize>)>,
    sets: Vec<Vec<Collection>>,
    count: usize,
}

/// Where something is in a list; it is put there when it is not.
fn position<T>(list: &mut Vec<T>, is_meant: impl Fn(&T) -> bool, new: impl FnOnce() -> T) -> usize {
    list.iter().position(is_meant).unwrap_or_else(|| {
        list.push(new());
        list.len() - 1
    })
}

impl Filter {
    /// Takes rules in: each that can be filtered gets its slot.
    pub(crate) fn build(phases: &mut [Vec<Step>; 5]) -> Filter {
        let mut gathered: Vec<((u8, bool), Gathered)> = Vec::new();
        let mut together: Vec<Together> = Vec::new();
        for step in phases.iter_mut().flatten() {
            let Step::Rule(rule) = step else { continue };
            let level = rule.paranoia_level();
            let Some(unique) = Arc::get_mut(rule) else { continue };
            match need(&unique.links[0]) {
                Need::Literals(needs, collections) => {
                    let readings = readings_of(&unique.links[0]);
                    let key = (level, readings.iter().flatten().any(|t| always_changes(*t)));
                    let group =
                        position(&mut gathered, |(known, _)| *known == key, || (key, Gathered::default()));
                    let own = &mut gathered[group].1;
                    let number = own.count;
                    own.count += 1;
                    let set = position(&mut own.sets, |known| *known == collections, || collections.clone());
                    let place = Place { group, set, word: number / 64, bit: 1 << (number % 64) };
                    unique.slot = Some(Slot::Literals(place));
                    for literal in needs {
                        own.literals.entry(literal).or_default().push(number);
                    }
                    for transformations in readings {
                        let chain = position(
                            &mut own.chains,
                            |(known, _)| *known == transformations,
                            || (transformations.clone(), Vec::new()),
                        );
                        own.chains[chain].1.push(number);
                    }
                }
                Need::Look => {
                    let at = position(
                        &mut together,
                        |known| known.takes(level, &unique.links[0]),
                        || Together::new(level, &unique.links[0]),
                    );
                    let set = together[at].set(&unique.links[0].targets);
                    unique.slot = Some(Slot::Together(at, set));
                    together[at].add(Arc::clone(rule));
                }
                Need::Unknown => {}
            }
        }
        let groups = gathered.into_iter().map(|((level, _), own)| Group::new(level, own)).collect();
        Filter { groups, together }
    }

    /// Builds what rules of the paranoia levels up to one need, so that no exchange has to wait for it.
    pub(crate) fn prepare(&self, level: u8) {
        for group in self.groups.iter().filter(|group| group.level <= level) {
            group.literal_sets();
        }
        for together in self.together.iter().filter(|together| together.level <= level) {
            together.prepare();
        }
    }
}

impl Group {
    fn new(level: u8, own: Gathered) -> Group {
        let words = own.count.div_ceil(64);
        let bits = |rules: &[usize]| {
            let mut bits = vec![0u64; words];
            rules.iter().for_each(|rule| bits[rule / 64] |= 1 << (rule % 64));
            bits
        };
        let chains: Vec<Chain> = own
            .chains
            .into_iter()
            .map(|(transformations, rules)| Chain {
                triggers: (0..transformations.len())
                    .map(|from| transformations[from..].iter().fold(0, |all, t| all | triggers(*t)))
                    .collect(),
                rules: bits(&rules),
                transformations,
            })
            .collect();
        Group {
            level,
            literals: own.literals.into_iter().collect(),
            sets_of_literals: OnceLock::new(),
            triggers: chains.iter().filter_map(|chain| chain.triggers.first()).fold(0, |all, t| all | t),
            chains,
            sets: own.sets,
            words,
        }
    }

    /// What finds the literals, built when it is first asked: most paranoia levels never are.
    fn literal_sets(&self) -> Option<&Sets> {
        let build = || {
            let of_chain = |chain: &Chain| {
                let is_own = |rule: &usize| chain.rules[rule / 64] >> (rule % 64) & 1 != 0;
                let own = self.literals.iter().filter_map(|(literal, rules)| {
                    let rules: Vec<usize> = rules.iter().copied().filter(is_own).collect();
                    (!rules.is_empty()).then(|| (literal.clone(), rules))
                });
                LiteralSet::build(&own.collect::<Vec<_>>(), self.words)
            };
            let of_chain = self.chains.iter().map(of_chain).collect::<Option<_>>()?;
            Some(Sets { all: LiteralSet::build(&self.literals, self.words)?, of_chain })
        };
        self.sets_of_literals.get_or_init(build).as_ref()
    }

    /// Adds the rules that a value can match.
    fn candidates(&self, value: &[u8], marks: Marks, scratch: &mut Scratch, rules: &mut [u64]) {
        let Some(sets) = self.literal_sets() else {
            // Without it every rule is evaluated, which is slow and right.
            return rules.fill(u64::MAX);
        };
        let mut readings = Readings::new(value, marks);
        if marks & self.triggers == 0 {
            return sets.all.find(readings.lower(0, &mut scratch.lower), marks, rules);
        }
        scratch.found.clear();
        scratch.found.resize(self.words, 0);
        sets.all.find(readings.lower(0, &mut scratch.lower), marks, &mut scratch.found);
        for (chain, own) in self.chains.iter().zip(&sets.of_chain) {
            let at = readings.after(&chain.transformations, &chain.triggers);
            if at == 0 {
                for ((rules, found), own) in rules.iter_mut().zip(&scratch.found).zip(&chain.rules) {
                    *rules |= found & own;
                }
            } else {
                own.find(readings.lower(at, &mut scratch.lower), readings.marks(at), rules);
            }
        }
    }
}

/// What can be said beforehand of the values that a link matches.
enum Need {
    /// One of these literals occurs, whatever its case, in one of these variables.
    Literals(Vec<Vec<u8>>, Vec<Collection>),
    /// The value itself has to be asked, and nothing else.
    Look,
    /// Nothing.
    Unknown,
}

fn need(link: &Link) -> Need {
    let Some(operator) = link.operator.as_ref().filter(|operator| !operator.negated) else {
        return Need::Unknown;
    };
    if link.targets.iter().any(|target| target.counted || !is_steady(target.collection)) {
        return Need::Unknown;
    }
    let needs = match &operator.test {
        Test::Regex(pattern) => pattern.literals(),
        Test::Phrases { phrases, .. } => Some(phrases.iter().map(|p| p.to_ascii_lowercase()).collect()),
        Test::Sql | Test::Html | Test::ByteRange(_) => None,
        _ => return Need::Unknown,
    };
    // A single common byte keeps nobody out.
    let is_common = |need: &Vec<u8>| need.len() == 1 && need[0].is_ascii_alphanumeric();
    match needs.filter(|needs| !needs.is_empty() && !needs.iter().any(is_common)) {
        Some(needs) => {
            let mut collections: Vec<Collection> =
                link.targets.iter().map(|target| target.collection).collect();
            collections.sort_unstable();
            collections.dedup();
            Need::Literals(needs, collections)
        }
        // One value is asked as fast by itself.
        None if link.targets.iter().all(|target| matches!(target.selector, Selector::Name(_))) => {
            Need::Unknown
        }
        None => Need::Look,
    }
}

/// Whether a variable holds the same all through a phase.
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

/// The chains whose readings a link looks at: with `multiMatch`, each beginning of its chain.
fn readings_of(link: &Link) -> Vec<Vec<Transformation>> {
    let all = &link.transformations;
    let first = if link.multi_match { 0 } else { all.len() };
    (first..=all.len()).map(|length| all[..length].to_vec()).collect()
}
