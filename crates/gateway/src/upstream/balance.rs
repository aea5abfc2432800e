//! Which upstream a request goes to, and where it goes if that one cannot be reached.

use std::hash::Hasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::HeaderMap;
use http::header::COOKIE;
use parking_lot::Mutex;
use policy::{Balancing, Choice};
use siphasher::sip::SipHasher13;

use super::target::Target;

/// The choice of one worker.
pub(super) struct Balancer {
    balancing: Balancing,
    /// What each upstream has coming to it, round robin.
    due: Mutex<Vec<f64>>,
    /// Equal upstreams take turns.
    turn: AtomicUsize,
}

impl Balancer {
    pub(super) fn new(balancing: &Balancing, upstreams: usize) -> Self {
        let due = Mutex::new(vec![0.0; upstreams]);
        Balancer { balancing: balancing.clone(), due, turn: AtomicUsize::new(0) }
    }

    /// The places of the upstreams in the order in which to try them, each once. Those that are not up are last.
    pub(super) fn order(&self, targets: &[Arc<Target>], headers: &HeaderMap) -> Vec<usize> {
        if targets.len() < 2 {
            return (0..targets.len()).collect();
        }
        let ranks = match (&self.balancing.choice, key(&self.balancing.choice, headers)) {
            (_, Some(key)) => targets.iter().map(|target| distance(target, key)).collect(),
            (Choice::LeastRequests, None) => targets.iter().map(|target| self.load(target)).collect(),
            (_, None) => self.round_robin(targets),
        };
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % targets.len();
        let mut order: Vec<(bool, f64, usize)> = ranks
            .into_iter()
            .zip(targets)
            .enumerate()
            .map(|(at, (rank, target))| (!target.health.is_up(), rank, at))
            .collect();
        order.rotate_left(turn);
        order.sort_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)));
        order.into_iter().map(|(_, _, at)| at).collect()
    }

    /// The weight that counts now.
    fn weight(&self, target: &Target) -> f64 {
        let share = self.balancing.slow_start.map_or(1.0, |slow_start| target.health.share(slow_start));
        f64::from(target.upstream.weight) * share
    }

    /// The requests that an upstream would have, for its weight. Below 2^52 of them, the number is exact.
    fn load(&self, target: &Target) -> f64 {
        let requests = u32::try_from(target.requests.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        (f64::from(requests) + 1.0) / self.weight(target)
    }

    /// Smooth and weighted: each gets what its weight is worth, and the one that has most coming to it pays for the turn.
    fn round_robin(&self, targets: &[Arc<Target>]) -> Vec<f64> {
        let mut due = self.due.lock();
        let (mut total, mut most): (f64, Option<(usize, f64)>) = (0.0, None);
        for (at, (due, target)) in due.iter_mut().zip(targets).enumerate() {
            if !target.health.is_up() {
                *due = 0.0;
                continue;
            }
            let weight = self.weight(target);
            *due += weight;
            total += weight;
            if most.is_none_or(|(_, most)| *due > most) {
                most = Some((at, *due));
            }
        }
        let mut ranks: Vec<f64> = due.iter().map(|due| -due).collect();
        if let Some((at, _)) = most
            && let (Some(due), Some(rank)) = (due.get_mut(at), ranks.get_mut(at))
        {
            *due -= total;
            // Ahead of those that have just as much coming to them.
            *rank = f64::NEG_INFINITY;
        }
        ranks
    }
}

/// What is hashed of a request.
fn key<'h>(choice: &Choice, headers: &'h HeaderMap) -> Option<&'h [u8]> {
    match choice {
        Choice::RoundRobin | Choice::LeastRequests => None,
        Choice::Header(name) => headers.get(name).map(|value| value.as_bytes()),
        Choice::Cookie(name) => {
            let pairs =
                headers.get_all(COOKIE).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
            pairs
                .map(<[u8]>::trim_ascii)
                .find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
        }
    }
}

/// How far an upstream is from a key: weighted rendezvous hashing. When one goes, only its own keys move.
fn distance(target: &Target, key: &[u8]) -> f64 {
    // The same in every gateway.
    let mut hasher = SipHasher13::new();
    hasher.write(target.id.as_bytes());
    hasher.write_u8(0xff);
    hasher.write(key);
    // Within (0, 1).
    let hash = u32::try_from(hasher.finish() >> 32).unwrap_or(u32::MAX);
    let even = (f64::from(hash) + 0.5) / (f64::from(u32::MAX) + 1.0);
    -even.ln() / f64::from(target.upstream.weight)
}

#[cfg(test)]
mod tests {
    use policy::{HealthConfig, Upstream};

    use super::*;

    fn targets(weights: &[u32]) -> Vec<Arc<Target>> {
        let target = |(at, weight): (usize, &u32)| {
            let upstream: Upstream = format!("http://10.0.0.{at}:80").parse().unwrap();
            Arc::new(Target::new(Upstream { weight: *weight, ..upstream }, &HealthConfig::default()))
        };
        weights.iter().enumerate().map(target).collect()
    }

    fn balancer(choice: Choice, upstreams: usize) -> Balancer {
        Balancer::new(&Balancing { choice, slow_start: None }, upstreams)
    }

    fn first(balancer: &Balancer, targets: &[Arc<Target>], user: &str) -> usize {
        let headers =
            HeaderMap::from_iter([(http::HeaderName::from_static("x-user"), user.parse().unwrap())]);
        balancer.order(targets, &headers)[0]
    }

    #[test]
    fn weights_are_kept_to_and_turns_are_spread() {
        for (weights, expected) in [([3, 1, 2], [6, 2, 4]), ([10, 1, 1], [10, 1, 1]), ([1, 1, 1], [4, 4, 4])]
        {
            let (targets, balancer) = (targets(&weights), balancer(Choice::RoundRobin, 3));
            let turns: Vec<usize> = (0..12).map(|_| first(&balancer, &targets, "")).collect();
            let of = |at| turns.iter().filter(|turn| **turn == at).count();
            assert_eq!([of(0), of(1), of(2)], expected, "{turns:?}");
            assert!(expected[0] > 6 || turns.windows(3).all(|three| three != [0, 0, 0]), "{turns:?}");
        }
    }

    #[test]
    fn each_is_tried_once_and_those_that_are_not_up_are_last() {
        let targets = targets(&[1, 1, 1]);
        (0..3).for_each(|_| targets[1].health.failed());
        for choice in [Choice::RoundRobin, Choice::LeastRequests, Choice::Header("x-user".parse().unwrap())] {
            let balancer = balancer(choice, 3);
            for user in ["a", "b", "c", "d"] {
                let headers =
                    HeaderMap::from_iter([(http::HeaderName::from_static("x-user"), user.parse().unwrap())]);
                let mut order = balancer.order(&targets, &headers);
                assert_eq!(order[2], 1);
                order.sort_unstable();
                assert_eq!(order, [0, 1, 2]);
            }
        }
    }

    #[test]
    fn when_an_upstream_goes_only_its_own_keys_move() {
        let (four, balancer) =
            (targets(&[1, 1, 2, 1]), balancer(Choice::Header("x-user".parse().unwrap()), 4));
        let users: Vec<String> = (0..1000).map(|user| format!("user {user}")).collect();
        let before: Vec<usize> = users.iter().map(|user| first(&balancer, &four, user)).collect();
        let of = |at| before.iter().filter(|place| **place == at).count();
        assert!((150..250).contains(&of(0)) && (350..450).contains(&of(2)), "{} {}", of(0), of(2));
        (0..3).for_each(|_| four[0].health.failed());
        for (user, before) in users.iter().zip(before) {
            let now = first(&balancer, &four, user);
            assert!(now == before || (before == 0 && now != 0), "{user}: {before} {now}");
        }
    }
}
