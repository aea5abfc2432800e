//! What every backend promises, run on all of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod servers;

use servers::Server;
use store::memory::MemoryLedger;
use store::postgres::PostgresLedger;
use store::redis::RedisLedger;
use store::sqlite::SqliteLedger;
use store::{AnyLedger, Ledger, LedgerKey, StoreError};

/// Far from any real clock: what has ended ends by the caller's time, or by a server's own, whichever is later.
const NOW: u64 = 3_900_000_000_000;
const FAR: u64 = 4_000_000_000_000;

struct Backends {
    directory: tempfile::TempDir,
    redis: Server,
    postgres: Server,
}

impl Backends {
    fn start() -> Backends {
        let directory = tempfile::tempdir().unwrap();
        Backends { directory, redis: Server::redis(), postgres: Server::postgres() }
    }

    fn ledgers(&self, max_ids: usize) -> [AnyLedger; 4] {
        [
            AnyLedger::Memory(MemoryLedger::new(max_ids)),
            AnyLedger::Sqlite(SqliteLedger::open(&self.directory.path().join("ledger"), max_ids).unwrap()),
            AnyLedger::Redis(Box::new(RedisLedger::open(&self.redis.url, max_ids).unwrap())),
            AnyLedger::Postgres(Box::new(PostgresLedger::open(&self.postgres.url, max_ids).unwrap())),
        ]
    }
}

#[tokio::test]
async fn what_was_remembered_is_known_until_it_ends() {
    let backends = Backends::start();
    for ledger in backends.ledgers(1000) {
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
    let backends = Backends::start();
    for ledger in backends.ledgers(1280) {
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
async fn gateways_with_one_server_know_what_the_others_remember() {
    let backends = Backends::start();
    let ([.., redis, postgres], [.., other_redis, other_postgres]) =
        (backends.ledgers(1000), backends.ledgers(1000));
    for (mine, theirs) in [(redis, other_redis), (postgres, other_postgres)] {
        let entry = |id: u64| LedgerKey::new("order", "7", &id.to_string());
        // At once, and the same ones: neither may stand in the other's way.
        let (one, two) = tokio::join!(
            mine.remember((0..500).map(entry).collect(), FAR),
            theirs.remember((0..500).rev().map(entry).collect(), FAR + 1),
        );
        one.unwrap();
        two.unwrap();
        mine.remember(vec![entry(500)], FAR).await.unwrap();
        for id in 0..=500 {
            assert!(theirs.knows(entry(id), NOW).await.unwrap(), "{theirs:?} does not know {id}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_gone_is_an_error_and_one_that_comes_back_is_used_again() {
    let entry = LedgerKey::new("order", "7", "1");
    let first = Server::redis();
    let ledger = RedisLedger::open(&first.url, 100).unwrap();
    ledger.remember(vec![entry], FAR).await.unwrap();
    let port = first.url.rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap();
    drop(first);
    let StoreError::Unavailable(reason) = ledger.knows(entry, NOW).await.unwrap_err() else {
        panic!("it should say that nobody is there");
    };
    assert!(reason.contains("127.0.0.1"), "{reason}");
    let _second = Server::redis_on(port);
    let mut answer = ledger.knows(entry, NOW).await;
    for _ in 0..100 {
        if answer.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        answer = ledger.knows(entry, NOW).await;
    }
    assert_eq!(answer, Ok(false), "it is another server, which knows nothing");
}

#[tokio::test]
async fn a_connection_that_the_database_ends_is_made_again() {
    let server = Server::postgres();
    let ledger = PostgresLedger::open(&server.url, 100).unwrap();
    let entry = LedgerKey::new("order", "7", "1");
    ledger.remember(vec![entry], FAR).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&server.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let end =
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'doorward'";
    assert_eq!(client.query(end, &[]).await.unwrap().len(), 1);
    // The question that meets the end may fail; the next one is answered.
    let _ = ledger.knows(entry, NOW).await;
    assert_eq!(ledger.knows(entry, NOW).await, Ok(true));
}

#[test]
fn an_address_that_is_none_is_refused_without_its_password() {
    let redis = RedisLedger::open("redis:/:hunter2@", 1).unwrap_err();
    let postgres = PostgresLedger::open("postgres://u:hunter2@h:not-a-port/d", 1).unwrap_err();
    for error in [redis, postgres] {
        assert!(matches!(error, StoreError::Address(_)), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
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
    let reason = SqliteLedger::open(&file, 100).unwrap_err().to_string();
    assert!(reason.contains("not a database"), "{reason}");
}
