//! Files of records.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use store::StoreError;
use store::records::{Expected, Records};
use store::sqlite::{SqliteLedger, SqliteRecords};

use super::{NOW, ids, put, write};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Runs statements on a file, as another program would.
fn alter(path: &Path, statements: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(statements).unwrap();
}

#[tokio::test]
async fn a_file_of_records_survives_a_restart_and_is_its_owners_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("records");
    let records = SqliteRecords::open(&file).unwrap();
    write(&records, vec![put("user", "a", Expected::Absent, "{}")]).await;
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(&directory.path().join(format!("records{suffix}"))), 0o600, "{suffix}");
    }
    drop(records);
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let records = SqliteRecords::open(&file).unwrap();
    assert_eq!(mode(&file), 0o600, "others may no longer read it");
    assert_eq!(records.get("user", "a", NOW).await.unwrap().unwrap().version, 1);
}

#[tokio::test]
async fn a_backup_holds_the_same_and_replaces_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let records = SqliteRecords::open(&path("records")).unwrap();
    for id in 0..300 {
        write(&records, vec![put("user", &id.to_string(), Expected::Absent, "{}")]).await;
    }
    let before = records.list("user", "", 1000, NOW).await.unwrap();
    records.backup(&path("back up'")).unwrap();
    assert_eq!(mode(&path("back up'")), 0o600);
    write(&records, vec![put("user", "later", Expected::Absent, "{}")]).await;
    let refused = records.backup(&path("back up'")).unwrap_err().to_string();
    assert!(refused.contains("back up'") && refused.contains("name a new one"), "{refused}");
    let refused = records.backup(&path("records")).unwrap_err().to_string();
    assert!(refused.contains("name a new one"), "{refused}");
    let refused = records.backup(&path("nowhere/backup")).unwrap_err().to_string();
    assert!(refused.contains("nowhere/backup"), "{refused}");
    let backup = SqliteRecords::open(&path("back up'")).unwrap();
    assert_eq!(backup.list("user", "", 1000, NOW).await.unwrap(), before);
    write(&backup, vec![put("user", "0", Expected::Version(1), "{}")]).await;
    assert_eq!(records.get("user", "0", NOW).await.unwrap().unwrap().version, 1, "it is a file of its own");
}

#[test]
fn a_file_that_is_not_to_be_used_is_refused_with_its_name_and_the_mend_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let opened = |name: &str| drop(SqliteRecords::open(&path(name)).unwrap());
    opened("newer");
    alter(&path("newer"), "PRAGMA user_version = 99");
    alter(&path("other"), "CREATE TABLE customers (name)");
    alter(&path("marked"), "PRAGMA application_id = 7");
    opened("before");
    alter(&path("before"), "PRAGMA user_version = -1");
    drop(SqliteLedger::open(&path("ledger"), 10).unwrap());
    std::fs::write(path("text"), "this is not a database, and long enough to be sure of that".repeat(20))
        .unwrap();
    let cases = [
        ("newer", "has format 99, and this program reads formats up to 1; run the newer program"),
        ("before", "has format -1"),
        ("other", "something else; name a file of its own"),
        ("marked", "something else"),
        ("ledger", "something else"),
        ("text", "is not a database, or its beginning is damaged; name another file, or restore a backup"),
    ];
    for (name, message) in cases {
        std::fs::set_permissions(path(name), PermissionsExt::from_mode(0o644)).unwrap();
        let before = std::fs::read(path(name)).unwrap();
        let Err(StoreError::Unusable(reason)) = SqliteRecords::open(&path(name)) else {
            panic!("{name} is not usable");
        };
        assert!(reason.contains(message) && reason.contains(&path(name).display().to_string()), "{reason}");
        assert!(before == std::fs::read(path(name)).unwrap() && mode(&path(name)) == 0o644, "{name}");
    }
}

#[test]
fn a_place_that_cannot_be_written_is_named_with_the_mend() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("folder")).unwrap();
    for (name, mend) in [("missing/records", "there is no directory"), ("folder", "let the user that runs")] {
        let path = directory.path().join(name);
        let reason = SqliteRecords::open(&path).unwrap_err().to_string();
        assert!(reason.contains(mend) && reason.contains(&path.display().to_string()), "{reason}");
    }
}

#[tokio::test]
async fn a_damaged_file_is_an_error_that_tells_so() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("records");
    let records = SqliteRecords::open(&file).unwrap();
    let many = (0..900).map(|id| put("user", &format!("{id:0400}"), Expected::Any, "{}")).collect();
    write(&records, many).await;
    drop(records);
    alter(&file, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[20_000..].fill(0x55);
    std::fs::write(&file, bytes).unwrap();
    let outcome = match SqliteRecords::open(&file) {
        Ok(records) => records.list("user", "", 1000, NOW).await.map(|records| records.len()),
        Err(error) => Err(error),
    };
    let Err(StoreError::Unusable(reason)) = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("restore a backup") && reason.contains(&file.display().to_string()), "{reason}");
}

#[tokio::test]
async fn reads_and_commits_go_on_while_another_program_reads() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("records");
    let records = SqliteRecords::open(&file).unwrap();
    write(&records, vec![put("user", "a", Expected::Absent, "{}")]).await;
    let reader = rusqlite::Connection::open(&file).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM records").unwrap();
    write(&records, vec![put("user", "b", Expected::Absent, "{}")]).await;
    // And reads do while it writes.
    let writer = rusqlite::Connection::open(&file).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(ids(&records.list("user", "", 9, NOW).await.unwrap()), ["a", "b"]);
    writer.execute_batch("ROLLBACK").unwrap();
    reader.execute_batch("COMMIT").unwrap();
}
