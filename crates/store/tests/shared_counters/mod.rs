//! Counters that several gateways share: exact together, within a bound when the server is killed, paused or wrong, and never
//! a reason for which a request fails or waits.

mod partition;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use proptest::prelude::*;
use store::memory::MemoryCounters;
use store::redis::{Clock, RedisCounters};
use store::{Algorithm, CounterKey, Counters, OnRefusal, Quota, Take};

use crate::servers::Server;
use crate::{ALGORITHMS, NOW};

const HOUR: u64 = 3_600_000;

fn gateway(url: &str, budget: Duration) -> Arc<RedisCounters> {
    Arc::new(RedisCounters::open(url, 10_000, budget, Clock::Server).unwrap())
}

fn take(key: u128, permits: u32, algorithm: Algorithm) -> Take {
    let quota = Quota { permits, period: HOUR, burst: permits, algorithm };
    Take { key: CounterKey(key), quota, cost: 1, on_refusal: OnRefusal::Refund }
}

async fn granted(counters: &dyn Counters, takes: &[Take]) -> bool {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let outcomes = counters.take_all(takes, store::millis(since)).await.unwrap();
    outcomes.iter().all(|outcome| outcome.ticket.is_some())
}

/// Waits for something.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Asks `tries` times at each gateway, 64 at once in all. How many were granted.
async fn race(gateways: &[Arc<RedisCounters>], takes: Vec<Take>, tries: u32) -> u32 {
    let granted_in_all = Arc::new(AtomicU32::new(0));
    let mut tasks = Vec::new();
    let each = 64 / u32::try_from(gateways.len()).unwrap();
    for gateway in gateways {
        for _ in 0..each {
            let (gateway, takes, count) = (Arc::clone(gateway), takes.clone(), Arc::clone(&granted_in_all));
            tasks.push(tokio::spawn(async move {
                for _ in 0..tries.div_ceil(each) {
                    if granted(gateway.as_ref(), &takes).await {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    granted_in_all.load(Ordering::Relaxed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_gateways_count_as_one_on_a_server_and_on_a_cluster() {
    let (server, nodes) = (Server::redis(), Server::redis_cluster());
    let hosts: Vec<String> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
    let cluster = format!("redis-cluster://{}", hosts.join(","));
    for (url, place) in [(server.url.as_str(), "server"), (cluster.as_str(), "cluster")] {
        let gateways: Vec<_> = (0..3).map(|_| gateway(url, Duration::from_secs(10))).collect();
        for (nth, algorithm) in (1..).zip(ALGORITHMS) {
            let key = nth * 100;
            let takes = vec![take(key, 100, algorithm), take(key + 1, 150, algorithm)];
            let passed = race(&gateways, takes.clone(), 150).await;
            assert_eq!(passed, 100, "{place} {algorithm:?}");
            // What the first limit refused has not been taken from the second.
            let left = race(&gateways, vec![takes[1]], 150).await;
            assert_eq!(left, 50, "{place} {algorithm:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_is_missed_by_nobody() {
    let first = Server::redis();
    let (url, port) = (first.url.clone(), first.port());
    let gateways: Vec<_> = (0..3).map(|_| gateway(&url, Duration::from_secs(1))).collect();
    let told = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&told);
    gateways[0].tells(Arc::new(move |message, is_shared| kept.lock().push((message.to_owned(), is_shared))));
    let takes = vec![take(7, 60, Algorithm::SlidingWindow)];
    let before = race(&gateways, takes.clone(), 10).await;
    assert!(before <= 60 && before > 0);
    let all_three = || gateways.iter().all(|gateway| format!("{gateway:?}").contains(", shared by 3"));
    until("all know of all", all_three).await;
    drop(first);
    let begun = Instant::now();
    let during = race(&gateways, takes.clone(), 500).await;
    // Each allows its share of 20, of which it has counted its own of before.
    assert!(before + during <= 60 + 2 * 20, "{before} and {during}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(race(&gateways, takes.clone(), 100).await, 0, "nobody begins at zero again");
    let _second = Server::redis_on(port);
    until("all are back", all_three).await;
    let told = told.lock().clone();
    let [(gone, false), (back, true)] = &told[..] else { panic!("{told:?}") };
    assert!(
        gone.contains("not there") && gone.contains("127.0.0.1") && back.contains("answers again"),
        "{told:?}"
    );
    // The new server has nothing, and they count as one again.
    assert_eq!(race(&gateways, vec![take(8, 30, Algorithm::Gcra)], 100).await, 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_server_that_hangs() {
    let server = Server::redis();
    let budget = Duration::from_millis(200);
    let gateway = gateway(&server.url, budget);
    let takes = [take(1, 1000, Algorithm::FixedWindow)];
    assert!(granted(gateway.as_ref(), &takes).await);
    server.pause(true);
    let mut waits = Vec::new();
    for _ in 0..20 {
        let begun = Instant::now();
        assert!(granted(gateway.as_ref(), &takes).await);
        waits.push(begun.elapsed());
    }
    let waited = waits.iter().filter(|wait| **wait >= budget).count();
    assert!(waited <= 3, "{waits:?}");
    server.pause(false);
    until("it is back", || format!("{gateway:?}").contains(", shared by")).await;
    let other = self::gateway(&server.url, Duration::from_secs(1));
    let key = [take(2, 5, Algorithm::Gcra)];
    let mut passed = 0;
    for _ in 0..5 {
        passed += u32::from(granted(gateway.as_ref(), &key).await);
        passed += u32::from(granted(other.as_ref(), &key).await);
    }
    assert_eq!(passed, 5, "it counts on the server again");
}

#[tokio::test]
async fn a_server_that_is_away_at_the_start_is_no_error_and_one_that_refuses_is() {
    let port = crate::servers::ports::free_port();
    let away = gateway(&format!("redis://127.0.0.1:{port}"), Duration::from_millis(50));
    assert!(away.check().is_ok());
    assert!(granted(away.as_ref(), &[take(1, 1, Algorithm::Gcra)]).await);
    assert!(!granted(away.as_ref(), &[take(1, 1, Algorithm::Gcra)]).await, "it counts here");
    let locked = Server::redis_with(&["--requirepass", "hunter2"]);
    let port = locked.port();
    for url in [format!("redis://127.0.0.1:{port}"), format!("redis://:wrong@127.0.0.1:{port}")] {
        let error = gateway(&url, Duration::from_secs(1)).check().unwrap_err().to_string();
        assert!(!error.contains("wrong@"), "{error}");
    }
    assert!(gateway(&format!("redis://:hunter2@127.0.0.1:{port}"), Duration::from_secs(1)).check().is_ok());
    assert!(gateway("redis://nobody.invalid:6379", Duration::from_secs(1)).check().is_err());
    for url in [
        "redis-cluster://",
        "redis-sentinel://127.0.0.1:1",
        "http://127.0.0.1",
        "redis",
        "redis-cluster://a:b:c",
    ] {
        let opened = RedisCounters::open(url, 1, Duration::from_secs(1), Clock::Server);
        assert!(opened.is_err(), "{url}");
    }
}

#[tokio::test]
async fn sentinels_name_the_server() {
    let master = Server::redis();
    let port = crate::servers::ports::free_port();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sentinel.conf");
    let text = format!(
        "bind 127.0.0.1\nport {port}\nsentinel monitor limits 127.0.0.1 {} 1\nsentinel down-after-milliseconds limits 1000\n",
        master.port()
    );
    std::fs::write(&file, text).unwrap();
    let _sentinel = Server::sentinel(&file, port);
    let url = format!("redis-sentinel://127.0.0.1:{port}/limits");
    let gateways = [gateway(&url, Duration::from_secs(5)), gateway(&url, Duration::from_secs(5))];
    assert_eq!(race(&gateways, vec![take(1, 20, Algorithm::Gcra)], 40).await, 20);
}

/// A step of a day: how much later, which counter, how much, and whether it is refunded.
type Day = Vec<(u64, u8, u32, bool)>;

fn day() -> impl Strategy<Value = Day> {
    prop::collection::vec((0..4000_u64, 0..4_u8, 0..4_u32, any::<bool>()), 1..60)
}

#[test]
fn the_script_and_the_cell_agree() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = Server::redis();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(60));
    let key = AtomicU32::new(0);
    let there = runtime.block_on(async {
        RedisCounters::open(&server.url, 1000, Duration::from_secs(10), Clock::Caller).unwrap()
    });
    let outcome = runner.run(&(day(), 1..9_u32, 1..9_u32), |(day, permits, burst)| {
        runtime.block_on(async {
            let here = MemoryCounters::new(1000);
            let base = u128::from(key.fetch_add(1, Ordering::Relaxed)) * 10;
            let mut now = NOW;
            for (later, which, cost, is_refunded) in day {
                now += later;
                let algorithm = ALGORITHMS.get(usize::from(which)).copied().unwrap_or(Algorithm::Penalty);
                let quota = Quota { permits, period: 5000, burst, algorithm };
                let first = Take {
                    key: CounterKey(base + u128::from(which)),
                    quota,
                    cost,
                    on_refusal: OnRefusal::Refund,
                };
                let second = Take {
                    key: CounterKey(base + 5),
                    quota: Quota { permits: 3, algorithm: Algorithm::SlidingWindow, ..quota },
                    ..first
                };
                let takes = [first, second];
                let (one, two) =
                    (here.take_all(&takes, now).await.unwrap(), there.take_all(&takes, now).await.unwrap());
                prop_assert_eq!(&one, &two);
                let tickets: Vec<_> = one.iter().filter_map(|outcome| outcome.ticket).collect();
                if is_refunded && tickets.len() == takes.len() {
                    here.refund(&tickets, now + 1).await.unwrap();
                    there.refund(&tickets, now + 1).await.unwrap();
                }
            }
            Ok(())
        })
    });
    outcome.unwrap();
}
