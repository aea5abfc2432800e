//! Which of thousands of literals occur in a text, whatever its case: in one pass, with tables that stay in the cache.
//!
//! Of each literal three bytes stand for it, the rarest that it has. Most places of a text are passed by with one look
//! at two bytes; where they begin such a three, the few literals that it stands for are compared.

use super::readings::{Marks, mark_of};

/// Literals, and the rules that ask for each.
#[derive(Debug)]
pub(super) struct LiteralSet {
    words: usize,
    /// Rules of each literal, one after the other.
    rules: Vec<u64>,
    /// Literals of one byte.
    single: Vec<(u8, u32)>,
    /// Two bytes that are a literal, or with which the three of one begin.
    pairs: Box<[u64; PAIRS / 64]>,
    /// Literals of two bytes.
    double: Vec<(u16, u32)>,
    /// Where the entries of three bytes begin, by their hash.
    heads: Box<[u16]>,
    /// How much of a hash is the number of a head.
    shift: u32,
    entries: Vec<Entry>,
    pool: Vec<u8>,
}

/// A literal of three bytes or more.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Where in the pool it is.
    start: u32,
    length: u16,
    /// Where in it the three bytes are.
    offset: u16,
    literal: u32,
    /// Whether another follows that has the same hash.
    goes_on: bool,
}

const PAIRS: usize = 1 << 16;
/// Entries beyond what a place in the table can name.
const MAX_ENTRIES: usize = u16::MAX as usize - 1;

fn hash(three: u32, shift: u32) -> usize {
    (three.wrapping_mul(0x9e37_79b1) >> shift) as usize
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

impl LiteralSet {
    /// Takes literals in lower case, each with its rules (by number). None when there are too many of them.
    pub(super) fn build(literals: &[(Vec<u8>, Vec<usize>)], words: usize) -> Option<LiteralSet> {
        // Four places for each, so that most of them are empty.
        let heads = (literals.len() * 4).next_power_of_two().clamp(64, PAIRS);
        let mut set = LiteralSet {
            words,
            rules: vec![0; literals.len() * words],
            single: Vec::new(),
            pairs: Box::new([0; PAIRS / 64]),
            double: Vec::new(),
            heads: vec![0; heads].into_boxed_slice(),
            shift: 32 - heads.trailing_zeros(),
            entries: Vec::new(),
            pool: Vec::new(),
        };
        let mut hashed: Vec<(usize, Entry)> = Vec::new();
        for (number, (literal, rules)) in literals.iter().enumerate() {
            for rule in rules {
                set.rules[number * words + rule / 64] |= 1 << (rule % 64);
            }
            let number = u32::try_from(number).ok()?;
            match literal[..] {
                [] => return None,
                [byte] => set.single.push((byte, number)),
                [first, second] => {
                    let pair = pair(first, second);
                    set.pairs[pair / 64] |= 1 << (pair % 64);
                    set.double.push((pair as u16, number));
                }
                _ => {
                    let offset = rarest(literal);
                    let three = &literal[offset..offset + 3];
                    let pair = pair(three[0], three[1]);
                    set.pairs[pair / 64] |= 1 << (pair % 64);
                    let entry = Entry {
                        start: u32::try_from(set.pool.len()).ok()?,
                        length: u16::try_from(literal.len()).ok()?,
                        offset: offset as u16,
                        literal: number,
                        goes_on: true,
                    };
                    set.pool.extend_from_slice(literal);
                    hashed.push((hash((pair as u32) << 8 | u32::from(three[2]), set.shift), entry));
                }
            }
        }
        if hashed.len() > MAX_ENTRIES {
            return None;
        }
        hashed.sort_by_key(|(hash, entry)| (*hash, entry.literal));
        for (at, (hash, entry)) in hashed.iter().enumerate() {
            if set.heads[*hash] == 0 {
                set.heads[*hash] = at as u16 + 1;
            }
            let goes_on = hashed.get(at + 1).is_some_and(|(next, _)| next == hash);
            set.entries.push(Entry { goes_on, ..*entry });
        }
        set.double.sort_unstable();
        Some(set)
    }

    /// Adds the rules of which a literal occurs in a text, which is in lower case and has these marks.
    pub(super) fn find(&self, text: &[u8], marks: Marks, found: &mut [u64]) {
        for (byte, literal) in &self.single {
            let has = match mark_of(*byte) {
                0 => memchr::memchr(*byte, text).is_some(),
                mark => marks & mark != 0,
            };
            if has {
                self.add(*literal, found);
            }
        }
        for (at, two) in text.windows(2).enumerate() {
            let pair = pair(two[0], two[1]);
            if self.pairs[pair / 64] >> (pair % 64) & 1 != 0 {
                self.look(text, at, pair, found);
            }
        }
    }

    /// What the two bytes at a place may be the beginning of. Apart, so that passing by stays in registers.
    #[inline(never)]
    fn look(&self, text: &[u8], at: usize, pair: usize, found: &mut [u64]) {
        if let Ok(at) = self.double.binary_search_by_key(&pair, |(known, _)| usize::from(*known)) {
            self.add(self.double[at].1, found);
        }
        let Some(third) = text.get(at + 2) else { return };
        let head = self.heads[hash((pair as u32) << 8 | u32::from(*third), self.shift)];
        if head == 0 {
            return;
        }
        for entry in &self.entries[usize::from(head) - 1..] {
            let (start, length) = (entry.start as usize, usize::from(entry.length));
            let literal = &self.pool[start..start + length];
            let begins = at.checked_sub(usize::from(entry.offset));
            if begins.and_then(|begins| text.get(begins..begins + length)) == Some(literal) {
                self.add(entry.literal, found);
            }
            if !entry.goes_on {
                return;
            }
        }
    }

    fn add(&self, literal: u32, found: &mut [u64]) {
        let start = literal as usize * self.words;
        for (found, own) in found.iter_mut().zip(&self.rules[start..start + self.words]) {
            *found |= own;
        }
    }
}

/// Where in a literal the three bytes are that texts have least.
fn rarest(literal: &[u8]) -> usize {
    let cost = |at: &usize| {
        let of = |at: usize| u64::from(frequency(literal[at]));
        let common = COMMON.chunks(2).any(|pair| pair == &literal[*at..at + 2]);
        of(*at) * of(at + 1) * (20 + of(at + 2)) * if common { 8 } else { 1 }
    };
    (0..literal.len() - 2).min_by_key(cost).unwrap_or(0)
}

/// The pairs of letters that English has most.
const COMMON: &[u8] = b"thheineranreedonesstenattontndhaetouaseahitisorngofalseleitversarnsnoroiecolidemecta\
    lairaestchllsprbulneasuilemuiowsiuspewitr";

/// How often a byte occurs in what is sent to APIs, roughly, of a thousand.
fn frequency(byte: u8) -> u32 {
    match byte {
        b' ' => 130,
        b'e' => 90,
        b'a' | b't' | b'i' | b'o' | b'n' | b's' | b'r' => 60,
        b'd' | b'l' | b'c' | b'u' | b'm' | b'p' => 35,
        b'h' | b'g' | b'b' | b'f' | b'y' | b'w' | b'v' | b'k' => 18,
        b'0'..=b'9' | b'.' | b'-' | b'/' => 16,
        b',' | b'_' | b'=' | b':' | b'"' | b'j' | b'x' | b'q' | b'z' => 6,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn every_literal_that_occurs_is_found_and_no_other(
            literals in prop::collection::btree_set("[ab<.]{1,6}", 1..90),
            text in "[abAB<.]{0,24}",
        ) {
            let numbered: Vec<_> =
                literals.iter().enumerate().map(|(n, l)| (l.clone().into_bytes(), vec![n])).collect();
            let words = literals.len().div_ceil(64);
            let set = LiteralSet::build(&numbered, words).unwrap();
            let lower = text.to_ascii_lowercase();
            let mut found = vec![0; words];
            set.find(lower.as_bytes(), super::super::readings::marks(text.as_bytes()), &mut found);
            for (number, literal) in literals.iter().enumerate() {
                let is_found = found[number / 64] >> (number % 64) & 1 != 0;
                prop_assert_eq!(is_found, lower.contains(literal.as_str()), "{}", literal);
            }
        }
    }
}
