//! API keys that are issued here: for programs that call the API without a person.
//!
//! A key is 256 random bits behind a prefix by which scanners of secrets know it, with a checksum behind it by which a mistyped
//! one is told from a wrong one without asking anybody. Kept is its hash. Every gateway has all of them in memory, and asks the
//! store several times a second which were issued or revoked elsewhere; a revoked one stays known as such.

use std::sync::Arc;

use serde::Serialize;
use store::Millis;
use store::records::{Committed, Expected, Record, Write};

use super::base::Service;
use super::error::ServiceError;
use super::events::{AccountEvent, Step};
use super::known_keys::{IssuedKeys, KIND, Kept, PREFIX, generate, hash, hex, is_key, read};
use super::users::{by_id, put};
use crate::secrets::random;

/// Keys of one owner that are looked at together.
const MAX_OWNED: usize = 100;

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
    /// How often it may be used, in the words of the policy: `100 per minute`.
    pub limits: Vec<String>,
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
    /// How often it may be used.
    pub limits: Vec<String>,
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
            limits: new.limits,
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
            true => self.issued.id_of(named),
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

/// The write of a key that has changed since its record was read.
fn kept_write(record: &Record, kept: &Kept, expires_at: Option<Millis>) -> Result<Write, ServiceError> {
    let change = put(record.owner.as_deref(), expires_at, kept)?;
    Ok(Write { kind: KIND, id: record.id.clone(), expected: Expected::Version(record.version), change })
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
        limits: kept.limits,
        created_at: kept.created_at,
        expires_at: kept.expires_at,
        revoked_at: kept.revoked_at,
        last_used_at: kept.last_used_at,
    })
}
