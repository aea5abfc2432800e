//! Asks a file whether a password is known. Nothing leaves the machine.
//!
//! The file holds no hashes but their places on a scale with 2^k steps for each hash (a Golomb-coded set). A password of the
//! list is always found. Another one is taken for one of the list with a probability of 2^-k, by default one in 1,024: its
//! owner is asked to choose another. Each hash takes about k + 1.6 bits, so the 900 million hashes of the largest public list
//! take 1.3 GB at k = 10, and 0.97 GB at k = 7 (one in 128).
//!
//! A lookup reads one shard of some 6 KB at its place in the file, and only the index (16 bytes for each 4,096 hashes, 3.5 MB for 900
//! million) stays in memory. [`Filter::load`] reads the whole file for lookups that touch no disk.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use parking_lot::Mutex;

use super::super::password::Password;
use super::digest::sha1;
use super::header::{ENTRY, FilterError, HEAD, Header, Shard, checksum, fraction_of, place_of, shard_of};
use super::rice::Reader;

/// A filter of breached passwords. It can be asked from many threads.
#[derive(Debug)]
pub struct Filter {
    header: Header,
    /// Where each shard begins in the file.
    starts: Vec<u64>,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    File(Mutex<File>),
    Memory(Vec<u8>),
}

impl Filter {
    /// Opens a filter. Its head is checked now, each shard when it is read.
    ///
    /// # Errors
    /// [`FilterError`].
    pub fn open(path: &Path) -> Result<Self, FilterError> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let header = read_header(&mut file, length)?;
        Ok(Self::new(header, Bytes::File(Mutex::new(file))))
    }

    /// Reads a filter into memory.
    ///
    /// # Errors
    /// [`FilterError`].
    pub fn load(path: &Path) -> Result<Self, FilterError> {
        Self::from_bytes(std::fs::read(path)?)
    }

    /// A filter whose file is in memory already.
    ///
    /// # Errors
    /// [`FilterError`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, FilterError> {
        let header = read_header(&mut bytes.as_slice(), bytes.len() as u64)?;
        Ok(Self::new(header, Bytes::Memory(bytes)))
    }

    fn new(header: Header, bytes: Bytes) -> Self {
        let mut next = (HEAD + header.shards.len() * ENTRY) as u64;
        let starts = header
            .shards
            .iter()
            .map(|shard| {
                let start = next;
                next += u64::from(shard.length);
                start
            })
            .collect();
        Filter { header, starts, bytes }
    }

    /// How many hashes the list had.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.header.count
    }

    /// One password in so many that is in no list is taken for one that is.
    #[must_use]
    pub fn one_in(&self) -> u32 {
        1 << self.header.bits
    }

    /// Whether the list has the password, or, seldom, another one with the same place.
    ///
    /// It reads a few kilobytes of the file: call it where a thread may wait for a disk.
    ///
    /// # Errors
    /// [`FilterError::Damaged`] and [`FilterError::Io`], if the shard cannot be read.
    pub fn contains(&self, password: &Password) -> Result<bool, FilterError> {
        self.contains_hash(&sha1(password))
    }

    fn contains_hash(&self, hash: &[u8; 20]) -> Result<bool, FilterError> {
        let Header { bits, shard_bits, .. } = self.header;
        let at = shard_of(hash, shard_bits);
        let (Some(shard), Some(start)) = (self.header.shards.get(at), self.starts.get(at)) else {
            return Err(FilterError::Damaged);
        };
        let wanted = place_of(fraction_of(hash, shard_bits), shard.count, bits);
        match &self.bytes {
            Bytes::Memory(bytes) => search(in_memory(bytes, *start, shard)?, shard, wanted, bits),
            Bytes::File(file) => {
                let mut bytes = vec![0; shard.length as usize];
                {
                    let mut file = file.lock();
                    file.seek(SeekFrom::Start(*start))?;
                    file.read_exact(&mut bytes).map_err(cut_off)?;
                }
                search(&bytes, shard, wanted, bits)
            }
        }
    }
}

fn read_header(source: &mut impl Read, length: u64) -> Result<Header, FilterError> {
    let mut head = [0; HEAD];
    source.read_exact(&mut head).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => FilterError::NotAFilter,
        _ => FilterError::Io(error),
    })?;
    let mut index = vec![0; Header::index_length(&head)?];
    source.read_exact(&mut index).map_err(cut_off)?;
    Header::parse(&head, &index, length)
}

fn cut_off(error: io::Error) -> FilterError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => FilterError::Damaged,
        _ => FilterError::Io(error),
    }
}

fn in_memory<'a>(bytes: &'a [u8], start: u64, shard: &Shard) -> Result<&'a [u8], FilterError> {
    let start = usize::try_from(start).map_err(|_| FilterError::Damaged)?;
    let end = start.checked_add(shard.length as usize).ok_or(FilterError::Damaged)?;
    bytes.get(start..end).ok_or(FilterError::Damaged)
}

/// Whether a shard has a place. Its places are in order.
fn search(bytes: &[u8], shard: &Shard, wanted: u64, bits: u8) -> Result<bool, FilterError> {
    if checksum(bytes) != shard.checksum {
        return Err(FilterError::Damaged);
    }
    let (mut reader, mut place) = (Reader::new(bytes), 0_u64);
    for _ in 0..shard.count {
        let gap = reader.gap(bits.into()).ok_or(FilterError::Damaged)?;
        place = place.checked_add(gap).ok_or(FilterError::Damaged)?;
        if place >= wanted {
            return Ok(place == wanted);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests;
