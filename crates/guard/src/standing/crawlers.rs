//! Which crawlers are what they say: the name of the address ends as their maker says, and leads back to the address.
//!
//! No request waits for that. The first one of an address passes without a verdict, and those after it have one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use reputation::agents::Crawler;
use tokio::sync::mpsc;

/// A crawler that somebody has to verify.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// Where it comes from.
    pub address: IpAddr,
    /// What it says that it is.
    pub crawler: Crawler,
}

/// What is known of those who say that they are crawlers.
#[derive(Default)]
pub(crate) struct Crawlers {
    known: Mutex<HashMap<(IpAddr, &'static str), Known>>,
    queue: Mutex<Option<mpsc::Sender<Claim>>>,
}

#[derive(Clone, Copy)]
struct Known {
    /// `None` while it is asked.
    is_true: Option<bool>,
    until: SystemTime,
}

/// Addresses that are known.
const MOST: usize = 20_000;
/// Claims that wait for the resolver.
const WAITING: usize = 256;
/// How long a verdict holds.
const KEPT: Duration = Duration::from_secs(6 * 3600);
/// How long nobody is asked again when there was no answer.
const PAUSE: Duration = Duration::from_secs(60);

impl Crawlers {
    /// Whether a claim is true, if that is known; otherwise somebody is asked.
    pub(crate) fn verdict(&self, claim: Claim, now: SystemTime) -> Option<bool> {
        let key = (claim.address, claim.crawler.name);
        let mut known = self.known.lock();
        if let Some(one) = known.get(&key)
            && one.until > now
        {
            return one.is_true;
        }
        let queue = self.queue.lock();
        let asked = queue.as_ref().is_some_and(|queue| queue.try_send(claim).is_ok());
        if asked {
            make_room(&mut known, now);
            known.insert(key, Known { is_true: None, until: now + PAUSE });
        }
        None
    }

    /// What was found out; `None` if nobody answered.
    pub(crate) fn learn(&self, claim: Claim, is_true: Option<bool>, now: SystemTime) {
        let mut known = self.known.lock();
        make_room(&mut known, now);
        let until = now + if is_true.is_some() { KEPT } else { PAUSE };
        known.insert((claim.address, claim.crawler.name), Known { is_true, until });
    }

    /// The claims from now on.
    pub(crate) fn claims(&self) -> mpsc::Receiver<Claim> {
        let (sender, receiver) = mpsc::channel(WAITING);
        *self.queue.lock() = Some(sender);
        receiver
    }
}

fn make_room(known: &mut HashMap<(IpAddr, &'static str), Known>, now: SystemTime) {
    if known.len() >= MOST {
        known.retain(|_, one| one.until > now);
        if known.len() >= MOST {
            known.clear();
        }
    }
}
