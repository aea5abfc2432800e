//! Lockout: whoever guesses waits, twice as long each time; whoever is known by his device does not.
//!
//! An attempt counts as a failure before the password is looked at, and is taken back when it was right: of a hundred guesses
//! at once, five are looked at. An account is locked by what was typed, whether or not anybody has that address, so that a lock
//! tells nothing. A device that has logged in to an account before counts for itself, so that strangers cannot lock its owner
//! out; all such devices of an account have a bound together. A lock touches neither passkeys nor the reset by mail. What a
//! network did wrong is forgiven bit by bit, because people share one.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::records::{Change, Committed, Expected, Kind, Records, Write};
use store::{Millis, millis};

use super::error::ServiceError;
use super::users::put;

const KIND: Kind = "lockout";
/// Changes of one count by several at once, until one of them is asked to come again.
const ROUNDS: usize = 10;
/// A count is forgotten so long after the last failure and its lock.
const MEMORY: Duration = Duration::from_secs(24 * 3600);
/// For addresses, which many people share and which change hands.
const MEMORY_OF_ADDRESS: Duration = Duration::from_secs(3600);
/// One failure of a network is forgiven in this time.
const FORGIVEN: Duration = Duration::from_secs(15 * 60);
/// One mail that a network asked for, likewise.
const FORGIVEN_MAIL: Duration = Duration::from_secs(2 * 60);
/// All known devices of an account may fail so many times more than one.
const DEVICES: u32 = 10;
/// So many different accounts that one network fails at are credential stuffing.
const STUFFING: usize = 10;

/// When guessing is slowed down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockoutRules {
    /// Failures that cost nothing.
    pub failures: u32,
    /// How long the next one waits; the one behind it twice as long.
    pub first: Duration,
    /// The longest wait.
    pub cap: Duration,
}

impl Default for LockoutRules {
    /// Guide §8: five, then 1, 2, 4 … minutes, an hour at most.
    fn default() -> Self {
        LockoutRules { failures: 5, first: Duration::from_secs(60), cap: Duration::from_secs(3600) }
    }
}

/// What counts an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Counted {
    /// The account that was named, by the mark of what was typed.
    Account(String),
    /// A device that has logged in to the account before.
    Device(String),
    /// All such devices of an account.
    Devices(String),
    /// The network of the client.
    Address(IpAddr),
    /// Mails that the network of the client asked for.
    Mails(IpAddr),
}

impl Counted {
    fn id(&self) -> String {
        match self {
            Counted::Account(mark) => format!("account:{mark}"),
            Counted::Device(id) => format!("device:{id}"),
            Counted::Devices(user) => format!("devices:{user}"),
            Counted::Address(address) => format!("address:{}", network(*address)),
            Counted::Mails(address) => format!("mails:{}", network(*address)),
        }
    }

    fn memory(&self) -> Duration {
        match self {
            Counted::Address(_) | Counted::Mails(_) => MEMORY_OF_ADDRESS,
            Counted::Account(_) | Counted::Device(_) | Counted::Devices(_) => MEMORY,
        }
    }

    /// In which time one failure is forgiven, if any is before all are.
    const fn forgiven(&self) -> Option<Duration> {
        match self {
            Counted::Address(_) => Some(FORGIVEN),
            Counted::Mails(_) => Some(FORGIVEN_MAIL),
            Counted::Account(_) | Counted::Device(_) | Counted::Devices(_) => None,
        }
    }

    /// Failures that cost nothing.
    const fn free(&self, rules: LockoutRules) -> u32 {
        match self {
            Counted::Devices(_) => rules.failures.saturating_mul(DEVICES),
            _ => rules.failures,
        }
    }
}

/// One IPv4 address, or the /64 that one customer has of IPv6.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Count {
    failures: u32,
    locked_until: Millis,
    /// From when on the oldest failure that is left is forgiven bit by bit.
    #[serde(default)]
    since: Millis,
    /// Marks of the accounts that were tried, for an address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tried: Vec<String>,
}

/// What is said of an attempt before it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// It may be looked at.
    Open {
        /// Whether this address has just tried one account more than people have.
        is_stuffing: bool,
    },
    /// It may not, for so long.
    Locked(Duration),
    /// Too many at once count here.
    Crowded,
}

/// Counts an attempt as a failure, everywhere or nowhere.
pub(crate) async fn begin(
    records: &dyn Records,
    rules: LockoutRules,
    counted: &[Counted],
    account: &str,
    now: Millis,
) -> Result<Attempt, ServiceError> {
    for _ in 0..ROUNDS {
        let mut writes = Vec::new();
        let (mut is_stuffing, mut wait) = (false, 0);
        for what in counted {
            let (mut count, expected) = read(records, what, now).await?;
            if count.locked_until > now {
                wait = wait.max(count.locked_until - now);
                continue;
            }
            if count.failures == 0 {
                count.since = now;
            }
            count.failures = count.failures.saturating_add(1);
            if matches!(what, Counted::Address(_)) && !count.tried.iter().any(|tried| tried == account) {
                count.tried.push(account.to_owned());
                is_stuffing = count.tried.len() == STUFFING;
                // More are not told apart, and the record stays small.
                count.tried.truncate(STUFFING);
            }
            let free = what.free(rules);
            let over = count.failures.saturating_sub(free);
            if count.failures >= free {
                let doubled = millis(rules.first).saturating_mul(1_u64.checked_shl(over).unwrap_or(u64::MAX));
                count.locked_until = now.saturating_add(doubled.min(millis(rules.cap)));
            }
            writes.push(write(what, &count, expected, now)?);
        }
        if wait > 0 {
            return Ok(Attempt::Locked(Duration::from_millis(wait)));
        }
        if records.commit(writes, now).await? == Committed::Done {
            return Ok(Attempt::Open { is_stuffing });
        }
    }
    Ok(Attempt::Crowded)
}

/// Why an attempt is no failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoFailure<'a> {
    /// It was right: the account, by its mark, and the device begin anew; what others count for, too, has one failure less, and
    /// the address one account less that it failed at.
    Right(&'a str),
    /// Nobody has looked at it: it is as if it had not been made.
    NotLookedAt,
}

/// Takes an attempt back.
pub(crate) async fn take_back(
    records: &dyn Records,
    rules: LockoutRules,
    counted: &[Counted],
    why: NoFailure<'_>,
    now: Millis,
) -> Result<(), ServiceError> {
    for _ in 0..ROUNDS {
        let mut writes = Vec::new();
        for what in counted {
            let (mut count, expected) = read(records, what, now).await?;
            count.failures = count.failures.saturating_sub(1);
            if count.failures < what.free(rules) {
                count.locked_until = 0;
            }
            if let NoFailure::Right(account) = why {
                count.tried.retain(|tried| tried != account);
                if matches!(what, Counted::Account(_) | Counted::Device(_)) {
                    count.failures = 0;
                }
            }
            match (count.failures, expected) {
                (0, Expected::Absent) => {}
                (0, _) => writes.push(Write { kind: KIND, id: what.id(), expected, change: Change::Delete }),
                _ => writes.push(write(what, &count, expected, now)?),
            }
        }
        if records.commit(writes, now).await? == Committed::Done {
            return Ok(());
        }
    }
    // It stays counted, which harms nobody for long.
    Ok(())
}

/// Forgets what was counted: its owner has shown who he is in a way that nobody guesses.
pub(crate) async fn forget(
    records: &dyn Records,
    counted: &[Counted],
    now: Millis,
) -> Result<(), ServiceError> {
    let gone =
        |what: &Counted| Write { kind: KIND, id: what.id(), expected: Expected::Any, change: Change::Delete };
    records.commit(counted.iter().map(gone).collect(), now).await?;
    Ok(())
}

async fn read(records: &dyn Records, what: &Counted, now: Millis) -> Result<(Count, Expected), ServiceError> {
    Ok(match records.get(KIND, &what.id(), now).await? {
        Some(record) => {
            let mut count: Count = serde_json::from_str(&record.value).unwrap_or_default();
            if let Some(forgiven) = what.forgiven() {
                count.forgive(forgiven, now);
            }
            (count, Expected::Version(record.version))
        }
        None => (Count::default(), Expected::Absent),
    })
}

impl Count {
    /// Takes back what was forgiven since.
    fn forgive(&mut self, every: Duration, now: Millis) {
        let every = millis(every).max(1);
        let forgiven = now.saturating_sub(self.since) / every;
        self.failures = self.failures.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX));
        self.since = self.since.saturating_add(forgiven.saturating_mul(every));
    }
}

fn write(what: &Counted, count: &Count, expected: Expected, now: Millis) -> Result<Write, ServiceError> {
    let expires_at = now.max(count.locked_until).saturating_add(millis(what.memory()));
    let change = put(None, Some(expires_at), count)?;
    Ok(Write { kind: KIND, id: what.id(), expected, change })
}
