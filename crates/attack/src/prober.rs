//! The prober: what an attack works with. It sends drafts as somebody, remembers what was served, and makes objects.

mod made;
mod newcomer;
mod object;
mod paths;
mod people;
mod person;
mod registered;
mod sent;
mod sight;
mod token;
mod view;
mod written;

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::answer::{Mask, Reply};
use crate::census::pool::{Known, Owned, Pool};
use crate::census::{Control, Refused, drafts};
use crate::client::HttpClient;
use crate::options::Options;
use crate::probe::Probe;
use crate::request::{Draft, Slot, curl};
use crate::surface::sensitive::is_rank;
use crate::surface::{Endpoint, Role, Surface};
use crate::who::Who;

pub(crate) use object::{Made, Written};
pub(crate) use person::{Entered, Newcomer, Person, Registered};
pub(crate) use sent::Sent;
pub(crate) use sight::{Now, View, object_with};
pub(crate) use token::token;

/// How many requests in a row may have no answer before the API counts as gone.
const MAX_SILENCE: usize = 6;
/// The longest that a limit is waited for.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// Why an attack cannot go on.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Stop {
    /// One request had no answer.
    #[error("{0}")]
    NoAnswer(String),
    /// The run may not send this.
    #[error("{0}")]
    NotAllowed(String),
    /// The run is over: the API is gone, or the budget is spent.
    #[error("{0}")]
    Ended(String),
}

/// By operation and slot; `None` where an ordinary value is not served.
type Baselines = HashMap<(usize, Slot), Option<Arc<Baseline>>>;

/// What an attack works with.
pub(crate) struct Prober<'p> {
    pub(crate) client: &'p HttpClient,
    pub(crate) surface: &'p Surface,
    pub(crate) options: &'p Options,
    people: Mutex<Vec<Person>>,
    pool: Mutex<Pool>,
    controls: Mutex<Vec<Arc<Control>>>,
    refused: Mutex<Vec<Arc<Refused>>>,
    asked: Mutex<Vec<(Who, Draft)>>,
    baselines: Mutex<Baselines>,
    left: Mutex<Vec<Made>>,
    noted: Mutex<Noted>,
    memos: Mutex<Vec<Arc<dyn Any + Send + Sync>>>,
    sent: AtomicU64,
    silence: AtomicUsize,
    limited: AtomicUsize,
    is_ending: AtomicBool,
    began: Instant,
}

/// Answers of operations that are kept under a word.
type Noted = HashMap<(usize, &'static str), Reply>;

/// An ordinary request with a value in one slot, asked twice.
#[derive(Debug)]
pub(crate) struct Baseline {
    /// Who asked.
    pub(crate) who: Who,
    /// The request, with the slot.
    pub(crate) draft: Draft,
    /// The value in the slot, as text.
    pub(crate) text: String,
    /// The second answer.
    pub(crate) reply: Reply,
    /// What differs between the two.
    pub(crate) mask: Mask,
}

/// Whether an operation changes what an account may do.
fn sets_a_rank(endpoint: &Endpoint) -> bool {
    let fields = endpoint.body.as_ref().map_or(&[][..], |body| body.shape.properties());
    !endpoint.is_read()
        && !endpoint.is_creation()
        && endpoint.path.contains('{')
        && fields.iter().any(|field| field.is_required && is_rank(&field.name))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'p> Prober<'p> {
    /// A prober that has asked nothing yet.
    pub(crate) fn new(client: &'p HttpClient, surface: &'p Surface, options: &'p Options) -> Self {
        Prober {
            client,
            surface,
            options,
            people: Mutex::default(),
            pool: Mutex::new(Pool::of(&surface.endpoints)),
            controls: Mutex::default(),
            refused: Mutex::default(),
            asked: Mutex::default(),
            baselines: Mutex::default(),
            left: Mutex::default(),
            noted: Mutex::default(),
            memos: Mutex::default(),
            sent: AtomicU64::new(0),
            silence: AtomicUsize::new(0),
            limited: AtomicUsize::new(0),
            is_ending: AtomicBool::new(false),
            began: Instant::now(),
        }
    }

    /// What one attack has learnt for others, by its type.
    pub(crate) fn memo<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        lock(&self.memos).iter().find_map(|memo| Arc::clone(memo).downcast::<T>().ok())
    }

    /// Keeps what others will want to know.
    pub(crate) fn keep_memo<T: Any + Send + Sync>(&self, memo: T) -> Arc<T> {
        let memo = Arc::new(memo);
        lock(&self.memos).push(memo.clone());
        memo
    }

    /// How many requests were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// How many answers said that too many requests came (429).
    pub(crate) fn limited(&self) -> usize {
        self.limited.load(Ordering::Relaxed)
    }

    /// From now on, only what was made is removed: the budget does not count.
    fn begin_to_end(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }

    /// Waits until a limit is over, for a minute at most. Whether an ordinary request is served again.
    pub(crate) async fn wait_for_limit(&self) -> Result<bool, Stop> {
        let controls = self.controls();
        let is_read = |control: &&Arc<Control>| self.surface.endpoint(control.endpoint).is_read();
        let Some(control) = controls.iter().find(is_read) else { return Ok(true) };
        for wait in [0, 1, 4, 15, 40] {
            tokio::time::sleep(Duration::from_secs(wait)).await;
            let reply = self.ask(&control.draft, control.who).await?;
            if reply.answer.status != http::StatusCode::TOO_MANY_REQUESTS {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an operation may be asked at all: it is wanted, begins or ends no session, and destroys nothing that
    /// was not made for it.
    pub(crate) fn may_ask(&self, at: usize) -> bool {
        let endpoint = self.surface.endpoint(at);
        let is_allowed = match endpoint.role {
            Role::Ordinary | Role::Register => true,
            Role::Destructive => self.options.destructive,
            _ => false,
        };
        is_allowed && self.options.wants(&endpoint.name()) && (endpoint.is_read() || !self.options.is_safe)
    }

    /// Sends a draft as somebody. Everything in it that must be new is new.
    pub(crate) async fn ask(&self, draft: &Draft, who: Who) -> Result<Reply, Stop> {
        let draft = draft.settled();
        let probe = draft.probe(self.surface.endpoint(draft.endpoint));
        self.ask_as(draft, probe, who).await
    }

    /// The same for a request that was changed by hand.
    pub(crate) async fn ask_as(&self, draft: Draft, probe: Probe, who: Who) -> Result<Reply, Stop> {
        let endpoint = self.surface.endpoint(draft.endpoint);
        let probe = self.signed(probe, who);
        let is_session = matches!(endpoint.role, Role::LogIn | Role::LogOut | Role::Refresh);
        let is_as_declared = probe.method == endpoint.method && (endpoint.is_read() || is_session);
        if !is_as_declared {
            self.may_send(&probe.method)?;
        }
        let (answer, seen, took) = self.deliver(&probe).await?;
        let (is_served, value) = crate::answer::reply::read(endpoint, &answer);
        let repeat = self.repeat(&probe, who);
        let reply = Reply { draft, probe, answer, seen, repeat, took, is_served, value };
        self.note_made(&reply, who);
        Ok(reply)
    }

    /// Adds the credentials of somebody.
    pub(crate) fn signed(&self, probe: Probe, who: Who) -> Probe {
        match self.identity(who) {
            Some(identity) => probe.by(&identity),
            None => probe,
        }
    }

    /// A command that sends a request again.
    pub(crate) fn repeat(&self, probe: &Probe, who: Who) -> String {
        let account = self.identity(who).map(|identity| identity.name);
        curl::command(&self.client.root_of(probe.root), probe, account.as_deref())
    }

    /// A safe run sends nothing but what reads (RFC 9110 §9.2.1), and log ins.
    pub(crate) fn may_send(&self, method: &http::Method) -> Result<(), Stop> {
        match self.options.is_safe && !method.is_safe() {
            true => Err(Stop::NotAllowed(format!("a safe run sends no {method}"))),
            false => Ok(()),
        }
    }

    /// Sends a request of no operation: as it stands, with the answer and how long it took.
    pub(crate) async fn send(
        &self,
        probe: &Probe,
    ) -> Result<(crate::probe::Answer, report::Transcript, Duration), Stop> {
        self.may_send(&probe.method)?;
        self.deliver(probe).await
    }

    async fn deliver(
        &self,
        probe: &Probe,
    ) -> Result<(crate::probe::Answer, report::Transcript, Duration), Stop> {
        for is_last in [false, true] {
            let is_ending = self.is_ending.load(Ordering::Relaxed);
            if !is_ending && self.sent() >= self.options.max_requests {
                return Err(Stop::Ended(format!(
                    "the {} requests of a run are spent",
                    self.options.max_requests
                )));
            }
            if !is_ending && self.began.elapsed() >= self.options.time_limit {
                return Err(Stop::Ended("the time of a run is over".into()));
            }
            self.sent.fetch_add(1, Ordering::Relaxed);
            let began = Instant::now();
            let (answer, seen) = match self.client.send(probe).await {
                Ok(both) => {
                    self.silence.store(0, Ordering::Relaxed);
                    both
                }
                Err(error) => {
                    let silent = self.silence.fetch_add(1, Ordering::Relaxed) + 1;
                    return Err(match silent >= MAX_SILENCE {
                        true => Stop::Ended(format!("the API does not answer any more: {error}")),
                        false => Stop::NoAnswer(error.to_string()),
                    });
                }
            };
            let took = began.elapsed();
            match wait_of(&answer).filter(|_| !is_last) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => {
                    let is_limited = answer.status == http::StatusCode::TOO_MANY_REQUESTS;
                    self.limited.fetch_add(usize::from(is_limited), Ordering::Relaxed);
                    return Ok((answer, seen, took));
                }
            }
        }
        Err(Stop::NoAnswer("a limit was reached".into()))
    }

    /// What an account was served by an operation.
    pub(crate) fn control(&self, at: usize, who: Who) -> Option<Arc<Control>> {
        let controls = lock(&self.controls);
        controls.iter().find(|control| control.endpoint == at && control.who == who).cloned()
    }

    /// One control for each operation that serves anybody: the attacker's first, then the victim's, then nobody's.
    pub(crate) fn controls(&self) -> Vec<Arc<Control>> {
        let order = [Who::Attacker, Who::Victim, Who::Nobody, Who::Administrator];
        (0..self.surface.endpoints.len())
            .filter_map(|at| order.iter().find_map(|who| self.control(at, *who)))
            .collect()
    }

    /// The same with the ordinary requests that were refused for another reason than access: for attacks whose proof needs
    /// no control.
    pub(crate) fn askable(&self) -> Vec<Arc<Control>> {
        let order = [Who::Attacker, Who::Victim, Who::Nobody, Who::Administrator];
        let refused = |at: usize| {
            let refused = order.iter().find_map(|who| self.refused(at, *who))?;
            let control = || Control {
                endpoint: at,
                who: refused.who,
                draft: refused.reply.draft.clone(),
                reply: refused.reply.clone(),
                mask: Mask::default(),
            };
            (!refused.reply.is_refusal_of_access()).then(|| Arc::new(control()))
        };
        let served = |at: usize| order.iter().find_map(|who| self.control(at, *who));
        let all = (0..self.surface.endpoints.len()).filter(|at| self.may_ask(*at));
        all.filter_map(|at| served(at).or_else(|| refused(at))).collect()
    }

    /// Why an operation serves nobody, in words for a report.
    pub(crate) fn why_not(&self, at: usize) -> Option<String> {
        let name = self.surface.endpoint(at).name();
        let refused = lock(&self.refused);
        let reply =
            refused.iter().filter(|refused| refused.endpoint == at).map(|refused| &refused.reply).next()?;
        Some(format!("{name}: the ordinary request is not served ({})", reply.answer.status))
    }

    /// The answer with which an account was refused an ordinary request.
    pub(crate) fn refused(&self, at: usize, who: Who) -> Option<Arc<Refused>> {
        lock(&self.refused).iter().find(|refused| refused.endpoint == at && refused.who == who).cloned()
    }

    pub(crate) fn keep(&self, control: Control) {
        lock(&self.refused)
            .retain(|refused| refused.endpoint != control.endpoint || refused.who != control.who);
        let mut controls = lock(&self.controls);
        controls.retain(|known| known.endpoint != control.endpoint || known.who != control.who);
        controls.push(Arc::new(control));
    }

    pub(crate) fn keep_refused(&self, new: Refused) {
        let mut refused = lock(&self.refused);
        refused.retain(|known| known.endpoint != new.endpoint || known.who != new.who);
        refused.push(Arc::new(new));
    }

    pub(crate) fn was_refused(&self, at: usize, who: Who, draft: &Draft) -> bool {
        lock(&self.asked).iter().any(|(known, same)| *known == who && same.endpoint == at && same == draft)
    }

    pub(crate) fn note_refused(&self, draft: &Draft, who: Who, _: &Reply) {
        lock(&self.asked).push((who, draft.clone()));
    }

    /// Learns the ids of an answer that was served.
    pub(crate) fn learn(&self, reply: &Reply, who: Who) {
        if let Some(value) = &reply.value {
            lock(&self.pool).learn(self.surface.endpoint(reply.draft.endpoint), &reply.draft, who, value);
        }
    }

    /// Forgets an object that is gone.
    pub(crate) fn forget(&self, id: &Value) {
        lock(&self.pool).forget(id);
        lock(&self.left).retain(|made| made.id != *id);
    }

    /// Keeps an answer of an operation for another attack, under a word.
    pub(crate) fn note(&self, at: usize, word: &'static str, reply: &Reply) {
        lock(&self.noted).entry((at, word)).or_insert_with(|| reply.clone());
    }

    /// An answer that was kept.
    pub(crate) fn noted(&self, at: usize, word: &'static str) -> Option<Reply> {
        lock(&self.noted).get(&(at, word)).cloned()
    }

    /// The values that fit a name: see [`Pool::candidates`].
    pub(crate) fn candidates(&self, name: &str, hint: &str, owned: Owned) -> Vec<Known> {
        lock(&self.pool).candidates(name, hint, None, owned)
    }

    /// What an account is known by: its name, its id.
    pub(crate) fn selves(&self, who: Who) -> Vec<String> {
        lock(&self.pool).selves(who)
    }

    /// Requests that an operation might serve to an account.
    pub(crate) async fn drafts(&self, at: usize, who: Who) -> Result<Vec<Draft>, Stop> {
        let endpoint = self.surface.endpoint(at);
        let mut current = None;
        if !endpoint.is_read() && !endpoint.is_creation() && endpoint.graphql.is_none() {
            current = self.read_at_same_path(endpoint, who).await?;
        }
        let found = drafts(&lock(&self.pool), at, endpoint, who, current.as_ref());
        if endpoint.graphql.is_none() && current.is_none() && sets_a_rank(endpoint) {
            return self.with_current(at, who, found).await;
        }
        Ok(found)
    }

    /// A request that sets what an account may do sets what it may do already, as lists show it; where nothing shows it,
    /// none is sent.
    async fn with_current(&self, at: usize, who: Who, found: Vec<Draft>) -> Result<Vec<Draft>, Stop> {
        let endpoint = self.surface.endpoint(at);
        let Some(first) = found.first() else { return Ok(found) };
        let Some((_, id)) = first.path.last() else { return Ok(found) };
        let Some(view) = self.view(first, &Value::from(id.as_str()), who).await? else {
            return Ok(Vec::new());
        };
        let now = Value::Object(view.object);
        let mut all = drafts(&lock(&self.pool), at, endpoint, who, Some(&now));
        all.retain(|draft| draft.path == first.path);
        Ok(all)
    }

    /// The object that an operation changes, as it is now.
    async fn read_at_same_path(&self, endpoint: &Endpoint, who: Who) -> Result<Option<Value>, Stop> {
        let same = |(_, other): &(usize, &Endpoint)| other.is_read() && other.path == endpoint.path;
        let Some((at, read)) = self.surface.endpoints.iter().enumerate().find(same) else { return Ok(None) };
        let Some(draft) = drafts(&lock(&self.pool), at, read, who, None).into_iter().next() else {
            return Ok(None);
        };
        let reply = self.ask(&draft, who).await?;
        Ok(reply.value.filter(|_| reply.is_served).map(unwrapped))
    }

    /// An ordinary request with a value in a slot, asked twice. `None` where it is not served, or not twice.
    pub(crate) async fn baseline(
        &self,
        control: &Control,
        slot: &Slot,
    ) -> Result<Option<Arc<Baseline>>, Stop> {
        let key = (control.endpoint, slot.clone());
        if let Some(known) = lock(&self.baselines).get(&key) {
            return Ok(known.clone());
        }
        let found = self.new_baseline(control, slot).await?.map(Arc::new);
        lock(&self.baselines).insert(key, found.clone());
        Ok(found)
    }

    /// The same, asked anew: for objects that an attack may have changed.
    pub(crate) async fn new_baseline(
        &self,
        control: &Control,
        slot: &Slot,
    ) -> Result<Option<Baseline>, Stop> {
        let Some(control) = self.renewed(control).await? else { return Ok(None) };
        let endpoint = self.surface.endpoint(control.endpoint);
        let draft = control.with_slot(endpoint, slot);
        let first = self.ask(&draft, control.who).await?;
        if !first.is_served {
            return Ok(None);
        }
        let reply = self.ask(&draft, control.who).await?;
        if !reply.is_served {
            return Ok(None);
        }
        let mask = Mask::between(&first, &reply).and(&control.mask);
        let text = reply.draft.text(slot).unwrap_or_default();
        Ok(Some(Baseline { who: control.who, draft, text, reply, mask }))
    }

    /// A control as it can be asked now: the same request, or one on a new object where the old one is gone.
    pub(crate) async fn renewed(&self, control: &Control) -> Result<Option<Control>, Stop> {
        let endpoint = self.surface.endpoint(control.endpoint);
        if endpoint.is_removal() {
            let new = self.draft_on_new(control.endpoint, control.who).await?;
            return Ok(new.map(|(draft, _)| Control { draft, ..control.clone() }));
        }
        let reply = self.ask(&control.draft, control.who).await?;
        if reply.is_served {
            return Ok(Some(Control { reply, ..control.clone() }));
        }
        self.revive().await?;
        let mut drafts = vec![control.draft.clone()];
        drafts.extend(self.drafts(control.endpoint, control.who).await?);
        for draft in drafts {
            let reply = self.ask(&draft, control.who).await?;
            if reply.is_served {
                let new = Control { draft, reply, ..control.clone() };
                self.keep(new.clone());
                return Ok(Some(new));
            }
        }
        Ok(None)
    }
}

/// The object within an envelope.
pub(crate) fn unwrapped(value: Value) -> Value {
    let Value::Object(members) = &value else { return value };
    let inner = ["data", "result", "payload", "response"].iter().find_map(|name| members.get(*name));
    let only = || (members.len() == 1).then(|| members.values().next()).flatten();
    match inner.or_else(only).filter(|inner| inner.is_object()) {
        Some(inner) => unwrapped(inner.clone()),
        None => value,
    }
}

/// How long a limit asks to wait, if that is worth it.
fn wait_of(answer: &crate::probe::Answer) -> Option<Duration> {
    if answer.status != http::StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let seconds: u64 = answer.header("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds)).filter(|wait| *wait <= MAX_WAIT)
}
