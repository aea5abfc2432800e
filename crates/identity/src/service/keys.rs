//! The keys that sign our tokens: made here, kept sealed, replaced in time.
//!
//! They stand in one record, so that of two gateways that replace a key at the same time one does. A new key is published some
//! time before it signs, so that whoever keeps our key set for a while knows it by then; an old one stays in the set until
//! the last token that it has signed has expired.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::records::{Change, Committed, Expected, Records, Write};
use store::{Millis, StoreError, millis};

use super::vault::{Vault, VaultError};
use crate::keys::VerificationKey;
use crate::secrets::random;

/// The `typ` of our access tokens (RFC 9068 §2.1), so that nothing else that we sign passes for one.
pub(crate) const ACCESS_TOKEN: &str = "at+jwt";
/// A new key is published so long before it signs.
const NOTICE: Duration = Duration::from_secs(3600);
/// What is left after the last token of a key has expired, for clocks that differ.
const SKEW: Duration = Duration::from_secs(300);
/// Of two gateways that change the keys at once, one reads again; more than a few rounds mean that something else is wrong.
const ROUNDS: usize = 5;

/// Why there is no key, or no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys in the store cannot be opened.
    #[error("the signing keys in the store cannot be opened: {0}")]
    Vault(#[from] VaultError),
    /// The record of the keys is not one that this version has written.
    #[error("the record of the signing keys cannot be read: {0}")]
    Record(String),
    /// Somebody else changes the keys all the time.
    #[error("the signing keys change under our hands")]
    Contended,
    /// The library fails.
    #[error("a key or a signature cannot be made: {0}")]
    Library(String),
}

/// Which keys there are, and when they are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigningKeys {
    /// How long a key signs.
    pub rotate_every: Duration,
    /// How long a token lives at most.
    pub token_lifetime: Duration,
}

/// The keys in force.
pub struct KeyRing {
    keys: ArcSwap<Vec<SigningKey>>,
}

struct SigningKey {
    stored: StoredKey,
    signing: EncodingKey,
    verification: VerificationKey,
}

/// The record.
#[derive(Debug, Default, Serialize, Deserialize)]
struct StoredKeys {
    keys: Vec<StoredKey>,
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
struct StoredKey {
    kid: String,
    /// From when it signs.
    signs_from: Millis,
    /// Until when a younger one has to be there.
    signs_until: Millis,
    /// PKCS #8, sealed.
    sealed: String,
    /// The public key (RFC 8037 §2, `x`).
    public: String,
}

const KIND: &str = "signing-keys";
const ID: &str = "ed25519";

impl KeyRing {
    /// The keys of a store; the first one is made if there is none.
    ///
    /// # Errors
    /// If the store does not answer, or its keys cannot be opened.
    pub async fn open(
        records: &dyn Records,
        vault: &Vault,
        settings: SigningKeys,
        now: Millis,
    ) -> Result<Self, IssueError> {
        let ring = KeyRing { keys: ArcSwap::from_pointee(Vec::new()) };
        ring.keep(records, vault, settings, now).await?;
        Ok(ring)
    }

    /// Whether a store has keys already, sealed under some master key.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn are_kept(records: &dyn Records, now: Millis) -> Result<bool, StoreError> {
        Ok(records.get(KIND, ID, now).await?.is_some())
    }

    /// Reads the keys again; makes a new one where the youngest has signed for long enough, and drops those whose tokens have
    /// expired. Call it every minute.
    ///
    /// # Errors
    /// If the store does not answer, or its keys cannot be opened. Those in force stay.
    pub async fn keep(
        &self,
        records: &dyn Records,
        vault: &Vault,
        settings: SigningKeys,
        now: Millis,
    ) -> Result<(), IssueError> {
        for _ in 0..ROUNDS {
            let record = records.get(KIND, ID, now).await?;
            let mut stored: StoredKeys = match &record {
                Some(record) => {
                    serde_json::from_str(&record.value).map_err(|e| IssueError::Record(e.to_string()))?
                }
                None => StoredKeys::default(),
            };
            if !stored.renew(vault, settings, now)? {
                return self.load(&stored, vault);
            }
            let expected =
                record.as_ref().map_or(Expected::Absent, |record| Expected::Version(record.version));
            let value = serde_json::to_string(&stored).map_err(|e| IssueError::Record(e.to_string()))?;
            let change = Change::Put { owner: None, expires_at: None, value };
            let write = Write { kind: KIND, id: ID.into(), expected, change };
            if records.commit(vec![write], now).await? == Committed::Done {
                return self.load(&stored, vault);
            }
        }
        Err(IssueError::Contended)
    }

    fn load(&self, stored: &StoredKeys, vault: &Vault) -> Result<(), IssueError> {
        let known = self.keys.load();
        if known.iter().map(|key| &key.stored).eq(&stored.keys) {
            return Ok(());
        }
        let keys: Result<Vec<SigningKey>, IssueError> =
            stored.keys.iter().map(|stored| SigningKey::open(stored, vault)).collect();
        self.keys.store(Arc::new(keys?));
        Ok(())
    }

    /// Signs the claims of an access token.
    ///
    /// # Errors
    /// If the library fails.
    pub fn sign(&self, claims: &Map<String, Value>, now: Millis) -> Result<String, IssueError> {
        self.sign_as(ACCESS_TOKEN, claims, now)
    }

    /// Signs the claims of a token of some type.
    ///
    /// # Errors
    /// If the library fails.
    pub(crate) fn sign_as(
        &self,
        kind: &str,
        claims: &Map<String, Value>,
        now: Millis,
    ) -> Result<String, IssueError> {
        let keys = self.keys.load();
        let active = keys.iter().rev().find(|key| key.stored.signs_from <= now).or(keys.first());
        let active = active.ok_or_else(|| IssueError::Library("there is no key".into()))?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(active.stored.kid.clone());
        header.typ = Some(kind.to_owned());
        encode(&header, claims, &active.signing).map_err(|e| IssueError::Library(e.to_string()))
    }

    /// The key that a token names.
    pub(crate) fn verification(&self, kid: &str) -> Option<VerificationKey> {
        let keys = self.keys.load();
        keys.iter().find(|key| key.stored.kid == kid).map(|key| key.verification.clone())
    }

    /// The public keys as a JWK set (RFC 7517), for those who verify our tokens themselves.
    pub fn public_set(&self) -> Value {
        let keys = self.keys.load();
        let keys: Vec<Value> = keys
            .iter()
            .map(|key| {
                json!({
                    "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
                    "kid": key.stored.kid, "x": key.stored.public,
                })
            })
            .collect();
        json!({ "keys": keys })
    }
}

impl StoredKeys {
    /// Adds and drops what the time asks for. Whether something has changed.
    fn renew(&mut self, vault: &Vault, settings: SigningKeys, now: Millis) -> Result<bool, IssueError> {
        let before = self.keys.len();
        let last_use = |key: &StoredKey| {
            key.signs_until.saturating_add(millis(settings.token_lifetime)).saturating_add(millis(SKEW))
        };
        let youngest = self.keys.last().map(|key| (key.kid.clone(), key.signs_until));
        let is_kept = |key: &StoredKey| {
            now < last_use(key) || youngest.as_ref().is_some_and(|(kid, _)| *kid == key.kid)
        };
        self.keys.retain(is_kept);
        let mut has_changed = self.keys.len() != before;
        let signs_from = match youngest {
            None => Some(now),
            // It signs until the new one does.
            Some((_, until)) if until <= now.saturating_add(millis(NOTICE)) => {
                Some(until.max(now.saturating_add(millis(NOTICE))))
            }
            Some(_) => None,
        };
        if let Some(signs_from) = signs_from {
            if let Some(last) = self.keys.last_mut() {
                last.signs_until = last.signs_until.max(signs_from);
            }
            self.keys.push(StoredKey::generate(vault, signs_from, settings)?);
            has_changed = true;
        }
        Ok(has_changed)
    }
}

impl StoredKey {
    fn generate(vault: &Vault, signs_from: Millis, settings: SigningKeys) -> Result<Self, IssueError> {
        let failed = |_| IssueError::Library("no key pair".into());
        let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(failed)?;
        let public = Ed25519KeyPair::from_pkcs8(pair.as_ref())
            .map_err(|e| IssueError::Library(e.to_string()))?
            .public_key()
            .as_ref()
            .to_vec();
        let kid = random::id();
        let sealed = vault.seal(&place(&kid), pair.as_ref())?;
        let signs_until = signs_from.saturating_add(millis(settings.rotate_every));
        Ok(StoredKey { kid, signs_from, signs_until, sealed, public: URL_SAFE_NO_PAD.encode(public) })
    }
}

fn place(kid: &str) -> String {
    format!("signing key {kid}")
}

impl SigningKey {
    fn open(stored: &StoredKey, vault: &Vault) -> Result<Self, IssueError> {
        let pkcs8 = vault.open(&place(&stored.kid), &stored.sealed)?;
        let key =
            DecodingKey::from_ed_components(&stored.public).map_err(|e| IssueError::Record(e.to_string()))?;
        Ok(SigningKey {
            stored: stored.clone(),
            signing: EncodingKey::from_ed_der(&pkcs8),
            verification: VerificationKey { kid: Some(stored.kid.clone()), algorithm: Algorithm::EdDSA, key },
        })
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys = self.keys.load();
        f.debug_list().entries(keys.iter().map(|key| &key.stored.kid)).finish()
    }
}
