//! Credential stuffing: one client that tries many accounts, each with the one password that was stolen.
//!
//! Each account whose log in fails counts once in a window, and each one that succeeds takes some of them back (a random walk with a
//! threshold: Jung, Paxson, Berger and Balakrishnan, "Fast Portscan Detection Using Sequential Hypothesis Testing", 2004). Who behind one
//! address mistypes gets in at last, so that the walk of an office stays at zero, however large it is; a list of stolen passwords
//! succeeds for one account in a hundred.
//!
//! A counter that admits one in a window says whether a pair of client and account is new, as for ids that are tried
//! ([`enumeration`](crate::doors::ownership::enumeration)). What is under way is not counted yet: limits of failures are.

use std::sync::atomic::Ordering;

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use policy::{BuiltInDoor, CredentialStuffing, StuffingClient};
use store::{Algorithm, CounterKey, OnRefusal, Quota, StoreError, Take, Ticket, millis};

use super::accounts::accounts;
use super::stage::is_exempt;
use super::taking::no_store;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::decision::{Decision, Refusal};
use crate::doors::{Door, Step};
use crate::events::Verdict;
use crate::exchange::{Attempt, CLIENT_LEFT, Exchange, LogInAccount};
use crate::forward::Reader;
use crate::network::network;

/// The part of the rate door that counts accounts.
pub(crate) struct Stuffing;

const RULE: &str = "credential-stuffing";
/// How often in a window a name pays that stands beside others.
const SHARED_NAME: u32 = 5;

impl Door for Stuffing {
    fn id(&self) -> DoorId {
        BuiltInDoor::Rate.into()
    }

    fn admit_body<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>, _: &'a Reader) -> Step<'a> {
        let Some(policy) = &ruling.engine.policy.rate.credential_stuffing else { return Step::PASS };
        let is_log_in = x.graphql_log_ins > 0 || x.routes().any(|route| route.is_login);
        if !is_log_in || is_exempt(x, ruling) {
            return Step::PASS;
        }
        x.accounts = accounts(x, ruling, policy);
        // What names no account, such as a token that is refreshed, tries none.
        match x.accounts.is_empty() || policy.blocking.is_none() {
            true => Step::PASS,
            false => Step::later(admit(ruling, x, policy)),
        }
    }

    fn finish<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        status: StatusCode,
        _: &'a mut HeaderMap,
    ) -> Step<'a, ()> {
        let Some(policy) = &ruling.engine.policy.rate.credential_stuffing else { return Step::Now(()) };
        match outcome(x, status).filter(|_| !x.accounts.is_empty()) {
            Some(outcome) => Step::later(async move {
                // A store that does not answer counts nothing.
                let _ = count(ruling, x, policy, outcome).await;
            }),
            None => Step::Now(()),
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Failed,
    Succeeded,
}

/// How it ended, if the API has judged it.
fn outcome(x: &Exchange<'_>, status: StatusCode) -> Option<Outcome> {
    let is_open = matches!(x.attempt, Attempt::Unknown | Attempt::InBody);
    let has_left = is_open && status.as_u16() == CLIENT_LEFT;
    // Whoever is refused has tried nothing, and neither has a request that the API did not take for an attempt.
    if x.refused_by.load(Ordering::Relaxed) != 0
        || has_left
        || matches!(status.as_u16(), 405 | 408 | 413 | 415 | 429)
    {
        return None;
    }
    match x.attempt.has_failed(status) {
        true => Some(Outcome::Failed),
        false => (!status.is_server_error()).then_some(Outcome::Succeeded),
    }
}

/// Whose tries are counted.
#[derive(Clone, Copy)]
enum Whose {
    Client(StuffingClient),
    All,
}

impl Whose {
    fn text(self) -> String {
        match self {
            Whose::Client(by) => format!("by {by}"),
            Whose::All => "of all clients".to_owned(),
        }
    }
}

/// The counters of somebody's tries.
struct Counters<'c, 'e> {
    x: &'c Exchange<'e>,
    ruling: Ruling<'c>,
    policy: &'c CredentialStuffing,
    whose: Whose,
}

impl Counters<'_, '_> {
    /// A counter; `None` if what it counts by is not there.
    fn key(&self, what: &str, account: Option<CounterKey>) -> Option<CounterKey> {
        self.ruling.state.stores.key_hash.try_key(|key| {
            key.text(RULE);
            key.text(what);
            match self.whose {
                Whose::All => key.text("all"),
                Whose::Client(StuffingClient::Ip) => {
                    key.text("ip");
                    key.bytes(&network(self.x.client).to_be_bytes());
                }
                Whose::Client(StuffingClient::Ja4) => {
                    key.text("ja4");
                    key.text(self.x.account.connection.ja4.as_deref()?);
                }
            }
            account.iter().for_each(|account| key.bytes(&account.0.to_be_bytes()));
            Some(())
        })
    }

    /// Takes one of so many in a window.
    fn take(&self, what: &str, account: Option<CounterKey>, permits: u32) -> Option<Take> {
        let period = millis(self.policy.window);
        let quota = Quota { permits, period, burst: permits, algorithm: Algorithm::FixedWindow };
        Some(Take { key: self.key(what, account)?, quota, cost: 1, on_refusal: OnRefusal::Keep })
    }

    /// Asks for a penalty, or imposes one.
    fn penalty(&self, cost: u32) -> Option<Take> {
        let quota = Quota {
            permits: 1,
            period: millis(self.policy.blocking?),
            burst: 1,
            algorithm: Algorithm::Penalty,
        };
        Some(Take { key: self.key("penalty", None)?, quota, cost, on_refusal: OnRefusal::Keep })
    }

    fn most(&self) -> u32 {
        match self.whose {
            Whose::Client(_) => self.policy.accounts,
            Whose::All => self.policy.global_accounts,
        }
    }

    /// Counts an account whose log in has failed.
    async fn count_failure(&self, account: CounterKey) -> Result<(), StoreError> {
        let new = self.take("failed", Some(account), 1);
        let (Some(new), Some(all)) = (new, self.take("accounts", None, self.most())) else { return Ok(()) };
        let (counters, now) = (&self.ruling.state.stores.counters, self.x.unix_millis());
        let outcomes = counters.take_all(&[new, all], now).await?;
        // The first counter refuses an account that is not new, the second counts new ones, and refuses when there are too many.
        if !matches!(outcomes[..], [new, too_many] if new.ticket.is_some() && too_many.ticket.is_none()) {
            return Ok(());
        }
        let minutes = humantime::format_duration(self.policy.window);
        let evidence = format!(
            "more than {} accounts whose log ins fail in {minutes} {}",
            self.most(),
            self.whose.text()
        );
        let penalties = match self.whose {
            Whose::Client(_) => self.penalty(0).zip(self.penalty(1)),
            Whose::All => None,
        };
        let Some((asked, imposed)) = penalties else {
            // Told once in a window.
            let Some(told) = self.take("told", None, 1) else { return Ok(()) };
            if counters.take_all(&[told], now).await?.iter().all(|outcome| outcome.ticket.is_some()) {
                self.note(evidence);
            }
            return Ok(());
        };
        // Of tries that were under way when it began, nobody is told again.
        if counters.take_all(&[asked], now).await?.iter().all(|outcome| outcome.ticket.is_some()) {
            let imposed = counters.take_all(&[imposed], now).await?;
            let wait = imposed.first().map_or(0, |outcome| outcome.retry_after.div_ceil(1000));
            self.note(format!("{evidence}; blocked for {wait} s"));
        }
        Ok(())
    }

    /// Counts an account whose log in has succeeded: it pays for some that have failed.
    ///
    /// It pays once in a window. Beside another name, which may be a decoy that changes or a tenant that many share, each
    /// name pays a few times.
    async fn count_success(&self, account: &LogInAccount) -> Result<(), StoreError> {
        let permits = if account.names.len() == 1 { 1 } else { SHARED_NAME };
        let new = account.names.iter().map(|name| self.take("succeeded", Some(*name), permits));
        let (Some(new), Some(all)) =
            (new.collect::<Option<Vec<Take>>>(), self.take("accounts", None, self.most()))
        else {
            return Ok(());
        };
        let (counters, now) = (&self.ruling.state.stores.counters, self.x.unix_millis());
        let outcomes = counters.take_all(&new, now).await?;
        if outcomes.iter().any(|outcome| outcome.ticket.is_none()) {
            return Ok(());
        }
        let Some(ticket) = outcomes.first().and_then(|outcome| outcome.ticket) else { return Ok(()) };
        let cost = self.policy.failures_per_success;
        let paid = Ticket { key: all.key, quota: all.quota, cost, taken: ticket.taken };
        counters.refund(&[paid], now).await
    }

    fn note(&self, evidence: String) {
        let door = BuiltInDoor::Rate.name();
        self.ruling.note(self.x, door, RULE, Verdict::Reported, None, &evidence.into());
    }
}

/// Refuses log ins of a client that was seen trying many accounts.
async fn admit(ruling: Ruling<'_>, x: &Exchange<'_>, policy: &CredentialStuffing) -> Decision {
    let each = policy.by.iter().map(|by| Counters { x, ruling, policy, whose: Whose::Client(*by) });
    let asked: Vec<Take> = each.filter_map(|counters| counters.penalty(0)).collect();
    let outcomes = match ruling.state.stores.counters.take_all(&asked, x.unix_millis()).await {
        Ok(outcomes) => outcomes,
        Err(error) => return Decision::Refuse(no_store(&error)),
    };
    let Some(outcome) = outcomes.iter().find(|outcome| outcome.ticket.is_none()) else {
        return Decision::Pass;
    };
    let seconds = outcome.retry_after.div_ceil(1000).max(1);
    let evidence = format!("was seen trying many accounts; blocked for {seconds} s");
    let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, RULE, evidence);
    Decision::Refuse(refusal.header(RETRY_AFTER, seconds.into()))
}

async fn count(
    ruling: Ruling<'_>,
    x: &Exchange<'_>,
    policy: &CredentialStuffing,
    outcome: Outcome,
) -> Result<(), StoreError> {
    let everybody = policy.by.iter().map(|by| Whose::Client(*by)).chain([Whose::All]);
    for whose in everybody {
        let counters = Counters { x, ruling, policy, whose };
        for account in &x.accounts {
            match outcome {
                Outcome::Failed => counters.count_failure(account.key).await?,
                Outcome::Succeeded => counters.count_success(account).await?,
            }
        }
    }
    Ok(())
}
