//! Passkeys (WebAuthn Level 3): keys on devices of a user, which use them once they have verified him by PIN, finger or face.
//! Such a log in is a second factor in itself; no lock touches it, for nobody guesses a key.
//!
//! A ceremony has two halves, and the browser is in between. What the first began with waits in the store, five minutes at
//! most, and works once. Which site passkeys are for is said by the address of the service alone.

mod adding;
mod using;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::Millis;
use store::records::{Change, Committed, Expected, Kind, Record, Write};
use webauthn_rs::prelude::Passkey;

use super::base::Service;
use super::client::Client;
use super::error::ServiceError;
use super::events::Step;
use super::passwords::Changed;
use super::users::{by_id, put};

pub(crate) const PASSKEY: Kind = "passkey";
/// Passkeys of one user.
pub(crate) const MAX_PASSKEYS: usize = 20;
/// Characters of a passkey's name.
const MAX_NAME: usize = 64;

/// The first half of a ceremony, for the browser.
#[derive(Debug, Clone, PartialEq)]
pub struct Ceremony {
    /// Which ceremony it is; the second half names it.
    pub token: String,
    /// What `navigator.credentials` takes, under `publicKey`; binary values in base64url.
    pub options: Value,
}

/// A passkey, as its user sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PasskeyView {
    /// Its id here, which is not that of the credential.
    pub id: String,
    /// How its user calls it.
    pub name: String,
    /// When it was added.
    pub created_at: Millis,
    /// When it was last used.
    pub last_used_at: Option<Millis>,
}

/// Why there is no new passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPasskey {
    /// Browsers have no passkeys for the address of this service.
    NotHere,
    /// The password is wrong.
    Password,
    /// Too many passwords were wrong before.
    Locked(std::time::Duration),
    /// He has no password, and logged in too long ago.
    LogInAnew,
    /// He has as many as one may have.
    TooMany,
    /// The ceremony is over, or what the browser says does not belong to it.
    Wrong,
}

/// A passkey as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    name: String,
    created_at: Millis,
    last_used_at: Option<Millis>,
    key: Passkey,
}

/// A passkey with its place in the store.
struct Found {
    id: String,
    owner: String,
    version: u64,
    kept: Kept,
}

impl Found {
    fn of(record: Record) -> Result<Self, ServiceError> {
        let kept =
            serde_json::from_str(&record.value).map_err(|error| ServiceError::unreadable(PASSKEY, &error))?;
        let owner = record.owner.unwrap_or_default();
        Ok(Found { id: record.id, owner, version: record.version, kept })
    }

    fn write(&self) -> Result<Write, ServiceError> {
        let change = put(Some(&self.owner), None, &self.kept)?;
        Ok(Write { kind: PASSKEY, id: self.id.clone(), expected: Expected::Version(self.version), change })
    }

    fn delete(&self) -> Write {
        let (id, expected) = (self.id.clone(), Expected::Version(self.version));
        Write { kind: PASSKEY, id, expected, change: Change::Delete }
    }
}

/// The key of a record: ids of credentials are as long as their makers like.
fn id_of(credential: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(credential))
}

/// A name in one line of bounded length.
fn name_of(typed: &str) -> String {
    let clean: String = typed.chars().take(4 * MAX_NAME).filter(|c| !c.is_control()).collect();
    match clean.trim() {
        "" => "Passkey".to_owned(),
        name => name.chars().take(MAX_NAME).collect(),
    }
}

impl Service {
    /// Whether browsers have passkeys for this service.
    pub const fn has_passkeys(&self) -> bool {
        self.passkeys.is_some()
    }

    /// The passkeys of a user, the oldest first.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn passkeys(&self, user: &str, now: Millis) -> Result<Vec<PasskeyView>, ServiceError> {
        let found = self.passkeys_of(user, now).await?;
        let view = |Found { id, kept, .. }| PasskeyView {
            id,
            name: kept.name,
            created_at: kept.created_at,
            last_used_at: kept.last_used_at,
        };
        let mut views: Vec<PasskeyView> = found.into_iter().map(view).collect();
        views.sort_by_key(|passkey| passkey.created_at);
        Ok(views)
    }

    /// Gives a passkey another name. Whether it is one of the user's.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn name_passkey(
        &self,
        user: &str,
        passkey: &str,
        name: &str,
        now: Millis,
    ) -> Result<bool, ServiceError> {
        let Some(mut found) = self.passkey_of(user, passkey, now).await? else { return Ok(false) };
        found.kept.name = name_of(name);
        self.commit_or_again(vec![found.write()?], now).await?;
        Ok(true)
    }

    /// Removes a passkey. Whom to tell, if it was one of the user's.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn remove_passkey(
        &self,
        user: &str,
        passkey: &str,
        client: &Client,
        now: Millis,
    ) -> Result<Option<Changed>, ServiceError> {
        let Some(found) = self.passkey_of(user, passkey, now).await? else { return Ok(None) };
        let Some(known) = by_id(&*self.records, user, now).await? else { return Ok(None) };
        self.commit_or_again(vec![found.delete()], now).await?;
        self.tell(Step::PasskeyRemoved, Some(user), client, "by its user");
        Ok(Some(Changed { to: known.user.email, language: known.user.language }))
    }

    /// Removes all passkeys of a user, for an operator.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn remove_all_passkeys(&self, user: &str, now: Millis) -> Result<(), ServiceError> {
        let writes: Vec<Write> = self.passkeys_of(user, now).await?.iter().map(Found::delete).collect();
        if !writes.is_empty() {
            self.commit_or_again(writes, now).await?;
            self.administered(user, "passkeys removed");
        }
        Ok(())
    }

    async fn passkeys_of(&self, user: &str, now: Millis) -> Result<Vec<Found>, ServiceError> {
        let records = self.records.owned(PASSKEY, user, 2 * MAX_PASSKEYS, now).await?;
        records.into_iter().map(Found::of).collect()
    }

    async fn passkey_of(&self, user: &str, id: &str, now: Millis) -> Result<Option<Found>, ServiceError> {
        // What cannot be an id is nobody's; the store would refuse it.
        if id.len() != 43 {
            return Ok(None);
        }
        let found = self.records.get(PASSKEY, id, now).await?.map(Found::of).transpose()?;
        Ok(found.filter(|found| found.owner == user))
    }

    async fn commit_or_again(&self, writes: Vec<Write>, now: Millis) -> Result<(), ServiceError> {
        match self.records.commit(writes, now).await? {
            Committed::Done => Ok(()),
            Committed::Conflict => Err(ServiceError::Contended),
        }
    }
}
