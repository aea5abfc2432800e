//! Counters of one process that outlive it: a file that is written when it stops and read when it starts.
//!
//! The file: what it is, the key of the hash that made the names, then for each counter its name, when it expires, and its cell;
//! and at last a hash of all that, so that one that was cut off is not taken for a whole one.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::cell::Cell;
use crate::error::StoreError;
use crate::key_hash::KeyHash;
use crate::millis::Millis;

const MAGIC: &[u8; 18] = b"doorward limits 1\n";
const KEY: usize = 16;
const ENTRY: usize = 16 + 8 + Cell::BYTES;
const HASH: usize = 32;

/// A counter as it is written down.
pub(super) struct Entry {
    pub(super) name: u128,
    pub(super) expires: Millis,
    pub(super) cell: Cell,
}

/// What a file says; nothing where there is none.
pub(super) fn read(path: &Path) -> Result<Option<(KeyHash, Vec<Entry>)>, StoreError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::Unusable(format!("{}: {error}", path.display()))),
    };
    let damaged =
        || StoreError::Unusable(format!("{}: these are no counters; move the file away", path.display()));
    parse(&bytes).map(Some).ok_or_else(damaged)
}

fn parse(bytes: &[u8]) -> Option<(KeyHash, Vec<Entry>)> {
    let (content, hash) = bytes.split_at_checked(bytes.len().checked_sub(HASH)?)?;
    (Sha256::digest(content)[..] == *hash).then_some(())?;
    let (key, entries) = content.strip_prefix(MAGIC)?.split_first_chunk::<KEY>()?;
    let (entries, rest) = entries.as_chunks::<ENTRY>();
    rest.is_empty().then_some(())?;
    let entry = |entry: &[u8; ENTRY]| {
        let (name, rest) = entry.split_first_chunk()?;
        let (expires, cell) = rest.split_first_chunk()?;
        Some(Entry {
            name: u128::from_be_bytes(*name),
            expires: u64::from_be_bytes(*expires),
            cell: Cell::from_bytes(cell).ok()?,
        })
    };
    Some((KeyHash::from_key(*key), entries.iter().map(entry).collect::<Option<_>>()?))
}

/// Writes a new file beside and puts it in place, so that a crash leaves one of the two. Nobody else may read it.
pub(super) fn write(
    path: &Path,
    key: &KeyHash,
    entries: impl Iterator<Item = Entry>,
) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut bytes = [&MAGIC[..], &key.to_key()].concat();
    for Entry { name, expires, cell } in entries {
        bytes.extend_from_slice(&name.to_be_bytes());
        bytes.extend_from_slice(&expires.to_be_bytes());
        bytes.extend_from_slice(&cell.to_bytes());
    }
    let hash = Sha256::digest(&bytes);
    bytes.extend_from_slice(&hash);
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let written = || {
        let _ = std::fs::remove_file(&beside);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    written().map_err(|error: io::Error| StoreError::Unusable(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("limits");
        assert!(read(&path).unwrap().is_none());
        let key = KeyHash::random();
        let entry = |name| Entry { name, expires: 7, cell: Cell::default() };
        write(&path, &key, (1..=3).map(entry)).unwrap();
        let (read_key, entries) = read(&path).unwrap().unwrap();
        assert_eq!(read_key.to_key(), key.to_key());
        assert_eq!(entries.iter().map(|entry| entry.name).collect::<Vec<_>>(), [1, 2, 3]);
        let whole = std::fs::read(&path).unwrap();
        for end in 0..whole.len() {
            assert!(parse(&whole[..end]).is_none(), "{end}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            assert!(parse(&damaged).is_none(), "{at}");
        }
    }
}
