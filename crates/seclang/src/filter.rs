//! Which rules can match a value at all: one pass over each distinct value instead of one for every rule.
//!
//! Most rules need one of some literals to occur. All literals of all rules are looked for at once; a rule of which
//! none occurs in any of its values, after its transformations, is not evaluated. Transformations of which nothing in
//! a value gives them work are not applied. The filter may let a rule through that does not match; it never keeps one
//! back that does.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::operator::Test;
use crate::ruleset::{Link, Rule, Step};
use crate::transaction::Transaction;
use crate::transform::Transformation;
use crate::variable::Collection;

/// A set of rules, by their numbers within their group.
type Bits = Box<[u64]>;

/// What all rules look for.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    groups: Vec<Group>,
}

/// Rules that are asked about together: those of one paranoia level, for the others are skipped; and apart from them
/// those whose transformations change every value, such as `base64Decode`.
#[derive(Debug)]
struct Group {
    level: u8,
    literals: Vec<Vec<u8>>,
    automaton: OnceLock<Option<AhoCorasick>>,
    /// The rules that ask for each literal.
    rules_of: Vec<Bits>,
    chains: Vec<Chain>,
    words: usize,
}

/// A chain of transformations, and the rules that have it.
#[derive(Debug)]
struct Chain {
    transformations: Vec<Transformation>,
    /// What a value must have for the chain, from each of its transformations on, to change more than its case.
    triggers: Vec<u16>,
    rules: Bits,
}

/// A rule's place in the filter.
#[derive(Debug)]
pub(crate) struct Slot {
    group: usize,
    word: usize,
    bit: u64,
    collections: Vec<Collection>,
}

/// What a group is made of.
#[derive(Default)]
struct Gathered {
    literals: HashMap<Vec<u8>, Vec<usize>>,
    chains: Vec<(Vec<Transformation>, Vec<usize>)>,
    count: usize,
}

impl Filter {
    /// Takes rules in: each that can be filtered gets its slot.
    pub(crate) fn build(phases: &mut [Vec<Step>; 5]) -> Filter {
        let mut gathered: Vec<((u8, bool), Gathered)> = Vec::new();
        for step in phases.iter_mut().flatten() {
            let Step::Rule(rule) = step else { continue };
            let Some(rule) = Arc::get_mut(rule) else { continue };
            let Some((needs, collections)) = filterable(&rule.links[0]) else { continue };
            let readings = readings_of(&rule.links[0]);
            let changes_all = readings.iter().flatten().any(|t| triggers(*t) & ALWAYS != 0);
            let key = (rule.paranoia_level(), changes_all);
            let group = gathered.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
                gathered.push((key, Gathered::default()));
                gathered.len() - 1
            });
            let own = &mut gathered[group].1;
            let number = own.count;
            own.count += 1;
            rule.slot = Some(Slot { group, word: number / 64, bit: 1 << (number % 64), collections });
            for literal in needs {
                own.literals.entry(literal).or_default().push(number);
            }
            for transformations in readings {
                match own.chains.iter_mut().find(|(known, _)| *known == transformations) {
                    Some((_, rules)) => rules.push(number),
                    None => own.chains.push((transformations, vec![number])),
                }
            }
        }
        Filter { groups: gathered.into_iter().map(|((level, _), own)| Group::new(level, own)).collect() }
    }
}

impl Filter {
    /// Builds what rules of the paranoia levels up to one need, so that no exchange has to wait for it.
    pub(crate) fn prepare(&self, level: u8) {
        for group in self.groups.iter().filter(|group| group.level <= level) {
            group.automaton();
        }
    }
}

impl Group {
    fn new(level: u8, own: Gathered) -> Group {
        let words = own.count.div_ceil(64);
        let bits = |rules: &[usize]| {
            let mut bits = vec![0u64; words].into_boxed_slice();
            rules.iter().for_each(|rule| bits[rule / 64] |= 1 << (rule % 64));
            bits
        };
        let chains = own.chains.into_iter().map(|(transformations, rules)| Chain {
            triggers: (0..transformations.len())
                .map(|from| transformations[from..].iter().fold(0, |all, t| all | triggers(*t)))
                .collect(),
            rules: bits(&rules),
            transformations,
        });
        let (literals, rules): (Vec<Vec<u8>>, Vec<Vec<usize>>) = own.literals.into_iter().unzip();
        Group {
            level,
            literals,
            automaton: OnceLock::new(),
            rules_of: rules.iter().map(|rules| bits(rules)).collect(),
            chains: chains.collect(),
            words,
        }
    }

    /// The automaton of the literals, built when it is first asked: most paranoia levels never are.
    fn automaton(&self) -> Option<&AhoCorasick> {
        let build = || {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .kind(Some(AhoCorasickKind::DFA))
                .build(&self.literals)
                .ok()
        };
        self.automaton.get_or_init(build).as_ref()
    }

    /// The rules that a value can match.
    fn candidates(&self, value: &[u8]) -> Bits {
        let mut found = vec![0u64; self.words].into_boxed_slice();
        let mut readings = Readings { all: vec![Reading::new(Cow::Borrowed(value))], steps: Vec::new() };
        for chain in &self.chains {
            let at = readings.after(chain);
            let reading = &mut readings.all[at];
            let hits = reading.hits.get_or_insert_with(|| self.hits(&reading.text));
            for ((found, hit), own) in found.iter_mut().zip(&*hits).zip(&chain.rules) {
                *found |= hit & own;
            }
        }
        found
    }

    /// The rules of which a literal occurs.
    fn hits(&self, value: &[u8]) -> Bits {
        let mut hits = vec![0u64; self.words].into_boxed_slice();
        let Some(automaton) = self.automaton() else {
            // Without it every rule is evaluated, which is slow and right.
            hits.fill(u64::MAX);
            return hits;
        };
        for found in automaton.find_overlapping_iter(value) {
            hits.iter_mut()
                .zip(&self.rules_of[found.pattern().as_usize()])
                .for_each(|(all, own)| *all |= own);
        }
        hits
    }
}

/// What transformations make of a value: each distinct text once.
struct Readings<'v> {
    all: Vec<Reading<'v>>,
    /// What a transformation makes of a reading.
    steps: Vec<(usize, Transformation, usize)>,
}

struct Reading<'v> {
    text: Cow<'v, [u8]>,
    marks: u16,
    hits: Option<Bits>,
}

impl<'v> Reading<'v> {
    fn new(text: Cow<'v, [u8]>) -> Self {
        Reading { marks: marks(&text), text, hits: None }
    }
}

impl Readings<'_> {
    /// The reading after a chain, but perhaps for the case of its letters.
    fn after(&mut self, chain: &Chain) -> usize {
        let mut at = 0;
        for (transformation, rest) in chain.transformations.iter().zip(&chain.triggers) {
            let marks = self.all[at].marks;
            if rest & marks == 0 {
                break;
            }
            if exact_triggers(*transformation) & marks != 0 {
                at = self.step(at, *transformation);
            }
        }
        at
    }

    fn step(&mut self, from: usize, transformation: Transformation) -> usize {
        let known = self.steps.iter().find(|(at, t, _)| *at == from && *t == transformation);
        if let Some((.., to)) = known {
            return *to;
        }
        let to = match transformation.apply(&self.all[from].text) {
            None => from,
            Some(text) => self.all.iter().position(|reading| *reading.text == *text).unwrap_or_else(|| {
                self.all.push(Reading::new(Cow::Owned(text)));
                self.all.len() - 1
            }),
        };
        self.steps.push((from, transformation, to));
        to
    }
}

/// What is known of a transaction's values, as long as they do not change.
#[derive(Debug, Default)]
pub(crate) struct Known {
    groups: Vec<KnownOfGroup>,
}

#[derive(Debug, Default)]
struct KnownOfGroup {
    /// The rules that each distinct value can match.
    values: HashMap<Vec<u8>, Arc<[u64]>>,
    variables: Vec<KnownOfVariable>,
}

#[derive(Debug)]
struct KnownOfVariable {
    collection: Collection,
    /// The rules that any of its values can match.
    any: Bits,
    /// Those that each of them can match, in order.
    each: Vec<Arc<[u64]>>,
}

impl Known {
    /// Whether a rule can match the value of a variable with this number.
    pub(crate) fn may_match(&self, slot: &Slot, collection: Collection, number: usize) -> bool {
        let group = self.groups.get(slot.group);
        let variable = group.and_then(|g| g.variables.iter().find(|known| known.collection == collection));
        let bits = variable.and_then(|variable| variable.each.get(number));
        bits.is_none_or(|bits| bits[slot.word] & slot.bit != 0)
    }

    /// Forgets which variables hold what; what is known of a value stays.
    pub(crate) fn next_phase(&mut self) {
        self.groups.iter_mut().for_each(|group| group.variables.clear());
    }
}

impl Transaction<'_> {
    /// Whether a rule can match, as far as the filter knows.
    pub(crate) fn may_match(&self, rule: &Rule, known: &mut Known) -> bool {
        let Some(slot) = &rule.slot else { return true };
        let groups = &self.rules.filter.groups;
        known.groups.resize_with(groups.len(), KnownOfGroup::default);
        let (group, own) = (&groups[slot.group], &mut known.groups[slot.group]);
        let mut can = false;
        // All of them are asked, so that each value is known when the rule is evaluated.
        for collection in &slot.collections {
            let at = own.variables.iter().position(|known| known.collection == *collection);
            let at = at.unwrap_or_else(|| {
                let mut any = vec![0u64; group.words].into_boxed_slice();
                let mut each = Vec::new();
                let values = &mut own.values;
                self.visit(*collection, &mut |_, value| {
                    let bits = match values.get(value) {
                        Some(bits) => Arc::clone(bits),
                        None => {
                            let bits: Arc<[u64]> = group.candidates(value).into();
                            values.insert(value.to_vec(), Arc::clone(&bits));
                            bits
                        }
                    };
                    any.iter_mut().zip(bits.iter()).for_each(|(all, own)| *all |= own);
                    each.push(bits);
                });
                own.variables.push(KnownOfVariable { collection: *collection, any, each });
                own.variables.len() - 1
            });
            can |= own.variables[at].any[slot.word] & slot.bit != 0;
        }
        can
    }
}

/// What a link needs to occur, and in which variables; none when it is not to be filtered.
fn filterable(link: &Link) -> Option<(Vec<Vec<u8>>, Vec<Collection>)> {
    let operator = link.operator.as_ref().filter(|operator| !operator.negated)?;
    let needs = match &operator.test {
        Test::Regex(pattern) => pattern.literals()?,
        Test::Phrases { phrases, .. } => phrases.iter().map(|p| p.to_ascii_lowercase()).collect(),
        _ => return None,
    };
    // A single common byte keeps nobody out.
    if needs.is_empty() || needs.iter().any(|need| need.len() == 1 && need[0].is_ascii_alphanumeric()) {
        return None;
    }
    let mut collections = Vec::new();
    for target in &link.targets {
        if target.counted || !is_steady(target.collection) {
            return None;
        }
        if !collections.contains(&target.collection) {
            collections.push(target.collection);
        }
    }
    Some((needs, collections))
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

const ESCAPES: u16 = 1;
const ENTITIES: u16 = 1 << 1;
const BACKSLASH: u16 = 1 << 2;
const NUL: u16 = 1 << 3;
const BEYOND_ASCII: u16 = 1 << 4;
const SPACE: u16 = 1 << 5;
const ODD_SPACE: u16 = 1 << 6;
const EDGE: u16 = 1 << 7;
const SLASH: u16 = 1 << 8;
const COMMENT: u16 = 1 << 9;
const SHELL: u16 = 1 << 10;
const UPPER: u16 = 1 << 11;
const ALWAYS: u16 = 1 << 15;

/// What of a value gives a transformation work, beside the case of its letters.
fn triggers(transformation: Transformation) -> u16 {
    use Transformation::*;
    match transformation {
        Lowercase | Uppercase => 0,
        UrlDecode | UrlDecodeUni => ESCAPES,
        HtmlEntityDecode => ENTITIES,
        JsDecode | CssDecode | EscapeSeqDecode => BACKSLASH,
        RemoveNulls | ReplaceNulls => NUL,
        Utf8ToUnicode => BEYOND_ASCII,
        RemoveWhitespace => SPACE,
        CompressWhitespace => ODD_SPACE,
        Trim | TrimLeft | TrimRight => EDGE,
        NormalizePath | NormalizePathWin => SLASH | BACKSLASH,
        ReplaceComments | RemoveComments | RemoveCommentsChar => COMMENT,
        CmdLine => SHELL | ODD_SPACE | BACKSLASH,
        _ => ALWAYS,
    }
}

/// The same with the case of letters.
fn exact_triggers(transformation: Transformation) -> u16 {
    match transformation {
        Transformation::Lowercase => UPPER,
        Transformation::Uppercase => ALWAYS,
        Transformation::CmdLine => triggers(Transformation::CmdLine) | UPPER,
        other => triggers(other),
    }
}

/// What there is in a value.
fn marks(value: &[u8]) -> u16 {
    const TABLE: [u16; 256] = table();
    let mut marks = ALWAYS;
    let mut before = 0u8;
    for byte in value {
        marks |= TABLE[usize::from(*byte)];
        match (before, byte) {
            (b' ', b' ') => marks |= ODD_SPACE,
            (b' ', b'/' | b'(') => marks |= SHELL,
            (b'/', b'*') | (b'*', b'/') | (b'-', b'-') => marks |= COMMENT,
            _ => {}
        }
        before = *byte;
    }
    let is_edge = |byte: Option<&u8>| byte.is_some_and(|b| TABLE[usize::from(*b)] & SPACE != 0);
    if is_edge(value.first()) || is_edge(value.last()) {
        marks |= EDGE;
    }
    // `.` and `..` are paths without a slash.
    if value.first() == Some(&b'.') {
        marks |= SLASH;
    }
    marks
}

const fn table() -> [u16; 256] {
    let mut table = [0u16; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'%' | b'+' => ESCAPES,
            b'&' => ENTITIES,
            b'\\' => BACKSLASH,
            0 => NUL,
            b' ' => SPACE,
            b'\t' | b'\n' | 0x0b | 0x0c | b'\r' => SPACE | ODD_SPACE,
            0xa0 => SPACE | ODD_SPACE | BEYOND_ASCII,
            128.. => BEYOND_ASCII,
            b'/' => SLASH,
            b'#' => COMMENT,
            b'"' | b'\'' | b'^' | b',' | b';' => SHELL,
            b'A'..=b'Z' => UPPER,
            _ => 0,
        };
        byte += 1;
    }
    table
}
