//! Which upstream a request goes to: in turn, by load, by a header or cookie, by weight, by health.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::servers::ports::free_port;
use crate::support::{Recorder, Running, raw, status, until};

/// Upstreams that answer with their place in the list. `/slow` is answered when the upstream may; `/health` with a status.
struct Apis {
    recorders: Vec<Recorder>,
    release: Arc<AtomicBool>,
    health: Vec<Arc<AtomicUsize>>,
}

impl Apis {
    fn start(count: usize) -> Apis {
        let release = Arc::new(AtomicBool::new(false));
        let (mut recorders, mut health) = (Vec::new(), Vec::new());
        for place in 0..count {
            let (release, state) = (Arc::clone(&release), Arc::new(AtomicUsize::new(200)));
            health.push(Arc::clone(&state));
            recorders.push(Recorder::answering(move |head| {
                let status =
                    if head.starts_with("GET /health") { state.load(Ordering::Relaxed) } else { 200 };
                while head.starts_with("GET /slow") && !release.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(5));
                }
                format!("HTTP/1.1 {status} X\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\n{place}")
                    .into_bytes()
            }));
        }
        Apis { recorders, release, health }
    }

    fn gate(&self, policy: &str, weights: &[usize]) -> Running {
        let entry = |(recorder, weight): (&Recorder, &usize)| {
            format!("{{ url = '{}', weight = {weight} }}", recorder.url())
        };
        let entries: Vec<String> = self.recorders.iter().zip(weights).map(entry).collect();
        let gateway = format!("[gateway]\nworkers = 1\nupstream = [{}]\n", entries.join(", "));
        Running::start(&format!("{gateway}[rate]\nlimits = []\n{policy}"), &[])
    }
}

impl Drop for Apis {
    fn drop(&mut self) {
        self.release.store(true, Ordering::Relaxed);
    }
}

/// The place of the upstream that answered.
fn place(answer: &str) -> usize {
    assert_eq!(status(answer), 200, "{answer}");
    answer.rsplit("\r\n").next().unwrap().parse().unwrap()
}

fn counted(places: impl Iterator<Item = usize>, count: usize) -> Vec<usize> {
    let mut counts = vec![0; count];
    places.for_each(|place| counts[place] += 1);
    counts
}

#[test]
fn each_gets_what_its_weight_is_worth() {
    let apis = Apis::start(3);
    for (weights, expected) in [([1, 1, 1], [4, 4, 4]), ([3, 1, 2], [6, 2, 4]), ([10, 1, 1], [10, 1, 1])] {
        let gate = apis.gate("", &weights);
        assert_eq!(counted((0..12).map(|_| place(&gate.get("/"))), 3), expected, "{weights:?}");
    }
}

#[test]
fn the_upstream_with_the_fewest_requests_under_way_is_asked() {
    let apis = Apis::start(2);
    let gate = apis.gate("[gateway.load_balancing]\nmethod = 'least-requests'", &[1, 1]);
    std::thread::scope(|scope| {
        scope.spawn(|| gate.get("/slow"));
        let seen = |at: usize| apis.recorders[at].take().contains("/slow");
        let busy = std::cell::Cell::new(None);
        until("one is busy", || {
            busy.set((0..2).find(|at| seen(*at)));
            busy.get().is_some()
        });
        let other = 1 - busy.get().unwrap();
        for _ in 0..6 {
            assert_eq!(place(&gate.get("/")), other);
        }
        apis.release.store(true, Ordering::Relaxed);
    });
    // Nothing is under way: they take turns.
    assert!(counted((0..6).map(|_| place(&gate.get("/"))), 2).iter().all(|count| *count >= 2));
}

#[test]
fn a_header_or_a_cookie_leads_to_the_same_upstream() {
    let mut apis = Apis::start(3);
    let by_header = "method = 'hash'\nheader = 'x-tenant'";
    let by_cookie = "method = 'hash'\ncookie = 'tenant'";
    let health =
        "[gateway.health]\nconsecutive_failures = 1\nejection_time = '1h'\n[gateway.load_balancing]\n";
    let gates = [by_header, by_cookie].map(|by| apis.gate(&format!("{health}{by}"), &[1, 1, 1]));
    let ask = |by: usize, tenant: usize| {
        let (name, value) = match by {
            0 => ("X-Tenant", format!("tenant-{tenant}")),
            _ => ("Cookie", format!("a=b; tenant=tenant-{tenant}; other=7")),
        };
        place(&gates[by].ask("GET", "/", &[(name, &value)], b""))
    };
    let mut places = BTreeMap::new();
    for tenant in (0..30).cycle().take(90) {
        for by in [0, 1] {
            let place = ask(by, tenant);
            assert_eq!(*places.entry((by, tenant)).or_insert(place), place, "{by} {tenant}");
        }
    }
    assert!(counted(places.values().copied(), 3).iter().all(|count| *count > 5), "{places:?}");
    // Without it they take turns.
    assert_eq!(counted((0..6).map(|_| place(&gates[0].get("/"))), 3), [2, 2, 2]);
    // One goes: only its tenants move.
    let gone = apis.recorders.remove(0);
    drop(gone);
    for (&(by, tenant), &before) in &places {
        let now = ask(by, tenant);
        assert!(now == before || (before == 0 && now != 0), "{by} {tenant}: {before}, {now}");
    }
}

#[test]
fn an_upstream_that_is_up_again_begins_with_little() {
    let apis = Apis::start(1);
    let port = free_port();
    let policy = format!(
        "[gateway]\nworkers = 1\nupstream = ['{}', 'http://127.0.0.1:{port}']\n[rate]\nlimits = []\n\
         [gateway.health]\nconsecutive_failures = 1\nejection_time = '100ms'\n[gateway.load_balancing]\nslow_start = '1h'",
        apis.recorders[0].url()
    );
    let gate = Running::start(&policy, &[]);
    for _ in 0..4 {
        assert_eq!(place(&gate.get("/")), 0);
    }
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let late = Recorder::listening(listener, |_| b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1".to_vec());
    until("it is asked again", || place(&gate.get("/")) == 1);
    let counts = counted((0..44).map(|_| place(&gate.get("/"))), 2);
    assert!((3..=5).contains(&counts[1]), "a tenth, not a half: {counts:?}");
    drop(late);
}

fn ready(gate: &Running) -> (u16, String) {
    let answer = raw(gate.admin, b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    (status(&answer), answer.rsplit("\r\n").next().unwrap().trim().to_owned())
}

#[test]
fn clients_cannot_make_the_gate_unready() {
    let broken = Recorder::start("no HTTP at all\r\n\r\n");
    let gate = Running::start("[gateway.health]\nconsecutive_failures = 1", &[broken.url()]);
    for _ in 0..3 {
        assert_eq!(status(&gate.get("/")), 502);
    }
    assert_eq!(ready(&gate).0, 200, "it is there");
    let gate = Running::start(
        "[gateway.health]\nconsecutive_failures = 1",
        &[format!("http://127.0.0.1:{}", free_port())],
    );
    assert_eq!(status(&gate.get("/")), 502);
    assert_eq!(ready(&gate).0, 503);
}

#[test]
fn an_upstream_that_fails_its_checks_gets_nothing_until_it_passes_them() {
    let apis = Apis::start(2);
    let policy = "[gateway.health]\npath = '/health'\ninterval = '20ms'\nexpected_status = ['200-299', '304']\n\
        unhealthy_after = 2\nhealthy_after = 2\n";
    let gate = apis.gate(policy, &[1, 1]);
    let all = || counted((0..6).map(|_| place(&gate.get("/"))), 2);
    assert_eq!(all(), [3, 3]);
    for broken in [404, 503, 302] {
        apis.health[0].store(broken, Ordering::Relaxed);
        until("it is down", || all() == [0, 6]);
        assert!(gate.events.has(&["is down: GET /health", &broken.to_string()]), "{:?}", gate.events.all());
        assert_eq!(ready(&gate).0, 200);
        apis.health[0].store(304, Ordering::Relaxed);
        until("it is up", || all() == [3, 3]);
        assert!(gate.events.has(&["is up again"]));
    }
    apis.health.iter().for_each(|health| health.store(500, Ordering::Relaxed));
    until("the gate is not ready", || ready(&gate) == (503, "no upstream is up".into()));
    // Better than nothing.
    assert_eq!(status(&gate.get("/")), 200);
}

#[test]
fn the_gate_is_not_ready_while_it_drains() {
    let apis = Apis::start(1);
    let mut gate = apis.gate("", &[1]);
    assert_eq!(ready(&gate), (200, "ready".into()));
    let address = gate.address;
    let slow = std::thread::spawn(move || {
        raw(address, b"GET /slow HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nConnection: close\r\n\r\n")
    });
    until("a request is under way", || apis.recorders[0].take().contains("/slow"));
    gate.drain();
    until("the gate is not ready", || ready(&gate) == (503, "draining".into()));
    apis.release.store(true, Ordering::Relaxed);
    assert_eq!(status(&slow.join().unwrap()), 200);
}
