//! API keys that are issued here: for programs that call the API without a person.
//!
//! A key is 256 random bits behind a prefix by which scanners of secrets know it, with a checksum behind it by which a mistyped
//! one is told from a wrong one without asking anybody. Kept is its hash. Every gateway has all of them in memory, and asks the
//! store several times a second which were issued or revoked elsewhere; a revoked one stays known as such.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use store::records::{Committed, Expected, Kind, Record, Records, Write};
use store::{Millis, StoreError};
use subtle::ConstantTimeEq;

use super::base::Service;
use super::error::ServiceError;
use super::events::{AccountEvent, Step};
use super::users::{by_id, put};
use crate::principal::{Credential, Principal};
use crate::secrets::random;

pub(crate) const KIND: Kind = "api-key";
/// How a key begins that was issued here.
pub const API_KEY_PREFIX: &str = "dwk_";
const PREFIX: &str = API_KEY_PREFIX;
/// Characters of the secret, and of the checksum behind it.
const SECRET: usize = 43;
const CHECK: usize = 6;
/// Keys of one owner that are looked at together.
const MAX_OWNED: usize = 100;
/// A change is dated when its commit begins and seen when it ends: so far back every question reaches.
const OVERLAP: Millis = 10_000;
/// When a key was last used is kept to the minute.
const USED_EVERY: Millis = 60_000;

/// A key as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    name: String,
    /// SHA-256, hexadecimal.
    hash: String,
    /// How the key begins, for people who look for theirs.
    hint: String,
    subject: String,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
    created_at: Millis,
    #[serde(default)]
    expires_at: Option<Millis>,
    #[serde(default)]
    revoked_at: Option<Millis>,
    #[serde(default)]
    last_used_at: Option<Millis>,
}

/// A key that is to be issued.
#[derive(Debug, Clone, Default)]
pub struct NewKey {
    /// What it is for.
    pub name: String,
    /// Whose calls are those that come with it (`sub`); when not set, the key is its own subject, `key:` and its id.
    pub subject: Option<String>,
    /// Whether the subject is a user of ours: his keys end when he is disabled or deleted.
    pub is_of_user: bool,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Its roles.
    pub roles: Vec<String>,
    /// When it expires.
    pub expires_at: Option<Millis>,
}

/// A key, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyView {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// How it begins.
    pub hint: String,
    /// Whose calls come with it.
    pub subject: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Its roles.
    pub roles: Vec<String>,
    /// When it was issued.
    pub created_at: Millis,
    /// When it expires.
    pub expires_at: Option<Millis>,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Millis>,
}

/// Why no key was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotIssued {
    /// There is no such user, or he is disabled.
    #[error("there is no such user, or he is disabled")]
    NoUser,
    /// He has as many as can be kept in order.
    #[error("this subject has {MAX_OWNED} keys; revoke some")]
    TooMany,
}

impl Service {
    /// The keys, for whoever verifies them.
    pub fn issued_keys(&self) -> &Arc<IssuedKeys> {
        &self.issued
    }

    /// Issues a key. Gives its id and the key itself, which nobody can see again.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn issue_key(
        &self,
        new: NewKey,
        now: Millis,
    ) -> Result<Result<(String, String), NotIssued>, ServiceError> {
        let id = random::id();
        let subject = new.subject.unwrap_or_else(|| format!("key:{id}"));
        if new.is_of_user
            && by_id(&*self.records, &subject, now).await?.is_none_or(|known| known.user.is_disabled)
        {
            return Ok(Err(NotIssued::NoUser));
        }
        if self.records.owned(KIND, &subject, MAX_OWNED, now).await?.len() >= MAX_OWNED {
            return Ok(Err(NotIssued::TooMany));
        }
        let key = generate();
        let kept = Kept {
            name: new.name,
            hash: hex(&hash(&key)),
            hint: key.chars().take(PREFIX.len() + 4).collect(),
            subject,
            scopes: new.scopes,
            roles: new.roles,
            created_at: now,
            expires_at: new.expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        let change = put(Some(&kept.subject), None, &kept)?;
        let write = Write { kind: KIND, id: id.clone(), expected: Expected::Absent, change };
        if self.records.commit(vec![write], now).await? == Committed::Conflict {
            return Err(ServiceError::Contended);
        }
        self.issued.refresh(&*self.records, now).await?;
        self.tell_of_key(&kept.subject, "API key issued");
        Ok(Ok((id, key)))
    }

    /// All keys, also revoked and expired ones, in the order of their ids, behind `after`.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn keys_issued(
        &self,
        after: &str,
        limit: usize,
        now: Millis,
    ) -> Result<Vec<KeyView>, ServiceError> {
        self.records.list(KIND, after, limit, now).await?.iter().map(view).collect()
    }

    /// Revokes a key, by its id or by itself. Whether there is one.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn revoke_key(&self, named: &str, now: Millis) -> Result<bool, ServiceError> {
        let id = match is_key(named) {
            true => self.issued.known.read().by_hash.get(&hash(named)).map(|key| key.id.clone()),
            false => Some(named.to_owned()),
        };
        let Some(id) = id else { return Ok(false) };
        for _ in 0..5 {
            let Some(record) = self.records.get(KIND, &id, now).await? else { return Ok(false) };
            let mut kept = read(&record)?;
            if kept.revoked_at.is_some() {
                return Ok(true);
            }
            kept.revoked_at = Some(now);
            let write = kept_write(&record, &kept, None)?;
            if self.records.commit(vec![write], now).await? == Committed::Done {
                self.issued.refresh(&*self.records, now).await?;
                self.tell_of_key(&kept.subject, "API key revoked");
                return Ok(true);
            }
        }
        Err(ServiceError::Contended)
    }

    /// The keys of a user.
    pub(crate) async fn keys_of(&self, user: &str, now: Millis) -> Result<Vec<KeyView>, ServiceError> {
        self.records.owned(KIND, user, MAX_OWNED, now).await?.iter().map(view).collect()
    }

    /// The writes that revoke all keys of a user. They go at `forget_at`, if one is given: gateways learn nothing of what is
    /// deleted at once.
    pub(crate) async fn keys_ended(
        &self,
        user: &str,
        forget_at: Option<Millis>,
        now: Millis,
    ) -> Result<Vec<Write>, ServiceError> {
        let ended = |record: &Record| {
            let mut kept = read(record)?;
            kept.revoked_at = kept.revoked_at.or(Some(now));
            kept_write(record, &kept, forget_at)
        };
        self.records.owned(KIND, user, MAX_OWNED, now).await?.iter().map(ended).collect()
    }

    /// Notes when keys were last used. Call it every minute.
    pub(crate) async fn note_used_keys(&self, now: Millis) -> Result<(), ServiceError> {
        for (id, used_at) in self.issued.used() {
            let Some(record) = self.records.get(KIND, &id, now).await? else { continue };
            let mut kept = read(&record)?;
            if kept.last_used_at.is_some_and(|known| known >= used_at) {
                continue;
            }
            kept.last_used_at = Some(used_at);
            let write = kept_write(&record, &kept, record.expires_at)?;
            // Whoever was first has written something newer, or has revoked it.
            self.records.commit(vec![write], now).await?;
        }
        Ok(())
    }

    fn tell_of_key(&self, subject: &str, what: &'static str) {
        let user = Some(subject.to_owned());
        self.events.tell(AccountEvent { step: Step::Administered, user, address: None, reason: what });
    }
}

/// The keys in force, in memory.
#[derive(Debug, Default)]
pub struct IssuedKeys {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_hash: HashMap<[u8; 32], Arc<Issued>>,
    /// The backend's time when it was last asked.
    asked_at: Millis,
}

#[derive(Debug)]
struct Issued {
    id: String,
    principal: Arc<Principal>,
    expires_at: Millis,
    is_revoked: bool,
    /// When it was last used, and which of these times the store knows; milliseconds since 1970.
    used_at: AtomicU64,
    noted_at: AtomicU64,
}

impl IssuedKeys {
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
        Ok(())
    }

    /// The principal of a key at a time in seconds since 1970. Its hash is looked up, so the time that this takes reveals nothing
    /// about the key.
    pub(crate) fn verify(&self, key: &str, now: u64) -> Option<Arc<Principal>> {
        if !is_key(key) {
            return None;
        }
        let hash = hash(key);
        let now = now.saturating_mul(1000);
        let known = self.known.read();
        let (held, issued) = known.by_hash.get_key_value(&hash)?;
        let is_same = bool::from(held.ct_eq(&hash));
        if !is_same || issued.is_revoked || now >= issued.expires_at {
            return None;
        }
        issued.used_at.fetch_max(now, Ordering::Relaxed);
        Some(Arc::clone(&issued.principal))
    }

    /// Keys that were used since the store was last told, with when.
    fn used(&self) -> Vec<(String, Millis)> {
        let known = self.known.read();
        let is_news = |issued: &&Arc<Issued>| {
            let used = issued.used_at.load(Ordering::Relaxed);
            used >= issued.noted_at.load(Ordering::Relaxed).saturating_add(USED_EVERY)
        };
        let tell = |issued: &Arc<Issued>| {
            let used = issued.used_at.load(Ordering::Relaxed);
            issued.noted_at.store(used, Ordering::Relaxed);
            (issued.id.clone(), used)
        };
        known.by_hash.values().filter(is_news).map(tell).collect()
    }
}

impl Known {
    fn add(&mut self, record: &Record) {
        let Ok(kept) = read(record) else { return };
        let Some(hash) = unhex(&kept.hash) else { return };
        let before = self.by_hash.get(&hash);
        let used = before.map_or(0, |before| before.used_at.load(Ordering::Relaxed));
        let noted = before.map_or(0, |before| before.noted_at.load(Ordering::Relaxed));
        let kept_at = kept.last_used_at.unwrap_or(0);
        let mut claims = Map::new();
        claims.insert("sub".into(), Value::String(kept.subject.clone()));
        claims.insert("key".into(), Value::String(record.id.clone()));
        if !kept.roles.is_empty() {
            claims.insert("roles".into(), kept.roles.iter().cloned().map(Value::String).collect());
        }
        let principal =
            Principal { subject: kept.subject, claims, scopes: kept.scopes, credential: Credential::ApiKey };
        let issued = Issued {
            id: record.id.clone(),
            principal: Arc::new(principal),
            expires_at: kept.expires_at.unwrap_or(Millis::MAX),
            is_revoked: kept.revoked_at.is_some(),
            used_at: AtomicU64::new(used.max(kept_at)),
            noted_at: AtomicU64::new(noted.max(kept_at)),
        };
        self.by_hash.insert(hash, Arc::new(issued));
    }
}

/// The write of a key that has changed since its record was read.
fn kept_write(record: &Record, kept: &Kept, expires_at: Option<Millis>) -> Result<Write, ServiceError> {
    let change = put(record.owner.as_deref(), expires_at, kept)?;
    Ok(Write { kind: KIND, id: record.id.clone(), expected: Expected::Version(record.version), change })
}

fn read(record: &Record) -> Result<Kept, ServiceError> {
    serde_json::from_str(&record.value).map_err(|e| ServiceError::unreadable(KIND, &e))
}

fn view(record: &Record) -> Result<KeyView, ServiceError> {
    let kept = read(record)?;
    Ok(KeyView {
        id: record.id.clone(),
        name: kept.name,
        hint: kept.hint,
        subject: kept.subject,
        scopes: kept.scopes,
        roles: kept.roles,
        created_at: kept.created_at,
        expires_at: kept.expires_at,
        revoked_at: kept.revoked_at,
        last_used_at: kept.last_used_at,
    })
}

fn generate() -> String {
    let secret = random::token();
    format!("{PREFIX}{secret}{}", checksum(&secret))
}

/// Whether a text is a key by its form and its checksum.
fn is_key(text: &str) -> bool {
    let secret = text.strip_prefix(PREFIX).filter(|rest| rest.len() == SECRET + CHECK);
    secret
        .and_then(|rest| rest.split_at_checked(SECRET))
        .is_some_and(|(secret, check)| check == checksum(secret))
}

/// It guards against slips of the pen, and against nothing else.
fn checksum(secret: &str) -> String {
    use base64::Engine;
    let digest = Sha256::digest([b"doorward api key ", secret.as_bytes()].concat());
    let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest);
    text.chars().take(CHECK).collect()
}

fn hash(key: &str) -> [u8; 32] {
    random::hash_token(key)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_form() {
        let key = generate();
        assert!(is_key(&key) && key.starts_with(PREFIX), "{key}");
        let swap = |c: char| if c == 'A' { 'B' } else { 'A' };
        let mistyped: String =
            key.chars().enumerate().map(|(at, c)| if at == 10 { swap(c) } else { c }).collect();
        let cut: String = key.chars().skip(1).collect();
        for text in ["", "dwk_", &mistyped, &cut, &format!("{key}x"), &key.to_uppercase()] {
            assert!(!is_key(text), "{text}");
        }
        assert_eq!(unhex(&hex(&hash(&key))), Some(hash(&key)));
    }
}
