//! What requests take, written for the server's script and read from its answer.
//!
//! Requests that come while others are about to be sent go with them: one call of the script for many requests costs the server
//! less than half of many calls. Nobody waits for company: what is there is sent as soon as the tasks that can run have run.

use parking_lot::Mutex;
use redis::{ErrorKind, RedisError, Script};
use tokio::sync::oneshot;

use super::server::Link;
use crate::counters::{OnRefusal, Take};
use crate::limit::{Algorithm, Outcome, Ticket};
use crate::millis::Millis;

/// The most requests in one call. The server answers nobody else meanwhile.
const MOST: usize = 64;

type Taken = Result<Vec<Outcome>, RedisError>;

/// Requests that wait to be sent.
pub(super) struct Takes {
    script: Script,
    waiting: Mutex<Vec<Waiting>>,
}

struct Waiting {
    takes: Vec<Take>,
    now: Millis,
    answer: oneshot::Sender<Taken>,
}

impl Takes {
    pub(super) fn new() -> Self {
        Takes { script: Script::new(include_str!("take.lua")), waiting: Mutex::default() }
    }

    /// Adds what a request takes. Whether it is the first, so that somebody has to [`send`](Self::send).
    pub(super) fn add(&self, takes: &[Take], now: Millis) -> (bool, oneshot::Receiver<Taken>) {
        let (answer, answered) = oneshot::channel();
        let mut waiting = self.waiting.lock();
        waiting.push(Waiting { takes: takes.to_vec(), now, answer });
        (waiting.len() == 1, answered)
    }

    /// Sends all that wait, and hands out the answers.
    pub(super) async fn send(&self, link: &Link) {
        tokio::task::yield_now().await;
        let mut waiting = std::mem::take(&mut *self.waiting.lock());
        let mut calls = Vec::new();
        while !waiting.is_empty() {
            let later = waiting.split_off(waiting.len().min(MOST));
            calls.push(self.call(link.clone(), std::mem::replace(&mut waiting, later)));
        }
        futures_util::future::join_all(calls).await;
    }

    async fn call(&self, link: Link, waiting: Vec<Waiting>) {
        let requests: Vec<(&[Take], Millis)> =
            waiting.iter().map(|one| (one.takes.as_slice(), one.now)).collect();
        let mut taken = self.ask(link, &requests).await.map(Vec::into_iter);
        for one in waiting {
            let outcomes = match &mut taken {
                Ok(taken) => taken.next().ok_or_else(incomplete),
                Err(error) => Err(error.clone()),
            };
            // Who does not wait any more has taken it all the same.
            let _ = one.answer.send(outcomes);
        }
    }

    /// Takes for several requests in one call.
    pub(super) async fn ask(
        &self,
        mut link: Link,
        requests: &[(&[Take], Millis)],
    ) -> Result<Vec<Vec<Outcome>>, RedisError> {
        let mut asked = self.script.prepare_invoke();
        let mut numbers = Vec::new();
        for (takes, now) in requests {
            write(&mut numbers, &[*now, takes.len() as u64]);
            for Take { key, quota, cost, on_refusal } in *takes {
                asked.key(name(key.0));
                let keeps = u64::from(*on_refusal == OnRefusal::Keep);
                let algorithm = u64::from(number(quota.algorithm));
                let (permits, burst) = (u64::from(quota.permits), u64::from(quota.burst));
                write(&mut numbers, &[algorithm, permits, quota.period, burst, u64::from(*cost), keeps]);
            }
        }
        let answer: Vec<u8> = asked.arg(numbers).invoke_async(&mut link).await?;
        let mut numbers = answer.chunks_exact(8).filter_map(|bytes| Some(read(bytes.try_into().ok()?)));
        requests.iter().map(|(takes, _)| outcomes(takes, &mut numbers).ok_or_else(incomplete)).collect()
    }
}

/// The outcomes of one request. A limit that says nothing would be one that allows, so that none may be missing behind a grant.
fn outcomes(takes: &[Take], numbers: &mut impl Iterator<Item = u64>) -> Option<Vec<Outcome>> {
    let count = usize::try_from(numbers.next()?).ok().filter(|count| *count <= takes.len())?;
    let mut outcomes = Vec::with_capacity(count);
    for take in takes.iter().take(count) {
        let mut next = || numbers.next();
        let (granted, remaining, reset, retry_after, taken) = (next()?, next()?, next()?, next()?, next()?);
        let ticket = Ticket { key: take.key, quota: take.quota, cost: take.cost, taken };
        let remaining = u32::try_from(remaining).unwrap_or(u32::MAX);
        outcomes.push(Outcome { ticket: (granted == 1).then_some(ticket), remaining, reset, retry_after });
    }
    let is_refused = outcomes.last().is_some_and(|outcome| outcome.ticket.is_none());
    (count == takes.len() || is_refused).then_some(outcomes)
}

fn incomplete() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "an outcome is missing").into()
}

/// Lua has no other numbers. Whole ones below 2^53 stay what they are.
#[allow(clippy::cast_precision_loss)]
fn write(bytes: &mut Vec<u8>, numbers: &[u64]) {
    numbers.iter().for_each(|number| bytes.extend_from_slice(&(*number as f64).to_le_bytes()));
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn read(bytes: [u8; 8]) -> u64 {
    f64::from_le_bytes(bytes) as u64
}

/// What a counter is called on the server.
pub(super) fn name(key: u128) -> String {
    format!("doorward:limit:{key:032x}")
}

/// What the scripts call an algorithm.
pub(super) const fn number(algorithm: Algorithm) -> u8 {
    match algorithm {
        Algorithm::Gcra => 1,
        Algorithm::SlidingWindow => 2,
        Algorithm::FixedWindow => 3,
        Algorithm::Penalty => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_hash::CounterKey;
    use crate::limit::Quota;

    fn take() -> Take {
        let quota = Quota { permits: 5, period: 1000, burst: 5, algorithm: Algorithm::Gcra };
        Take { key: CounterKey(1), quota, cost: 1, on_refusal: OnRefusal::Refund }
    }

    #[test]
    fn an_answer_counts_only_when_it_is_whole() {
        let (granted, refused) = ([1, 4, 200, 0, 7], [0, 0, 200, 50, 7]);
        for (takes, numbers, is_whole) in [
            (1, [&[1], &granted[..]].concat(), true),
            (2, [&[2], &granted[..], &granted].concat(), true),
            (2, [&[2], &granted[..], &refused].concat(), true),
            (2, [&[1], &refused[..]].concat(), true),
            (2, [&[1], &granted[..]].concat(), false),
            (2, [&[2], &granted[..]].concat(), false),
            (1, [&[2], &granted[..], &granted].concat(), false),
            (1, vec![1, 1, 4], false),
            (1, vec![0], false),
            (1, vec![], false),
        ] {
            let takes = vec![take(); takes];
            assert_eq!(outcomes(&takes, &mut numbers.iter().copied()).is_some(), is_whole, "{numbers:?}");
        }
    }

    #[test]
    fn numbers_come_back_as_they_were() {
        for number in [0, 1, u64::from(u32::MAX), 1_800_000_000_000, 1_800_000_000_000_000] {
            let mut bytes = Vec::new();
            write(&mut bytes, &[number]);
            assert_eq!(read(bytes.try_into().unwrap()), number);
        }
    }
}
