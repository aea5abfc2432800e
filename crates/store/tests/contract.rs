//! What every backend promises, run on all of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod records;
mod servers;
mod shared_counters;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use servers::Server;
use store::memory::{MemoryBoard, MemoryCounters, MemoryFlags, MemoryLedger};
use store::postgres::PostgresLedger;
use store::redis::{Clock, RedisBoard, RedisCounters, RedisLedger};
use store::sqlite::SqliteLedger;
use store::{
    Algorithm, Board, CounterKey, Counters, FlagKey, Flags, Ledger, LedgerKey, OnRefusal, Outcome, Post,
    Quota, StoreError, Take, Ticket,
};

/// Far from any real clock: entries expire by the caller's time, or by a server's own, whichever is later.
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

    fn ledgers(&self, max_ids: usize) -> [Arc<dyn Ledger>; 4] {
        [
            Arc::new(MemoryLedger::new(max_ids)),
            Arc::new(SqliteLedger::open(&self.directory.path().join("ledger"), max_ids).unwrap()),
            Arc::new(RedisLedger::open(&self.redis.url, max_ids).unwrap()),
            Arc::new(PostgresLedger::open(&self.postgres.url, max_ids).unwrap()),
        ]
    }
}

/// Every backend for counters, with nothing counted. Those on a server count by the caller's time here.
fn counters(redis: &Server) -> [Arc<dyn Counters>; 2] {
    static DATABASE: AtomicU32 = AtomicU32::new(0);
    // Each time in a database of its own.
    let database = DATABASE.fetch_add(1, Ordering::Relaxed);
    let url = redis.url.replace("/0", &format!("/{database}"));
    let patience = Duration::from_secs(5);
    [
        Arc::new(MemoryCounters::new(1000)),
        Arc::new(RedisCounters::open(&url, 1000, patience, Clock::Caller).unwrap()),
    ]
}

/// Every backend for flags, with none up.
fn flags() -> [Arc<dyn Flags>; 1] {
    [Arc::new(MemoryFlags::new(1000))]
}

/// Every backend for boards, with nothing on them.
fn boards(backends: &Backends, max: usize) -> [Arc<dyn Board>; 3] {
    static DATABASE: AtomicU32 = AtomicU32::new(8);
    let database = DATABASE.fetch_add(1, Ordering::Relaxed);
    let url = backends.redis.url.replace("/0", &format!("/{database}"));
    let file = backends.directory.path().join(format!("board{database}"));
    [
        Arc::new(MemoryBoard::new(max)),
        Arc::new(MemoryBoard::open(max, &file).unwrap()),
        Arc::new(RedisBoard::open(&url, max).unwrap()),
    ]
}

fn post(name: &str, value: &str, until: u64) -> Post {
    Post { name: name.into(), value: value.into(), until }
}

const ALGORITHMS: [Algorithm; 3] = [Algorithm::Gcra, Algorithm::SlidingWindow, Algorithm::FixedWindow];

fn take(key: u128, permits: u32, algorithm: Algorithm, on_refusal: OnRefusal) -> Take {
    let quota = Quota { permits, period: 60_000, burst: permits, algorithm };
    Take { key: CounterKey(key), quota, cost: 1, on_refusal }
}

fn tickets(outcomes: &[Outcome]) -> Vec<Ticket> {
    outcomes.iter().filter_map(|outcome| outcome.ticket).collect()
}

/// How many units are left under a key, by taking one until there are no more.
async fn left(counters: &dyn Counters, take: Take) -> usize {
    let mut left = 0;
    while counters.take_all(&[take], NOW).await.unwrap().iter().all(|outcome| outcome.ticket.is_some()) {
        left += 1;
    }
    left
}

#[tokio::test]
async fn all_limits_of_a_request_are_taken_in_order_until_one_refuses() {
    use OnRefusal::{Keep, Refund};
    // Permits of each limit, what each does on refusal; how many are answered, and what is left of each afterwards.
    let cases = [
        (&[(3, Refund), (2, Refund)][..], 2, &[2, 1][..]),
        (&[(3, Refund), (0, Refund), (2, Refund)], 2, &[3, 0, 2]),
        (&[(3, Keep), (0, Refund)], 2, &[2, 0]),
        (&[(3, Keep), (2, Refund), (0, Keep)], 3, &[2, 2, 0]),
        (&[(0, Refund), (2, Refund)], 1, &[0, 2]),
        (&[], 0, &[]),
    ];
    let redis = Server::redis_with(&["--databases", "100"]);
    for algorithm in ALGORITHMS {
        for (limits, answered, after) in cases {
            for counters in counters(&redis) {
                let takes: Vec<Take> = limits
                    .iter()
                    .zip(1..)
                    .map(|((permits, on_refusal), key)| take(key, *permits, algorithm, *on_refusal))
                    .collect();
                let outcomes = counters.take_all(&takes, NOW).await.unwrap();
                assert_eq!(outcomes.len(), answered, "{counters:?} {algorithm:?} {limits:?}");
                let granted = outcomes.iter().filter(|outcome| outcome.ticket.is_some()).count();
                let refused = limits.iter().any(|(permits, _)| *permits == 0);
                assert_eq!(
                    granted,
                    answered - usize::from(refused),
                    "only the last outcome can be a refusal"
                );
                for (take, expected) in takes.iter().zip(after) {
                    let left = left(counters.as_ref(), *take).await;
                    assert_eq!(left, *expected, "{counters:?} {algorithm:?} {limits:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn one_counter_named_twice_is_taken_from_twice() {
    let redis = Server::redis_with(&["--databases", "100"]);
    for counters in counters(&redis) {
        let twice = [take(1, 3, Algorithm::SlidingWindow, OnRefusal::Refund); 2];
        assert_eq!(counters.take_all(&twice, NOW).await.unwrap()[1].remaining, 1);
        let refused = counters.take_all(&twice, NOW).await.unwrap();
        assert!(refused[0].ticket.is_some() && refused[1].ticket.is_none());
        assert_eq!(
            left(counters.as_ref(), twice[0]).await,
            1,
            "{counters:?}: the first of the two is refunded"
        );
    }
}

#[tokio::test]
async fn refunded_tickets_can_be_taken_again() {
    for algorithm in ALGORITHMS {
        let redis = Server::redis_with(&["--databases", "100"]);
        for counters in counters(&redis) {
            let takes = [take(1, 2, algorithm, OnRefusal::Keep), take(2, 2, algorithm, OnRefusal::Keep)];
            let outcomes = counters.take_all(&takes, NOW).await.unwrap();
            counters.refund(&tickets(&outcomes), NOW + 10).await.unwrap();
            for take in takes {
                assert_eq!(left(counters.as_ref(), take).await, 2, "{counters:?} {algorithm:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_flag_is_up_until_it_expires() {
    for flags in flags() {
        let flag = |caller: &str| FlagKey::new("enumeration", caller, "");
        assert!(!flags.is_raised(flag("7"), NOW).await.unwrap(), "{flags:?}");
        flags.raise(flag("7"), NOW + 1000).await.unwrap();
        flags.raise(flag("7"), NOW + 10).await.unwrap();
        assert!(flags.is_raised(flag("7"), NOW + 999).await.unwrap(), "{flags:?}: the later expiry holds");
        assert!(!flags.is_raised(flag("7"), NOW + 1000).await.unwrap(), "{flags:?}");
        for other in [flag("8"), FlagKey::new("read", "7", ""), FlagKey::new("enumeration", "7", "/x")] {
            assert!(!flags.is_raised(other, NOW).await.unwrap(), "{flags:?}");
        }
    }
}

#[tokio::test]
async fn a_post_stands_until_it_ends_or_is_taken_down() {
    let backends = Backends::start();
    for board in boards(&backends, 100) {
        assert_eq!(board.news(NOW).await, Ok(Some(Vec::new())), "{board:?}");
        assert_eq!(board.news(NOW).await, Ok(None), "nothing is new: {board:?}");
        board.put(post("a", "1", NOW + 10), NOW).await.unwrap();
        board.put(post("b", "2", NOW + 20), NOW).await.unwrap();
        board.put(post("a", "3", NOW + 10), NOW).await.unwrap();
        let mut news = board.news(NOW).await.unwrap().unwrap();
        news.sort_by(|a, b| a.name.cmp(&b.name));
        assert_eq!(news, [post("a", "3", NOW + 10), post("b", "2", NOW + 20)], "{board:?}");
        assert_eq!(board.take_down("b".into()).await, Ok(true));
        assert_eq!(board.take_down("b".into()).await, Ok(false));
        assert_eq!(board.news(NOW + 9).await, Ok(Some(vec![post("a", "3", NOW + 10)])), "{board:?}");
        board.put(post("c", "4", NOW + 11), NOW).await.unwrap();
        assert_eq!(board.news(NOW + 10).await, Ok(Some(vec![post("c", "4", NOW + 11)])), "{board:?}");
    }
}

#[tokio::test]
async fn a_board_does_not_grow_without_bound() {
    let backends = Backends::start();
    for board in boards(&backends, 100) {
        for n in 0..250 {
            board.put(post(&n.to_string(), "", NOW + 1 + n), NOW).await.unwrap();
        }
        let news = board.news(NOW).await.unwrap().unwrap();
        assert!((80..=101).contains(&news.len()), "{}: {board:?}", news.len());
        assert!(news.iter().any(|post| post.name == "249") && news.iter().all(|post| post.name != "0"));
    }
}

#[tokio::test]
async fn a_board_in_a_file_outlives_a_restart_and_a_crash_in_a_line() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("bans");
    let board = MemoryBoard::open(100, &file).unwrap();
    for name in ["a", "b", "c\td"] {
        board.put(post(name, "x\ny", FAR), NOW).await.unwrap();
    }
    board.take_down("b".into()).await.unwrap();
    drop(board);
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str("40000000000");
    std::fs::write(&file, text).unwrap();
    let board = MemoryBoard::open(100, &file).unwrap();
    let mut news = board.news(NOW).await.unwrap().unwrap();
    news.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(news, [post("a", "x y", FAR), post("c d", "x y", FAR)]);
    std::fs::write(&file, "{}\n{}\n").unwrap();
    let error = MemoryBoard::open(100, &file).unwrap_err().to_string();
    assert!(error.contains("line 1 is no post"), "{error}");
}

#[tokio::test]
async fn an_entry_is_found_until_it_expires() {
    let backends = Backends::start();
    for ledger in backends.ledgers(1000) {
        let entry = |caller: &str, id: &str| LedgerKey::new("order", caller, id);
        ledger.insert(vec![entry("7", "1"), entry("7", "2")], NOW + 1000).await.unwrap();
        assert!(ledger.contains(entry("7", "1"), NOW).await.unwrap());
        assert!(ledger.contains(entry("7", "2"), NOW + 999).await.unwrap());
        assert!(!ledger.contains(entry("7", "2"), NOW + 1000).await.unwrap(), "{ledger:?}: it has expired");
        for other in [
            entry("8", "1"),
            entry("7", "3"),
            LedgerKey::new("user", "7", "1"),
            LedgerKey::new("order", "71", ""),
        ] {
            assert!(!ledger.contains(other, NOW).await.unwrap(), "{ledger:?}");
        }
        ledger.insert(vec![entry("7", "1")], NOW + 10).await.unwrap();
        assert!(ledger.contains(entry("7", "1"), NOW + 500).await.unwrap(), "the later expiry holds");
    }
}

#[tokio::test]
async fn a_ledger_does_not_grow_without_bound() {
    let backends = Backends::start();
    for ledger in backends.ledgers(1280) {
        let entry = |id: u64| LedgerKey::new("order", "7", &id.to_string());
        for start in (0..20_000).step_by(100) {
            ledger.insert((start..start + 100).map(entry).collect(), FAR + start).await.unwrap();
        }
        let mut known = 0;
        for id in 0..20_000 {
            known += usize::from(ledger.contains(entry(id), NOW).await.unwrap());
        }
        assert!((640..=1400).contains(&known), "{ledger:?} holds {known}");
    }
}

#[tokio::test]
async fn gateways_with_one_server_find_what_the_others_insert() {
    let backends = Backends::start();
    let ([.., redis, postgres], [.., other_redis, other_postgres]) =
        (backends.ledgers(1000), backends.ledgers(1000));
    for (mine, theirs) in [(redis, other_redis), (postgres, other_postgres)] {
        let entry = |id: u64| LedgerKey::new("order", "7", &id.to_string());
        // At once, and the same ones: neither may stand in the other's way.
        let (one, two) = tokio::join!(
            mine.insert((0..500).map(entry).collect(), FAR),
            theirs.insert((0..500).rev().map(entry).collect(), FAR + 1),
        );
        one.unwrap();
        two.unwrap();
        mine.insert(vec![entry(500)], FAR).await.unwrap();
        for id in 0..=500 {
            assert!(theirs.contains(entry(id), NOW).await.unwrap(), "{theirs:?} does not find {id}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_gone_is_an_error_and_one_that_comes_back_is_used_again() {
    let entry = LedgerKey::new("order", "7", "1");
    let first = Server::redis();
    let ledger = RedisLedger::open(&first.url, 100).unwrap();
    ledger.insert(vec![entry], FAR).await.unwrap();
    let port = first.url.rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap();
    drop(first);
    let StoreError::Unavailable(reason) = ledger.contains(entry, NOW).await.unwrap_err() else {
        panic!("the error should be that nobody is there");
    };
    assert!(reason.contains("127.0.0.1"), "{reason}");
    let _second = Server::redis_on(port);
    let mut answer = ledger.contains(entry, NOW).await;
    for _ in 0..100 {
        if answer.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        answer = ledger.contains(entry, NOW).await;
    }
    assert_eq!(answer, Ok(false), "it is another server, which holds nothing");
}

#[tokio::test]
async fn a_connection_that_the_database_ends_is_made_again() {
    let server = Server::postgres();
    let ledger = PostgresLedger::open(&server.url, 100).unwrap();
    let entry = LedgerKey::new("order", "7", "1");
    ledger.insert(vec![entry], FAR).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&server.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let end =
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'doorward'";
    assert_eq!(client.query(end, &[]).await.unwrap().len(), 1);
    // The query that meets the end may fail; the next one is answered.
    let _ = ledger.contains(entry, NOW).await;
    assert_eq!(ledger.contains(entry, NOW).await, Ok(true));
}

#[test]
fn an_invalid_address_is_refused_without_its_password() {
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
    first.insert(vec![entry], FAR).await.unwrap();
    assert!(second.contains(entry, NOW).await.unwrap());
    drop((first, second));
    assert!(open().contains(entry, NOW).await.unwrap());
}

#[test]
fn a_file_that_is_not_a_ledger_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ledger");
    std::fs::write(&file, "this is not a database, and long enough to be sure of that".repeat(20)).unwrap();
    let reason = SqliteLedger::open(&file, 100).unwrap_err().to_string();
    assert!(reason.contains("not a database"), "{reason}");
}

#[test]
fn a_ledger_that_others_may_read_is_narrowed_when_it_is_opened() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ledger");
    let beside = |suffix: &str| directory.path().join(format!("ledger{suffix}"));
    drop(SqliteLedger::open(&file, 100).unwrap());
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ledger = SqliteLedger::open(&file, 100).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let mode = std::fs::metadata(beside(suffix)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{suffix}");
    }
    drop(ledger);
}
