//! The `TX` collection: a hash table whose keys carry their hash, computed when the rules are compiled.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use hashbrown::HashTable;

/// One hash key for all tables, so that names can carry their hash.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A name in lower case: `TX` names are case-insensitive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TxName {
    text: Box<[u8]>,
    hash: u64,
}

impl TxName {
    pub(crate) fn new(name: &[u8]) -> TxName {
        let text = name.to_ascii_lowercase().into_boxed_slice();
        TxName { hash: HASHER.hash_one(&text), text }
    }

    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// `0` to `9`, the names of captured groups.
    pub(crate) fn captures() -> &'static [TxName; 10] {
        static NAMES: LazyLock<[TxName; 10]> =
            LazyLock::new(|| std::array::from_fn(|number| TxName::new(number.to_string().as_bytes())));
        &NAMES
    }
}

/// The variables of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Tx(HashTable<(TxName, Vec<u8>)>);

impl Tx {
    pub(crate) fn get(&self, name: &TxName) -> Option<&Vec<u8>> {
        self.0.find(name.hash, |(known, _)| known == name).map(|(_, value)| value)
    }

    /// Sets a value, in the buffer of the old one.
    pub(crate) fn set(&mut self, name: &TxName, value: &[u8]) {
        match self.0.find_mut(name.hash, |(known, _)| known == name) {
            Some((_, old)) => {
                old.clear();
                old.extend_from_slice(value);
            }
            None => {
                self.0.insert_unique(name.hash, (name.clone(), value.to_vec()), |(name, _)| name.hash);
            }
        }
    }

    pub(crate) fn remove(&mut self, name: &TxName) {
        if let Ok(found) = self.0.find_entry(name.hash, |(known, _)| known == name) {
            found.remove();
        }
    }

    /// All variables, ordered by name.
    pub(crate) fn sorted(&self) -> Vec<(&[u8], &[u8])> {
        let mut all: Vec<(&[u8], &[u8])> =
            self.0.iter().map(|(name, value)| (name.text(), value.as_slice())).collect();
        all.sort_unstable();
        all
    }
}
