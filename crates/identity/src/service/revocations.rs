//! What no longer holds although it is signed: sessions, single tokens, and all that a user got before a time.
//!
//! A revocation is a record until the last token that it touches has expired. Every gateway keeps all of them in memory, where a
//! verified token is looked up; it asks the store again several times a second, and knows its own at once.

use std::collections::HashMap;
use std::hash::Hash;

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::records::{Change, Expected, Record, Records, Write};
use store::{Millis, StoreError};

pub(crate) const KIND: &str = "revocation";
/// A change is dated when its commit begins and seen when it ends: so far back every question reaches.
const OVERLAP: Millis = 10_000;

/// What is revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Revoked {
    /// Every token of a session (`sid`).
    Session(String),
    /// One token (`jti`).
    Token(String),
    /// Every token of a user that was issued at this second or earlier.
    UserBefore(String, u64),
    /// Every token that was issued at this second or earlier.
    AllBefore(u64),
}

impl Revoked {
    fn id(&self) -> String {
        match self {
            Revoked::Session(sid) => format!("session:{sid}"),
            Revoked::Token(jti) => format!("token:{jti}"),
            Revoked::UserBefore(user, _) => format!("user:{user}"),
            Revoked::AllBefore(_) => "all".into(),
        }
    }

    /// The write that revokes it, to be committed with what goes with it. It is forgotten when the last token has expired.
    pub(crate) fn write(&self, forget_at: Millis) -> Result<Write, serde_json::Error> {
        let change =
            Change::Put { owner: None, expires_at: Some(forget_at), value: serde_json::to_string(self)? };
        Ok(Write { kind: KIND, id: self.id(), expected: Expected::Any, change })
    }
}

/// The revocations in force.
#[derive(Debug, Default)]
pub struct Revocations {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// With the time at which each is forgotten.
    sessions: HashMap<String, Millis>,
    tokens: HashMap<String, Millis>,
    users: HashMap<String, (u64, Millis)>,
    all_before: Option<u64>,
    /// The backend's time when it was last asked.
    asked_at: Millis,
    /// Those that are past are dropped when there are twice as many.
    swept: usize,
}

impl Revocations {
    /// Asks the store for what is new.
    ///
    /// # Errors
    /// If the store does not answer; what is known stays known.
    pub async fn refresh(&self, records: &dyn Records, now: Millis) -> Result<(), StoreError> {
        let since = self.known.read().asked_at.saturating_sub(OVERLAP);
        let (records, backend_now) = records.changed(KIND, since, now).await?;
        let mut known = self.known.write();
        for record in &records {
            known.add(record);
        }
        known.asked_at = backend_now;
        known.sweep(now);
        Ok(())
    }

    /// Knows one at once, that this gateway has written.
    pub(crate) fn note(&self, revoked: Revoked, forget_at: Millis) {
        self.known.write().insert(revoked, forget_at);
    }

    /// No token of this second or before holds; 0 where nobody has said so.
    pub(crate) fn all_before(&self) -> u64 {
        self.known.read().all_before.unwrap_or(0)
    }

    /// Whether the claims of a verified token of ours no longer hold.
    pub(crate) fn cover(&self, claims: &Map<String, Value>) -> bool {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        let issued = claims.get("iat").and_then(Value::as_u64).unwrap_or(0);
        let known = self.known.read();
        known.all_before.is_some_and(|before| issued <= before)
            || known.sessions.contains_key(text("sid"))
            || known.tokens.contains_key(text("jti"))
            || known.users.get(text("sub")).is_some_and(|(before, _)| issued <= *before)
    }
}

impl Known {
    fn add(&mut self, record: &Record) {
        let Ok(revoked) = serde_json::from_str(&record.value) else { return };
        self.insert(revoked, record.expires_at.unwrap_or(Millis::MAX));
    }

    fn insert(&mut self, revoked: Revoked, forget_at: Millis) {
        match revoked {
            Revoked::Session(sid) => later(&mut self.sessions, sid, forget_at),
            Revoked::Token(jti) => later(&mut self.tokens, jti, forget_at),
            Revoked::UserBefore(user, second) => {
                let entry = self.users.entry(user).or_insert((second, forget_at));
                *entry = (entry.0.max(second), entry.1.max(forget_at));
            }
            Revoked::AllBefore(second) => self.all_before = self.all_before.max(Some(second)),
        }
    }

    fn sweep(&mut self, now: Millis) {
        let count = self.sessions.len() + self.tokens.len() + self.users.len();
        if count < 2 * self.swept.max(1_000) {
            return;
        }
        self.sessions.retain(|_, forget_at| *forget_at > now);
        self.tokens.retain(|_, forget_at| *forget_at > now);
        self.users.retain(|_, (_, forget_at)| *forget_at > now);
        self.swept = self.sessions.len() + self.tokens.len() + self.users.len();
    }
}

fn later<K: Eq + Hash>(map: &mut HashMap<K, Millis>, key: K, forget_at: Millis) {
    let entry = map.entry(key).or_insert(forget_at);
    *entry = (*entry).max(forget_at);
}
