//! Counters that gateways share.
//!
//! All limits of a request are one script on the server, by the server's clock, so that a request costs one round trip and
//! many gateways count as one. Requests that come at once share a call of it ([`Takes`]). In a cluster each counter is a script
//! of its own, all sent at once.
//!
//! No request waits for a server that is not well: it waits for an answer as long as the budget allows, and after a few
//! answers that did not come, or a connection that broke, nobody waits at all until the server answers again. Until then
//! each gateway counts for itself, and allows its share: the limit divided by the gateways that were there. These counters
//! of its own are kept while the server is well, so that they do not begin at zero.

use std::fmt::{self, Debug};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use futures_util::future::{join, join_all};
use parking_lot::RwLock;
use redis::{ErrorKind, RedisError, Script};
use tokio::sync::Notify;

use super::server::{Link, Server};
use super::takes::{Takes, name, number};
use crate::answer::Answer;
use crate::counters::{Counters, OnRefusal, Take, Tell};
use crate::error::StoreError;
use crate::limit::{Outcome, Quota, Ticket};
use crate::memory::MemoryCounters;
use crate::millis::Millis;

/// Answers that did not come in time, one after the other, before nobody waits any more.
const LATE: u32 = 3;
/// How often the server is asked while it is not well, and how often it is told that this gateway is there.
const RETRY: Duration = Duration::from_millis(200);
const ALIVE: Duration = Duration::from_secs(2);

/// Whose time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The server's, which all gateways have in common.
    Server,
    /// That of whoever asks, for tests.
    Caller,
}

/// Counters on a server. Cheap to make: it connects on first use.
pub struct RedisCounters {
    shared: Arc<Shared>,
}

struct Shared {
    server: Server,
    budget: Duration,
    clock: Clock,
    local: MemoryCounters,
    state: RwLock<State>,
    /// One connects at a time.
    connecting: tokio::sync::Mutex<()>,
    /// Gateways that were there when it was last asked.
    gateways: AtomicU32,
    late: AtomicU32,
    wake: Notify,
    tell: OnceLock<Tell>,
    id: String,
    scripts: Scripts,
    takes: Takes,
}

enum State {
    New,
    Well(Link),
    Ill,
}

struct Scripts {
    refund: Script,
    alive: Script,
}

impl RedisCounters {
    /// Counters at an address, with this many of them kept here beside. A request waits for the server as long as `budget`.
    ///
    /// # Errors
    /// If the address is none.
    pub fn open(url: &str, max_keys: usize, budget: Duration, clock: Clock) -> Result<Self, StoreError> {
        let id = format!("{:032x}", crate::KeyHash::random().key(|_| {}).0);
        let scripts = Scripts {
            refund: Script::new(include_str!("refund.lua")),
            alive: Script::new(include_str!("alive.lua")),
        };
        let shared = Shared {
            server: Server::parse(url)?,
            budget,
            clock,
            local: MemoryCounters::new(max_keys),
            state: RwLock::new(State::New),
            connecting: tokio::sync::Mutex::default(),
            gateways: AtomicU32::new(1),
            late: AtomicU32::new(0),
            wake: Notify::new(),
            tell: OnceLock::new(),
            id,
            scripts,
            takes: Takes::new(),
        };
        Ok(RedisCounters { shared: Arc::new(shared) })
    }
}

impl Shared {
    /// The connection, if the server is well. The first requests of a process wait until it is known.
    async fn link(self: &Arc<Self>) -> Option<Link> {
        match &*self.state.read() {
            State::Well(link) => return Some(link.clone()),
            State::Ill => return None,
            State::New => {}
        }
        let _one = self.connecting.lock().await;
        if !matches!(*self.state.read(), State::New) {
            return self.known();
        }
        tokio::spawn(keep(Arc::downgrade(self)));
        let connected = async {
            let link = self.server.connect().await?;
            self.alive(&link).await.map(|()| link)
        };
        match connected.await {
            Ok(link) => *self.state.write() = State::Well(link),
            Err(error) => self.falls_ill(&error),
        }
        self.known()
    }

    fn known(&self) -> Option<Link> {
        match &*self.state.read() {
            State::Well(link) => Some(link.clone()),
            State::New | State::Ill => None,
        }
    }

    fn falls_ill(&self, error: &StoreError) {
        let was_ill = matches!(std::mem::replace(&mut *self.state.write(), State::Ill), State::Ill);
        if was_ill {
            return;
        }
        self.late.store(0, Ordering::Relaxed);
        self.wake.notify_one();
        let share = self.gateways.load(Ordering::Relaxed);
        let message = format!(
            "the store of limits is not there, so that this gateway counts for itself, one of {share}: {error}"
        );
        self.tell(&message, false);
    }

    fn tell(&self, message: &str, is_shared: bool) {
        if let Some(tell) = self.tell.get() {
            tell(message, is_shared);
        }
    }

    /// Runs something on the server within the budget.
    async fn within_budget<T>(&self, asked: impl Future<Output = Result<T, RedisError>>) -> Option<T> {
        match tokio::time::timeout(self.budget, asked).await {
            Ok(Ok(answer)) => {
                self.late.store(0, Ordering::Relaxed);
                Some(answer)
            }
            Ok(Err(error)) => {
                self.falls_ill(&self.server.unavailable(&error));
                None
            }
            Err(_) => {
                if self.late.fetch_add(1, Ordering::Relaxed) + 1 >= LATE {
                    let late = format!("redis at {}: no answer within {:?}", self.server.name, self.budget);
                    self.falls_ill(&StoreError::Unavailable(late));
                }
                None
            }
        }
    }

    /// Says that this gateway is there, and learns how many are.
    async fn alive(&self, link: &Link) -> Result<(), StoreError> {
        let mut link = link.clone();
        let mut asked = self.scripts.alive.prepare_invoke();
        asked.key("doorward:gateways").arg(&self.id);
        let late = || StoreError::Unavailable(format!("redis at {}: no answer in time", self.server.name));
        let answer: Result<u32, RedisError> =
            tokio::time::timeout(self.budget.max(RETRY), asked.invoke_async(&mut link))
                .await
                .map_err(|_| late())?;
        let count = answer.map_err(|error| self.server.unavailable(&error))?;
        self.gateways.store(count.max(1), Ordering::Relaxed);
        Ok(())
    }

    fn now(&self, now: Millis) -> Millis {
        if self.clock == Clock::Server { 0 } else { now }
    }

    /// All limits of a request in one call, which other requests may share.
    async fn take_there(
        self: &Arc<Self>,
        link: Link,
        takes: &[Take],
        now: Millis,
    ) -> Result<Vec<Outcome>, RedisError> {
        let (is_first, answered) = self.takes.add(takes, self.now(now));
        if is_first {
            let shared = Arc::clone(self);
            tokio::spawn(async move { shared.takes.send(&link).await });
        }
        let gone = || Err((ErrorKind::Io, "nobody sent it").into());
        answered.await.unwrap_or_else(|_| gone())
    }

    /// The same where each counter may be on a server of its own: all at once, and then what was too much goes back.
    async fn take_in_cluster(
        &self,
        link: Link,
        takes: &[Take],
        now: Millis,
    ) -> Result<Vec<Outcome>, RedisError> {
        let now = self.now(now);
        let alone: Vec<_> = takes.iter().map(|take| [(std::slice::from_ref(take), now)]).collect();
        let asked = alone.iter().map(|one| self.takes.ask(link.clone(), one));
        let mut outcomes = Vec::with_capacity(takes.len());
        for outcome in join_all(asked).await {
            outcomes.extend(outcome?.into_iter().flatten());
        }
        let Some(refused) = outcomes.iter().position(|outcome| outcome.ticket.is_none()) else {
            return Ok(outcomes);
        };
        let back: Vec<Ticket> = (outcomes.iter().zip(takes).enumerate())
            .filter(|(at, (_, take))| *at > refused || take.on_refusal == OnRefusal::Refund)
            .filter_map(|(_, (outcome, _))| outcome.ticket)
            .collect();
        self.refund_there(link, &back, now).await?;
        outcomes.truncate(refused + 1);
        Ok(outcomes)
    }

    async fn refund_there(&self, link: Link, tickets: &[Ticket], now: Millis) -> Result<(), RedisError> {
        if tickets.is_empty() {
            return Ok(());
        }
        if self.server.is_cluster() && tickets.len() > 1 {
            let each =
                tickets.iter().map(|ticket| self.refund_one(link.clone(), std::slice::from_ref(ticket), now));
            return join_all(each).await.into_iter().collect();
        }
        self.refund_one(link, tickets, now).await
    }

    async fn refund_one(&self, mut link: Link, tickets: &[Ticket], now: Millis) -> Result<(), RedisError> {
        let mut asked = self.scripts.refund.prepare_invoke();
        tickets.iter().for_each(|ticket| {
            asked.key(name(ticket.key.0));
        });
        asked.arg(self.now(now));
        for Ticket { quota, cost, taken, .. } in tickets {
            asked.arg(number(quota.algorithm)).arg(quota.permits).arg(quota.period).arg(*cost).arg(*taken);
        }
        asked.invoke_async::<u8>(&mut link).await.map(drop)
    }

    /// What this gateway alone may allow.
    fn share(&self, quota: Quota) -> Quota {
        let gateways = self.gateways.load(Ordering::Relaxed).max(1);
        let of = |count: u32| if count == 0 { 0 } else { (count / gateways).max(1) };
        Quota { permits: of(quota.permits), burst: of(quota.burst), ..quota }
    }

    async fn take_here(&self, takes: &[Take], now: Millis) -> Result<Vec<Outcome>, StoreError> {
        let shares: Vec<Take> =
            takes.iter().map(|take| Take { quota: self.share(take.quota), ..*take }).collect();
        let mut outcomes = self.local.take_all(&shares, now).await?;
        // A ticket is of the limit, wherever it is refunded.
        for (outcome, take) in outcomes.iter_mut().zip(takes) {
            outcome.ticket = outcome.ticket.map(|ticket| Ticket { quota: take.quota, ..ticket });
        }
        Ok(outcomes)
    }

    async fn refund_here(&self, tickets: &[Ticket], now: Millis) -> Result<(), StoreError> {
        let shares: Vec<Ticket> =
            tickets.iter().map(|ticket| Ticket { quota: self.share(ticket.quota), ..*ticket }).collect();
        self.local.refund(&shares, now).await
    }
}

/// Asks the server again while it is not well, and tells it that this gateway is there while it is, until the counters are
/// dropped.
async fn keep(shared: Weak<Shared>) {
    loop {
        let Some(counters) = shared.upgrade() else { return };
        let pause = if matches!(*counters.state.read(), State::Ill) { RETRY } else { ALIVE };
        // Whoever falls ill does not wait for the end of a long pause.
        let woken = async { counters.wake.notified().await };
        let _ = tokio::time::timeout(pause, woken).await;
        match counters.known() {
            Some(link) => {
                if let Err(error) = counters.alive(&link).await {
                    counters.falls_ill(&error);
                }
            }
            None if matches!(*counters.state.read(), State::Ill) => {
                let Ok(link) = counters.server.connect().await else { continue };
                if counters.alive(&link).await.is_ok() {
                    *counters.state.write() = State::Well(link);
                    counters.tell("the store of limits answers again, and all gateways count as one", true);
                }
            }
            None => {}
        }
    }
}

impl Counters for RedisCounters {
    fn take_all<'a>(&'a self, takes: &'a [Take], now: Millis) -> Answer<'a, Vec<Outcome>> {
        Answer::later(async move {
            let shared = &self.shared;
            let here = shared.take_here(takes, now);
            let Some(link) = shared.link().await else { return here.await };
            let there = async {
                match shared.server.is_cluster() {
                    true => shared.take_in_cluster(link, takes, now).await,
                    false => shared.take_there(link, takes, now).await,
                }
            };
            // What is counted here is what holds when the server is gone.
            let (here, there) = join(here, shared.within_budget(there)).await;
            there.map_or(here, Ok)
        })
    }

    fn refund<'a>(&'a self, tickets: &'a [Ticket], now: Millis) -> Answer<'a, ()> {
        Answer::later(async move {
            let shared = &self.shared;
            shared.refund_here(tickets, now).await?;
            let Some(link) = shared.known() else { return Ok(()) };
            // If it does not come in time, the stricter count stays.
            let _ = shared.within_budget(shared.refund_there(link, tickets, now)).await;
            Ok(())
        })
    }

    fn tells(&self, tell: Tell) {
        let _ = self.shared.tell.set(tell);
    }

    fn check(&self) -> Result<(), StoreError> {
        self.shared.server.check()
    }
}

impl Debug for RedisCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_shared = self.shared.known().is_some();
        let how = if is_shared { "shared by" } else { "away, last shared by" };
        let gateways = self.shared.gateways.load(Ordering::Relaxed);
        write!(f, "RedisCounters({}, {how} {gateways})", self.shared.server.name)
    }
}
