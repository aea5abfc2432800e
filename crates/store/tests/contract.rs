//! What every backend promises, run on all of them.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use store::memory::MemoryLedger;
use store::sqlite::SqliteLedger;
use store::{AnyLedger, Ledger, LedgerKey, StoreError};

const NOW: u64 = 1_700_000_000_000;
const FAR: u64 = 4_000_000_000_000;

fn ledgers(directory: &Path, max_ids: usize) -> [AnyLedger; 2] {
    let file = directory.join(format!("ledger-{max_ids}"));
    [
        AnyLedger::Memory(MemoryLedger::new(max_ids)),
        AnyLedger::Sqlite(SqliteLedger::open(&file, max_ids).unwrap()),
    ]
}

#[tokio::test]
async fn what_was_remembered_is_known_until_it_ends() {
    let directory = tempfile::tempdir().unwrap();
    for ledger in ledgers(directory.path(), 1000) {
        let entry = |caller: &str, id: &str| LedgerKey::new("order", caller, id);
        ledger.remember(vec![entry("7", "1"), entry("7", "2")], NOW + 1000).await.unwrap();
        assert!(ledger.knows(entry("7", "1"), NOW).await.unwrap());
        assert!(ledger.knows(entry("7", "2"), NOW + 999).await.unwrap());
        assert!(!ledger.knows(entry("7", "2"), NOW + 1000).await.unwrap(), "{ledger:?}: it has ended");
        for other in [
            entry("8", "1"),
            entry("7", "3"),
            LedgerKey::new("user", "7", "1"),
            LedgerKey::new("order", "71", ""),
        ] {
            assert!(!ledger.knows(other, NOW).await.unwrap(), "{ledger:?}");
        }
        ledger.remember(vec![entry("7", "1")], NOW + 10).await.unwrap();
        assert!(ledger.knows(entry("7", "1"), NOW + 500).await.unwrap(), "a shorter time takes nothing away");
    }
}

#[tokio::test]
async fn a_ledger_does_not_grow_without_bound() {
    let directory = tempfile::tempdir().unwrap();
    for ledger in ledgers(directory.path(), 1280) {
        let entry = |id: u64| LedgerKey::new("order", "7", &id.to_string());
        for start in (0..20_000).step_by(100) {
            ledger.remember((start..start + 100).map(entry).collect(), FAR + start).await.unwrap();
        }
        let mut known = 0;
        for id in 0..20_000 {
            known += usize::from(ledger.knows(entry(id), NOW).await.unwrap());
        }
        assert!((640..=1400).contains(&known), "{ledger:?} knows {known}");
    }
}

#[tokio::test]
async fn a_file_survives_a_restart_and_is_shared() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ledger");
    let open = || SqliteLedger::open(&file, 100).unwrap();
    let entry = LedgerKey::new("order", "7", "1");
    let (first, second) = (open(), open());
    first.remember(vec![entry], FAR).await.unwrap();
    assert!(second.knows(entry, NOW).await.unwrap());
    drop((first, second));
    assert!(open().knows(entry, NOW).await.unwrap());
}

#[test]
fn a_file_that_is_no_ledger_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ledger");
    std::fs::write(&file, "this is not a database, and long enough to be sure of that".repeat(20)).unwrap();
    let StoreError::Unavailable(reason) = SqliteLedger::open(&file, 100).unwrap_err();
    assert!(reason.contains("not a database"), "{reason}");
}
