//! Golomb-Rice codes of a sorted list: each number is the gap to the one before, in unary its upper part, then its lower bits.
//!
//! Where the gaps are those of random numbers with the mean 2^k, a code takes about k + 1.6 bits.

/// Writes bits, the highest of each byte first.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    /// Bits that do not fill a byte yet, and how many they are.
    pending: u8,
    filled: u32,
}

impl Writer {
    /// Writes a gap with `k` lower bits.
    pub(super) fn gap(&mut self, gap: u64, k: u32) {
        for _ in 0..gap >> k {
            self.bit(1);
        }
        self.bit(0);
        for index in (0..k).rev() {
            self.bit(u8::from((gap >> index) & 1 == 1));
        }
    }

    fn bit(&mut self, bit: u8) {
        self.pending = (self.pending << 1) | bit;
        self.filled += 1;
        if self.filled == 8 {
            self.bytes.push(self.pending);
            (self.pending, self.filled) = (0, 0);
        }
    }

    /// The bytes, the last one filled up with zeros.
    pub(super) fn finish(mut self) -> Vec<u8> {
        while self.filled > 0 {
            self.bit(0);
        }
        self.bytes
    }
}

/// Reads what [`Writer`] wrote.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    /// The index of the next bit.
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0 }
    }

    /// The next gap; nothing, if the bits end before. `k` is at most 32.
    pub(super) fn gap(&mut self, k: u32) -> Option<u64> {
        let mut upper = 0_u64;
        loop {
            let ones = self.window()?.leading_ones().min(WINDOW);
            upper += u64::from(ones);
            self.at += ones as usize;
            if ones < WINDOW {
                break;
            }
        }
        self.at += 1;
        let lower = self.window()?.checked_shr(64 - k).unwrap_or(0);
        self.at += k as usize;
        if self.at > 8 * self.bytes.len() {
            return None;
        }
        upper.checked_shl(k)?.checked_add(lower)
    }

    /// The next [`WINDOW`] bits, and some more, at the top of a word. Behind the end there are zeros.
    fn window(&self) -> Option<u64> {
        let rest = self.bytes.get(self.at / 8..)?;
        let word = rest.first_chunk().copied().unwrap_or_else(|| {
            let mut word = [0; 8];
            word.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            word
        });
        Some(u64::from_be_bytes(word) << (self.at % 8))
    }
}

/// Bits of a word that begins at any bit of a byte.
const WINDOW: u32 = 56;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn gaps_are_read_as_they_were_written(k in 1_u32..25, gaps in proptest::collection::vec(prop_oneof![0_u64..1_000, 0_u64..10], 0..200)) {
            let mut writer = Writer::default();
            for gap in &gaps {
                writer.gap(*gap, k);
            }
            let bytes = writer.finish();
            let mut reader = Reader::new(&bytes);
            for gap in &gaps {
                prop_assert_eq!(reader.gap(k), Some(*gap));
            }
        }

        #[test]
        fn any_bytes_end(k in 1_u32..25, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = Reader::new(&bytes);
            let gaps = std::iter::from_fn(|| reader.gap(k)).count();
            prop_assert!(gaps <= bytes.len() * 8);
        }
    }
}
