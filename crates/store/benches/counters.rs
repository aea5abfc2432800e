//! What the limits of a request cost: with a million live keys in memory, and on a Redis that the benchmark starts, beside plain
//! INCR and EXPIRE on the same one. `cargo bench -p store`.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use divan::Bencher;
use divan::counter::ItemsCount;
use store::memory::MemoryCounters;
use store::redis::{Clock, RedisCounters};
use store::{Algorithm, CounterKey, Counters, OnRefusal, Quota, Take};

/// What is allocated now.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

#[allow(unsafe_code, reason = "the only way to see what is allocated; it hands everything on")]
// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const KEYS: usize = 1_000_000;
const REQUESTS: usize = 10_000;
const NOW: u64 = 1_800_000_000_000;

fn main() {
    let before = ALLOCATED.load(Ordering::Relaxed);
    let counters = full();
    let bytes = ALLOCATED.load(Ordering::Relaxed) - before;
    println!("{} live keys in memory take {} bytes each", counters.len(), bytes / counters.len());
    drop(counters);
    on_redis();
    divan::main();
}

/// Keys are hashes; these are spread as evenly.
fn key(nth: usize) -> CounterKey {
    let mixed = (nth as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    CounterKey(mixed ^ mixed >> 67)
}

/// The limits of a request: of its address, of its route and of its user.
fn takes(nth: usize) -> [Take; 3] {
    [(Algorithm::SlidingWindow, 2000), (Algorithm::Gcra, 100_000), (Algorithm::FixedWindow, 5000)].map(
        |(algorithm, permits)| Take {
            key: key(nth * 7 % KEYS),
            quota: Quota { permits, period: 300_000, burst: permits, algorithm },
            cost: 1,
            on_refusal: OnRefusal::Refund,
        },
    )
}

fn full() -> MemoryCounters {
    let counters = MemoryCounters::new(KEYS * 2);
    for nth in 0..KEYS {
        let one = [Take { key: key(nth), ..*takes(nth).first().unwrap() }];
        now(counters.take_all(&one, NOW));
    }
    counters
}

/// An answer that does not have to be waited for.
fn now<T>(answer: store::Answer<'_, T>) -> T {
    match answer {
        store::Answer::Ready(ready) => ready.into_inner().unwrap(),
        store::Answer::Pending(_) => unreachable!("it is in memory"),
    }
}

#[divan::bench]
fn three_limits_in_memory(bencher: Bencher<'_, '_>) {
    let counters = full();
    let mut random = fastrand::Rng::with_seed(7);
    let requests: Vec<[Take; 3]> = (0..REQUESTS)
        .map(|_| {
            let [a, b, c] = takes(0);
            let any = |random: &mut fastrand::Rng| key(random.usize(..KEYS));
            [
                Take { key: any(&mut random), ..a },
                Take { key: any(&mut random), ..b },
                Take { key: any(&mut random), ..c },
            ]
        })
        .collect();
    bencher.counter(ItemsCount::new(REQUESTS)).bench(|| {
        for takes in &requests {
            black_box(now(counters.take_all(takes, NOW + 1)));
        }
    });
}

/// A Redis of its own, for as long as it is held.
struct Server(Child, String);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn server() -> Option<Server> {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"])
        .current_dir(std::env::temp_dir())
        .stdout(Stdio::null())
        .spawn()
        .ok()?;
    let server = Server(child, format!("redis://127.0.0.1:{port}/0"));
    let begun = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if begun.elapsed() > Duration::from_secs(10) {
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(server)
}

/// Decisions in a second, by 256 requests at once on one core of a gateway.
fn on_redis() {
    const AT_ONCE: usize = 256;
    const EACH: usize = 400;
    let Some(server) = server() else {
        println!("left out: redis-server is not installed");
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let shared: Arc<dyn Counters> =
            Arc::new(RedisCounters::open(&server.1, KEYS, Duration::from_secs(10), Clock::Server).unwrap());
        let client = redis::Client::open(server.1.as_str()).unwrap();
        let link = client.get_multiplexed_async_connection().await.unwrap();
        for round in 1..=3 {
            for limits in [1, 3] {
                let begun = Instant::now();
                let tasks: Vec<_> = (0..AT_ONCE)
                    .map(|task| {
                        let shared = Arc::clone(&shared);
                        tokio::spawn(async move {
                            for nth in 0..EACH {
                                let takes = takes(task * EACH + nth);
                                shared.take_all(takes.get(..limits).unwrap(), NOW).await.unwrap();
                            }
                        })
                    })
                    .collect();
                for task in tasks {
                    task.await.unwrap();
                }
                let rate = (AT_ONCE * EACH) as f64 / begun.elapsed().as_secs_f64();
                println!("redis, round {round}: {rate:.0} requests a second with {limits} limits each");
            }
            let begun = Instant::now();
            let tasks: Vec<_> = (0..AT_ONCE)
                .map(|task| {
                    let mut link = link.clone();
                    tokio::spawn(async move {
                        for nth in 0..EACH {
                            let name = format!("plain:{}", task * EACH + nth);
                            let mut both = redis::pipe();
                            both.incr(&name, 1).expire(&name, 300);
                            both.query_async::<(u64, u64)>(&mut link).await.unwrap();
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            let rate = (AT_ONCE * EACH) as f64 / begun.elapsed().as_secs_f64();
            println!("redis, round {round}: {rate:.0} requests a second with plain INCR and EXPIRE");
        }
        assert!(format!("{shared:?}").contains("shared by"), "it was counted on the server: {shared:?}");
    });
}
