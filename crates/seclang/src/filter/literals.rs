//! Literal search: finds which of thousands of literals occur in a text, whatever its case, in one pass.
//!
//! Each literal is found by its three rarest bytes. Most positions of a text are excluded by one look at two bytes, in a
//! table that stays in the cache; where such a triple begins, the few literals that have it are compared.

use inputs::slice::tail;

use super::bits;
use super::variants::{FeatureMask, feature_of};

/// Literals, and the rules that need each.
#[derive(Debug)]
pub(super) struct LiteralSet {
    words: usize,
    /// The set of rules of each literal, one after the other.
    rules: Vec<u64>,
    /// Literals of one byte.
    single: Vec<(u8, u32)>,
    /// Literals of two bytes, sorted.
    double: Vec<(u16, u32)>,
    /// A set of byte pairs: those that are a literal or begin a triple.
    pairs: Box<[u64; bits::words(PAIRS)]>,
    /// For each hash of a triple, where its entries begin, from 1; or 0.
    heads: Box<[u16]>,
    /// How far a hash is shifted right to get the number of a head.
    shift: u32,
    entries: Vec<Entry>,
    pool: Vec<u8>,
}

/// A literal of three bytes or more.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Where it is in the pool.
    start: u32,
    length: u16,
    /// Where its triple is.
    offset: u16,
    literal: u32,
    /// Whether the next entry has the same hash.
    has_next: bool,
}

const PAIRS: usize = 1 << 16;

fn hash(first: u8, second: u8, third: u8, shift: u32) -> usize {
    (u32::from_be_bytes([0, first, second, third]).wrapping_mul(0x9e37_79b1) >> shift) as usize
}

impl LiteralSet {
    /// Builds the search for literals in lower case, each with the numbers of its rules; `None` if there are too many.
    pub(super) fn build(literals: &[(Vec<u8>, Vec<usize>)], words: usize) -> Option<LiteralSet> {
        // Four heads for each literal, so that most are empty.
        let heads = (literals.len() * 4).next_power_of_two().clamp(64, PAIRS);
        let mut set = LiteralSet {
            words,
            rules: Vec::with_capacity(literals.len() * words),
            single: Vec::new(),
            double: Vec::new(),
            pairs: Box::new([0; bits::words(PAIRS)]),
            heads: vec![0; heads].into_boxed_slice(),
            shift: 32 - heads.trailing_zeros(),
            entries: Vec::new(),
            pool: Vec::new(),
        };
        let mut hashed: Vec<(usize, Entry)> = Vec::new();
        for (number, (literal, rules)) in literals.iter().enumerate() {
            let mut own = vec![0; words];
            rules.iter().for_each(|rule| bits::insert(&mut own, *rule));
            set.rules.append(&mut own);
            let number = u32::try_from(number).ok()?;
            match literal[..] {
                [] => return None,
                [byte] => set.single.push((byte, number)),
                [first, second] => {
                    let pair = u16::from_be_bytes([first, second]);
                    bits::insert(&mut *set.pairs, usize::from(pair));
                    set.double.push((pair, number));
                }
                _ => {
                    let offset = rarest(literal);
                    let [first, second, third, ..] = *tail(literal, offset) else { return None };
                    bits::insert(&mut *set.pairs, usize::from(u16::from_be_bytes([first, second])));
                    let entry = Entry {
                        start: u32::try_from(set.pool.len()).ok()?,
                        length: u16::try_from(literal.len()).ok()?,
                        offset: u16::try_from(offset).ok()?,
                        literal: number,
                        has_next: false,
                    };
                    set.pool.extend_from_slice(literal);
                    hashed.push((hash(first, second, third, set.shift), entry));
                }
            }
        }
        hashed.sort_by_key(|(hash, entry)| (*hash, entry.literal));
        for (at, (hash, entry)) in hashed.iter().enumerate() {
            let head = set.heads.get_mut(*hash)?;
            if *head == 0 {
                *head = u16::try_from(at + 1).ok()?;
            }
            let has_next = hashed.get(at + 1).is_some_and(|(next, _)| next == hash);
            set.entries.push(Entry { has_next, ..*entry });
        }
        set.double.sort_unstable();
        Some(set)
    }

    /// Adds the rules whose literals occur in a text, which is in lower case and has this feature mask.
    pub(super) fn find(&self, text: &[u8], mask: FeatureMask, found: &mut [u64]) {
        for (byte, literal) in &self.single {
            let occurs = match feature_of(*byte) {
                0 => memchr::memchr(*byte, text).is_some(),
                feature => mask & feature != 0,
            };
            if occurs {
                self.add(*literal, found);
            }
        }
        for (at, two) in text.windows(2).enumerate() {
            let [first, second] = *two else { continue };
            if bits::contains(&*self.pairs, usize::from(u16::from_be_bytes([first, second]))) {
                self.find_at(text, at, first, second, found);
            }
        }
    }

    /// Adds the rules whose literals have their triple, or all of their two bytes, at a position. Not inlined, which
    /// keeps the loop above in registers.
    #[inline(never)]
    fn find_at(&self, text: &[u8], at: usize, first: u8, second: u8, found: &mut [u64]) {
        let pair = u16::from_be_bytes([first, second]);
        if let Ok(place) = self.double.binary_search_by_key(&pair, |(known, _)| *known)
            && let Some((_, literal)) = self.double.get(place)
        {
            self.add(*literal, found);
        }
        let Some(third) = text.get(at + 2) else { return };
        let head = self.heads.get(hash(first, second, *third, self.shift)).copied().unwrap_or(0);
        let Some(head) = head.checked_sub(1) else { return };
        for entry in tail(&self.entries, usize::from(head)) {
            let (start, length) = (entry.start as usize, usize::from(entry.length));
            let literal = self.pool.get(start..start + length);
            let begins = at.checked_sub(usize::from(entry.offset));
            if begins.and_then(|begins| text.get(begins..begins + length)) == literal {
                self.add(entry.literal, found);
            }
            if !entry.has_next {
                return;
            }
        }
    }

    fn add(&self, literal: u32, found: &mut [u64]) {
        bits::unite(found, tail(&self.rules, literal as usize * self.words));
    }
}

/// Where the three consecutive bytes begin that are rarest in texts.
fn rarest(literal: &[u8]) -> usize {
    let cost = |(_, triple): &(usize, &[u8])| {
        let [first, second, third] = **triple else { return u64::MAX };
        let of = |byte: u8| u64::from(frequency(byte));
        let is_common = COMMON_PAIRS.chunks(2).any(|pair| pair == [first, second]);
        of(first) * of(second) * (20 + of(third)) * if is_common { 8 } else { 1 }
    };
    literal.windows(3).enumerate().min_by_key(cost).map_or(0, |(at, _)| at)
}

/// The most common pairs of letters in English.
const COMMON_PAIRS: &[u8] =
    b"thheineranreedonesstenattontndhaetouaseahitisorngofalseleitversarnsnoroiecolidemecta\
    lairaestchllsprbulneasuilemuiowsiuspewitr";

/// How often a byte occurs in API traffic, roughly, per thousand.
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
            set.find(lower.as_bytes(), super::super::variants::feature_mask(text.as_bytes()), &mut found);
            for (number, literal) in literals.iter().enumerate() {
                let is_found = found[number / 64] >> (number % 64) & 1 != 0;
                prop_assert_eq!(is_found, lower.contains(literal.as_str()), "{}", literal);
            }
        }
    }
}
