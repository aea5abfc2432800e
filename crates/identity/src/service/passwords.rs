//! Changing a password, and setting a new one where the old one is forgotten.

use std::time::Duration;

use store::Millis;
use store::records::Committed;

use super::base::{BadPassword, Service};
use super::client::Client;
use super::error::ServiceError;
use super::events::Step;
use super::lockout::{Attempt, Counted, NoFailure, begin, forget, take_back};
use super::pending::{MailedLink, Mailing, Pending, digest};
use super::revocations::Revoked;
use super::sessions::{MAX_SESSIONS, SESSION};
use super::users::{Email, KnownUser, by_email, by_id};
use crate::secrets::{Outcome, Password, PasswordHash, random};

/// Why a password was not changed.
#[derive(Debug, Clone, PartialEq)]
pub enum NotChanged {
    /// The old one is wrong, the link does not hold any more, or the user is gone.
    Wrong,
    /// Too many were wrong before. Come again in so long.
    Locked(Duration),
    /// The new one will not do.
    Bad(BadPassword),
}

/// Whom to tell that a password was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// His address.
    pub to: String,
    /// His language.
    pub language: Option<String>,
}

impl Service {
    /// Changes the password of a user who knows the old one. His other sessions end.
    ///
    /// # Errors
    /// If the store does not answer, or too many passwords are being hashed.
    pub async fn change_password(
        &self,
        user: &str,
        session: &str,
        (old, new): (&Password, &Password),
        client: &Client,
        now: Millis,
    ) -> Result<Result<Changed, NotChanged>, ServiceError> {
        let known = match self.shows_password(user, old, client, now).await? {
            Ok(known) => known,
            Err(why) => return Ok(Err(why)),
        };
        self.set_password(known, new, Some(session), Vec::new(), client, now).await
    }

    /// Whether whoever is logged in as a user knows his password: whoever has taken over a session may not.
    pub(crate) async fn shows_password(
        &self,
        user: &str,
        password: &Password,
        client: &Client,
        now: Millis,
    ) -> Result<Result<KnownUser, NotChanged>, ServiceError> {
        let counted = [Counted::Account(format!("password:{user}"))];
        match begin(&*self.records, self.settings.lockout, &counted, "", now).await? {
            Attempt::Open { .. } => {}
            Attempt::Locked(wait) => return Ok(Err(NotChanged::Locked(wait))),
            Attempt::Crowded => return Ok(Err(NotChanged::Locked(Duration::from_secs(1)))),
        }
        let known = by_id(&*self.records, user, now).await?.filter(|known| !known.user.is_disabled);
        let hash = known.as_ref().and_then(|known| known.user.password.as_deref());
        let hash = hash.and_then(|hash| PasswordHash::parse(hash).ok());
        let is_right = match self.hasher.verify(password, hash.as_ref()).await {
            Ok(outcome) => outcome != Outcome::Wrong,
            Err(busy) => {
                take_back(&*self.records, self.settings.lockout, &counted, NoFailure::NotLookedAt, now)
                    .await?;
                return Err(busy.into());
            }
        };
        let Some(known) = known.filter(|_| is_right) else {
            self.tell(Step::LogInFailed, Some(user), client, "password, asked for once more");
            return Ok(Err(NotChanged::Wrong));
        };
        take_back(&*self.records, self.settings.lockout, &counted, NoFailure::Right(""), now).await?;
        Ok(Ok(known))
    }

    /// A link by which the owner of an address sets a new password. Nothing where there is no account: whoever asks is told
    /// the same.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn ask_reset(
        &self,
        email: &Email,
        client: &Client,
        now: Millis,
    ) -> Result<Option<MailedLink>, ServiceError> {
        let known = by_email(&*self.records, email, now).await?.filter(|known| !known.user.is_disabled);
        let who = known.as_ref().map(|known| known.id.as_str());
        self.tell(Step::ResetAsked, who, client, "");
        let may_write = self.may_write(email, Mailing::Reset, now).await?;
        // As much is written for an address that nobody has: to a link that nobody gets.
        let user = known.as_ref().map_or_else(random::id, |known| known.id.clone());
        let was = known.as_ref().and_then(|known| known.user.password.clone()).unwrap_or_default();
        let (token, write) = self.pending(&Pending::Reset { user, was: digest(&was) }, now)?;
        if may_write {
            self.records.commit(vec![write], now).await?;
        }
        let Some(known) = known.filter(|_| may_write) else { return Ok(None) };
        Ok(Some(MailedLink { to: known.user.email, token, language: known.user.language }))
    }

    /// Whether the token of such a link still holds.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn reset_holds(&self, token: &str, now: Millis) -> Result<bool, ServiceError> {
        let found = self.find_pending(token, now).await?;
        Ok(found.is_some_and(|found| matches!(found.pending, Pending::Reset { .. })))
    }

    /// Sets a new password by the token of a link. All sessions end; the address is verified, because mail has reached it. The
    /// cookie says that this device is the owner's, so that he can log in although strangers guess.
    ///
    /// # Errors
    /// If the store does not answer, or too many passwords are being hashed.
    pub async fn reset(
        &self,
        token: &str,
        new: &Password,
        client: &Client,
        now: Millis,
    ) -> Result<Result<(Changed, String), NotChanged>, ServiceError> {
        let Some(found) = self.find_pending(token, now).await? else { return Ok(Err(NotChanged::Wrong)) };
        let Pending::Reset { user, was } = &found.pending else { return Ok(Err(NotChanged::Wrong)) };
        let known = by_id(&*self.records, user, now).await?.filter(|known| {
            let is_same = digest(known.user.password.as_deref().unwrap_or_default()) == *was;
            is_same && !known.user.is_disabled
        });
        let Some(mut known) = known else { return Ok(Err(NotChanged::Wrong)) };
        let mut writes = vec![found.used()];
        writes.extend(self.verified(&mut known, now).await?);
        let user = known.id.clone();
        let changed = match self.set_password(known, new, None, writes, client, now).await? {
            Ok(changed) => changed,
            Err(why) => return Ok(Err(why)),
        };
        let Some(known) = by_id(&*self.records, &user, now).await? else {
            return Ok(Err(NotChanged::Wrong));
        };
        let mut counted = vec![
            Counted::Account(format!("password:{user}")),
            Counted::Account(format!("code:{user}")),
            Counted::Devices(user.clone()),
            Counted::Devices(format!("code:{user}")),
        ];
        if let Ok(email) = Email::parse(&known.user.email) {
            counted.push(Counted::Account(self.account_mark(&email)));
        }
        forget(&*self.records, &counted, now).await?;
        Ok(Ok((changed, self.device_cookie(&known, None))))
    }

    /// Writes a new password, ends every session but one, and does what goes with it.
    async fn set_password(
        &self,
        mut known: KnownUser,
        new: &Password,
        kept: Option<&str>,
        mut writes: Vec<store::records::Write>,
        client: &Client,
        now: Millis,
    ) -> Result<Result<Changed, NotChanged>, ServiceError> {
        if let Err(bad) = self.judge(new, &[&known.user.email, &self.settings.site]).await? {
            return Ok(Err(NotChanged::Bad(bad)));
        }
        known.user.password = Some(self.hasher.hash(new).await?);
        let ended = self.others(&known.id, kept, now).await?;
        for id in &ended {
            writes.extend(self.end_writes(id, now)?);
        }
        if kept.is_none() {
            known.user.revoked_until = now;
            writes.push(self.revocation(&known.id, now)?);
        }
        writes.push(known.write()?);
        if self.records.commit(writes, now).await? == Committed::Conflict {
            return Err(ServiceError::Contended);
        }
        for id in ended {
            self.revocations.note(Revoked::Session(id), self.forget_at(now));
        }
        if kept.is_none() {
            self.revocations.note(Revoked::UserBefore(known.id.clone(), now / 1000), self.forget_at(now));
        }
        self.tell(
            Step::PasswordChanged,
            Some(&known.id),
            client,
            if kept.is_some() { "by its user" } else { "link" },
        );
        Ok(Ok(Changed { to: known.user.email, language: known.user.language }))
    }

    /// The sessions of a user but one.
    async fn others(&self, user: &str, kept: Option<&str>, now: Millis) -> Result<Vec<String>, ServiceError> {
        let sessions = self.records.owned(SESSION, user, 2 * MAX_SESSIONS, now).await?;
        Ok(sessions.into_iter().map(|record| record.id).filter(|id| Some(id.as_str()) != kept).collect())
    }

    fn revocation(&self, user: &str, now: Millis) -> Result<store::records::Write, ServiceError> {
        let revoked = Revoked::UserBefore(user.to_owned(), now / 1000);
        revoked.write(self.forget_at(now)).map_err(|_| ServiceError::Library)
    }

    /// Ends all sessions of a user, and all that they gave.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn log_out_everywhere(
        &self,
        user: &str,
        client: &Client,
        now: Millis,
    ) -> Result<(), ServiceError> {
        let Some(mut known) = by_id(&*self.records, user, now).await? else { return Ok(()) };
        let ended = self.others(user, None, now).await?;
        let mut writes = vec![self.revocation(user, now)?];
        for id in &ended {
            writes.extend(self.end_writes(id, now)?);
        }
        known.user.revoked_until = now;
        writes.push(known.write()?);
        if self.records.commit(writes, now).await? == Committed::Conflict {
            return Err(ServiceError::Contended);
        }
        self.revocations.note(Revoked::UserBefore(user.to_owned(), now / 1000), self.forget_at(now));
        self.tell(Step::LoggedOutEverywhere, Some(user), client, "");
        Ok(())
    }

    /// Ends one session of a user. Whether it was his.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn end_session(
        &self,
        user: &str,
        session: &str,
        step: Step,
        client: &Client,
        now: Millis,
    ) -> Result<bool, ServiceError> {
        let record = self.records.get(SESSION, session, now).await?;
        if record.is_none_or(|record| record.owner.as_deref() != Some(user)) {
            return Ok(false);
        }
        self.end_sessions(&[session.to_owned()], now).await?;
        self.tell(step, Some(user), client, "");
        Ok(true)
    }
}
