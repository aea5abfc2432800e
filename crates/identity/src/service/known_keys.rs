//! The API keys that were issued, as a gateway has them in memory: looked up by their hash.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use store::records::{Kind, Record, Records};
use store::{Millis, StoreError};
use subtle::ConstantTimeEq;

use super::error::ServiceError;
use crate::principal::{Credential, Principal};
use crate::secrets::random;

pub(crate) const KIND: Kind = "api-key";
/// How a key begins that was issued here.
pub const API_KEY_PREFIX: &str = "dwk_";
pub(super) const PREFIX: &str = API_KEY_PREFIX;
/// Characters of the secret, and of the checksum behind it.
const SECRET: usize = 43;
const CHECK: usize = 6;
/// A change is dated when its commit begins and seen when it ends: so far back every question reaches.
const OVERLAP: Millis = 10_000;
/// When a key was last used is kept to the minute.
const USED_EVERY: Millis = 60_000;

/// A key as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) name: String,
    /// SHA-256, hexadecimal.
    pub(super) hash: String,
    /// How the key begins, for people who look for theirs.
    pub(super) hint: String,
    pub(super) subject: String,
    #[serde(default)]
    pub(super) scopes: Vec<String>,
    #[serde(default)]
    pub(super) roles: Vec<String>,
    #[serde(default)]
    pub(super) limits: Vec<String>,
    pub(super) created_at: Millis,
    #[serde(default)]
    pub(super) expires_at: Option<Millis>,
    #[serde(default)]
    pub(super) revoked_at: Option<Millis>,
    #[serde(default)]
    pub(super) last_used_at: Option<Millis>,
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
    pub(super) fn used(&self) -> Vec<(String, Millis)> {
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
        if !kept.limits.is_empty() {
            claims.insert("limits".into(), kept.limits.into_iter().map(Value::String).collect());
        }
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

impl IssuedKeys {
    /// The id of a key, by the key itself.
    pub(super) fn id_of(&self, key: &str) -> Option<String> {
        self.known.read().by_hash.get(&hash(key)).map(|key| key.id.clone())
    }
}

pub(super) fn read(record: &Record) -> Result<Kept, ServiceError> {
    serde_json::from_str(&record.value).map_err(|e| ServiceError::unreadable(KIND, &e))
}

pub(super) fn generate() -> String {
    let secret = random::token();
    format!("{PREFIX}{secret}{}", checksum(&secret))
}

/// Whether a text is a key by its form and its checksum.
pub(super) fn is_key(text: &str) -> bool {
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

pub(super) fn hash(key: &str) -> [u8; 32] {
    random::hash_token(key)
}

pub(super) fn hex(bytes: &[u8]) -> String {
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
