//! Whether an attack lasts: because an operator says so, or because requests are refused, fail or take long.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::StatusCode;
use parking_lot::Mutex;
use policy::{UnderAttackConfig, UnderAttackMode};

/// What an operator says of an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Nothing: the policy decides.
    #[default]
    ByPolicy,
    /// There is one.
    On,
    /// There is none, whatever it looks like.
    Off,
}

impl Order {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Order::ByPolicy => "auto",
            Order::On => "on",
            Order::Off => "off",
        }
    }

    /// The order of a name.
    pub fn named(name: &str) -> Option<Order> {
        [Order::ByPolicy, Order::On, Order::Off].into_iter().find(|order| order.name() == name)
    }
}

/// The name of the order on the board.
pub(crate) const POST: &str = "under-attack";

/// Clients that have to be refused for a flood: one alone is the business of limits and bans.
const CLIENTS: usize = 10;

/// Seconds that are looked at together.
const SECONDS: usize = 10;

/// The state of the under-attack mode, and what it is judged by.
#[derive(Default)]
pub(crate) struct AttackMode {
    order: AtomicU8,
    by_itself: AtomicBool,
    now: Second,
    /// Some of those who were refused since the second began.
    refused: Mutex<HashSet<u128>>,
    past: Mutex<Past>,
}

/// What happened within a second.
#[derive(Default)]
struct Second {
    requests: AtomicU64,
    refused: AtomicU64,
    errors: AtomicU64,
    micros: AtomicU64,
}

#[derive(Default)]
struct Past {
    seconds: [Sums; SECONDS],
    refused: [HashSet<u128>; SECONDS],
    next: usize,
    calm_since: Option<Instant>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Sums {
    requests: u64,
    refused: u64,
    errors: u64,
    micros: u64,
}

impl Sums {
    fn percent(self, of: u64) -> u64 {
        of * 100 / self.requests.max(1)
    }

    fn latency(self) -> Duration {
        Duration::from_micros(self.micros / self.requests.max(1))
    }
}

impl AttackMode {
    pub(crate) fn is_on(&self) -> bool {
        match self.order() {
            Order::On => true,
            Order::Off => false,
            Order::ByPolicy => self.by_itself.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn order(&self) -> Order {
        match self.order.load(Ordering::Relaxed) {
            1 => Order::On,
            2 => Order::Off,
            _ => Order::ByPolicy,
        }
    }

    /// Takes an order; says whether it is a new one.
    pub(crate) fn take(&self, order: Order) -> bool {
        let number = match order {
            Order::ByPolicy => 0,
            Order::On => 1,
            Order::Off => 2,
        };
        self.order.swap(number, Ordering::Relaxed) != number
    }

    /// Counts an exchange of a client that is over.
    pub(crate) fn count(&self, client: u128, status: StatusCode, is_refused: bool, took: Duration) {
        self.now.requests.fetch_add(1, Ordering::Relaxed);
        if is_refused {
            self.now.refused.fetch_add(1, Ordering::Relaxed);
            let mut clients = self.refused.lock();
            if clients.len() < CLIENTS {
                clients.insert(client);
            }
        } else if status.is_server_error() {
            self.now.errors.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).min(60_000_000);
        self.now.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// A second is over. Says what is to be told: that an attack began by itself and why, or that it ended.
    pub(crate) fn tick(&self, config: &UnderAttackConfig, at: Instant) -> Option<String> {
        let take = |counter: &AtomicU64| counter.swap(0, Ordering::Relaxed);
        let second = Sums {
            requests: take(&self.now.requests),
            refused: take(&self.now.refused),
            errors: take(&self.now.errors),
            micros: take(&self.now.micros),
        };
        let mut past = self.past.lock();
        let next = past.next;
        if let Some(oldest) = past.seconds.get_mut(next) {
            *oldest = second;
        }
        if let Some(oldest) = past.refused.get_mut(next) {
            *oldest = std::mem::take(&mut *self.refused.lock());
        }
        past.next = (next + 1) % SECONDS;
        let clients: HashSet<u128> = past.refused.iter().flatten().copied().collect();
        let is_of_many = clients.len() >= CLIENTS;
        let sums = past.seconds.iter().fold(Sums::default(), |sums, one| Sums {
            requests: sums.requests + one.requests,
            refused: sums.refused + one.refused,
            errors: sums.errors + one.errors,
            micros: sums.micros + one.micros,
        });
        if config.mode == UnderAttackMode::Manual {
            self.by_itself.store(false, Ordering::Relaxed);
            return None;
        }
        if !self.by_itself.load(Ordering::Relaxed) {
            let why = crossed(config, sums, is_of_many, 1)?;
            self.by_itself.store(true, Ordering::Relaxed);
            past.calm_since = None;
            return Some(format!("under attack: {why}; whoever has no credential has to solve a challenge"));
        }
        if crossed(config, sums, is_of_many, 2).is_some() {
            past.calm_since = None;
            return None;
        }
        let since = *past.calm_since.get_or_insert(at);
        if at.duration_since(since) < config.calm.0 {
            return None;
        }
        self.by_itself.store(false, Ordering::Relaxed);
        Some(format!("the attack is over: all was calm for {}", config.calm))
    }
}

/// The line that is crossed, or a part of it.
fn crossed(config: &UnderAttackConfig, sums: Sums, is_of_many: bool, part: u32) -> Option<String> {
    if sums.requests < u64::from(config.min_requests) {
        return None;
    }
    let of = |percent: u32| u64::from(percent.div_ceil(part));
    let (refused, errors) = (sums.percent(sums.refused), sums.percent(sums.errors));
    if is_of_many && refused >= of(config.refused_percent) {
        return Some(format!("{refused} of 100 requests were refused in {SECONDS} seconds"));
    }
    if errors >= of(config.error_percent) {
        return Some(format!("{errors} of 100 requests failed in {SECONDS} seconds"));
    }
    let latency = sums.latency();
    (latency >= config.latency.0 / part)
        .then(|| format!("answers took {} ms on average in {SECONDS} seconds", latency.as_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto() -> UnderAttackConfig {
        UnderAttackConfig { mode: UnderAttackMode::Auto, min_requests: 100, ..UnderAttackConfig::default() }
    }

    fn second(mode: &AttackMode, requests: u32, refused: u32) {
        for n in 0..requests {
            mode.count(u128::from(n % 50), StatusCode::OK, n < refused, Duration::from_millis(2));
        }
    }

    #[test]
    fn it_begins_at_a_line_and_ends_after_calm_below_half_of_it() {
        let (mode, config) = (AttackMode::default(), auto());
        let begin = Instant::now();
        let at = |second: u64| begin + Duration::from_secs(second);
        second(&mode, 200, 90);
        assert_eq!(mode.tick(&config, at(0)), None, "45 of 100");
        second(&mode, 200, 160);
        let told = mode.tick(&config, at(1)).unwrap();
        assert!(told.starts_with("under attack: 62 of 100 requests were refused"), "{told}");
        assert!(mode.is_on());
        // Below the line, and above its half.
        for n in 2..400 {
            second(&mode, 100, 30);
            assert_eq!(mode.tick(&config, at(n)), None);
        }
        assert!(mode.is_on());
        let mut ended = None;
        for n in 400..800 {
            second(&mode, 100, 1);
            if mode.tick(&config, at(n)).is_some() {
                ended = Some(n);
                break;
            }
        }
        // Ten seconds until the average is below, and five minutes.
        assert!((700..=712).contains(&ended.unwrap()), "{ended:?}");
        assert!(!mode.is_on());
    }

    #[test]
    fn an_operator_has_the_last_word() {
        let (mode, config) = (AttackMode::default(), auto());
        second(&mode, 1000, 1000);
        assert!(mode.tick(&config, Instant::now()).is_some() && mode.is_on());
        assert!(mode.take(Order::Off) && !mode.is_on());
        assert!(mode.take(Order::On) && mode.is_on() && !mode.take(Order::On));
        assert!(mode.take(Order::ByPolicy) && mode.is_on(), "as it was by itself");
    }

    #[test]
    fn one_client_is_no_attack_whatever_is_refused_of_it() {
        let mode = AttackMode::default();
        (0..1000).for_each(|_| mode.count(7, StatusCode::FORBIDDEN, true, Duration::ZERO));
        assert_eq!(mode.tick(&auto(), Instant::now()), None);
    }

    #[test]
    fn a_few_requests_are_no_attack() {
        let mode = AttackMode::default();
        second(&mode, 99, 99);
        assert_eq!(mode.tick(&auto(), Instant::now()), None);
    }
}
