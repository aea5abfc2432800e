//! The head of a filter file: what it holds, and an index of its shards.
//!
//! ```text
//! 8 bytes   magic "DOORPWND"
//! 4         format, 1
//! 1         k: one password in 2^k is taken for a known one
//! 1         s: there are 2^s shards, by the first s bits of the hash
//! 2         0
//! 8         number of hashes
//! 8         bytes of all shards
//! 32        SHA-256 of the 32 bytes above and of the index
//! 2^s × 16  the index: for each shard its bytes (4), its hashes (4), the first 8 bytes of its SHA-256
//! ...       the shards
//! ```
//!
//! Numbers are little-endian.

use std::io;

use sha2::{Digest, Sha256};

pub(super) const MAGIC: &[u8; 8] = b"DOORPWND";
pub(super) const FORMAT: u32 = 1;
/// Bytes before the index.
pub(super) const HEAD: usize = 64;
/// Bytes of the index for each shard.
pub(super) const ENTRY: usize = 16;
/// The most bits by which hashes are divided into shards: an index of 16 MiB.
pub(super) const MAX_SHARD_BITS: u8 = 20;
/// What one hash can cost at least and at most, as bits of 1/p.
pub(super) const BITS: std::ops::RangeInclusive<u8> = 4..=24;
/// The most hashes of a shard, which bounds the memory that builds it.
pub(super) const MAX_SHARD: u32 = 1 << 22;
/// The most bytes of a shard, which bounds the memory that reads it.
const MAX_SHARD_BYTES: u32 = 1 << 25;

/// Why a filter cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Something else, or a filter that was not finished.
    #[error("this is not a filter of breached passwords, or building it was interrupted: build it again")]
    NotAFilter,
    /// A filter of another version of this program.
    #[error("a filter of format {0}, which this version cannot read: build it again")]
    OtherFormat(u32),
    /// The file was cut off or changed.
    #[error("the filter of breached passwords is damaged: build it again")]
    Damaged,
}

/// The head, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// One password in 2^bits is taken for a known one.
    pub(super) bits: u8,
    pub(super) shard_bits: u8,
    pub(super) count: u64,
    pub(super) shards: Vec<Shard>,
}

/// A shard in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Shard {
    pub(super) length: u32,
    pub(super) count: u32,
    pub(super) checksum: [u8; 8],
}

/// The first bytes of a SHA-256: enough to notice damage, which is not made by an attacker.
pub(super) fn checksum(shard: &[u8]) -> [u8; 8] {
    let mut checksum = [0; 8];
    checksum.iter_mut().zip(Sha256::digest(shard)).for_each(|(to, from)| *to = from);
    checksum
}

impl Header {
    /// The bytes before the shards.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let data: u64 = self.shards.iter().map(|shard| u64::from(shard.length)).sum();
        let mut head = Vec::with_capacity(HEAD + ENTRY * self.shards.len());
        head.extend_from_slice(MAGIC);
        head.extend_from_slice(&FORMAT.to_le_bytes());
        head.extend_from_slice(&[self.bits, self.shard_bits, 0, 0]);
        head.extend_from_slice(&self.count.to_le_bytes());
        head.extend_from_slice(&data.to_le_bytes());
        let mut index = Vec::with_capacity(ENTRY * self.shards.len());
        for shard in &self.shards {
            index.extend_from_slice(&shard.length.to_le_bytes());
            index.extend_from_slice(&shard.count.to_le_bytes());
            index.extend_from_slice(&shard.checksum);
        }
        let checksum = Sha256::new().chain_update(&head).chain_update(&index).finalize();
        head.extend_from_slice(&checksum);
        head.extend_from_slice(&index);
        head
    }

    /// How long the index behind this head is, in bytes.
    pub(super) fn index_length(head: &[u8; HEAD]) -> Result<usize, FilterError> {
        let mut fields = Fields(head);
        if fields.take()? != *MAGIC {
            return Err(FilterError::NotAFilter);
        }
        let format = u32::from_le_bytes(fields.take()?);
        if format != FORMAT {
            return Err(FilterError::OtherFormat(format));
        }
        let [bits, shard_bits, _, _] = fields.take::<4>()?;
        if !BITS.contains(&bits) || shard_bits > MAX_SHARD_BITS {
            return Err(FilterError::Damaged);
        }
        Ok(ENTRY << shard_bits)
    }

    /// Reads the head and the index of a file of `length` bytes.
    pub(super) fn parse(head: &[u8; HEAD], index: &[u8], length: u64) -> Result<Self, FilterError> {
        let index_length = Self::index_length(head)?;
        let mut fields = Fields(head);
        let _ = fields.take::<12>()?;
        let [bits, shard_bits, _, _] = fields.take::<4>()?;
        let count = u64::from_le_bytes(fields.take()?);
        let data = u64::from_le_bytes(fields.take()?);
        let expected: [u8; 32] = fields.take()?;
        let signed = head.get(..HEAD - 32).ok_or(FilterError::Damaged)?;
        let found: [u8; 32] = Sha256::new().chain_update(signed).chain_update(index).finalize().into();
        let whole = (HEAD as u64).checked_add(index_length as u64).and_then(|sum| sum.checked_add(data));
        if found != expected || index.len() != index_length || whole != Some(length) {
            return Err(FilterError::Damaged);
        }
        let mut fields = Fields(index);
        let mut shards = Vec::with_capacity(1 << shard_bits);
        while !fields.0.is_empty() {
            let shard = Shard { length: fields.u32()?, count: fields.u32()?, checksum: fields.take()? };
            if shard.length > MAX_SHARD_BYTES || shard.count > MAX_SHARD {
                return Err(FilterError::Damaged);
            }
            shards.push(shard);
        }
        let sums = shards.iter().fold((0, 0), |(bytes, hashes), shard| {
            (bytes + u64::from(shard.length), hashes + u64::from(shard.count))
        });
        if sums != (data, count) {
            return Err(FilterError::Damaged);
        }
        Ok(Header { bits, shard_bits, count, shards })
    }
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], FilterError> {
        let (field, rest) = self.0.split_first_chunk().ok_or(FilterError::Damaged)?;
        self.0 = rest;
        Ok(*field)
    }

    fn u32(&mut self) -> Result<u32, FilterError> {
        self.take().map(u32::from_le_bytes)
    }
}

/// The shard of a hash, and its place in there: a number below `count × 2^bits`, in the order of the hashes.
pub(super) fn shard_of(hash: &[u8; 20], shard_bits: u8) -> usize {
    let shard = if shard_bits == 0 { 0 } else { start_of(hash) >> (64 - shard_bits) };
    usize::try_from(shard).unwrap_or(usize::MAX)
}

/// The bits of a hash behind those that choose the shard, as a fraction of 2^64.
pub(super) fn fraction_of(hash: &[u8; 20], shard_bits: u8) -> u64 {
    start_of(hash) << shard_bits
}

/// The place of a fraction in a shard.
#[allow(
    clippy::cast_possible_truncation,
    reason = "the product is below 2^64 × size; shifted by 64, below size"
)]
pub(super) fn place_of(fraction: u64, count: u32, bits: u8) -> u64 {
    let size = u128::from(count) << bits;
    ((u128::from(fraction) * size) >> 64) as u64
}

fn start_of(hash: &[u8; 20]) -> u64 {
    hash.first_chunk().map_or(0, |start| u64::from_be_bytes(*start))
}
