//! Registering: it tells nobody whether an address has an account, but its owner by mail.

use std::time::Duration;

use store::records::{Committed, Expected, Write};
use store::{Millis, millis};

use super::base::{BadPassword, Service};
use super::client::Client;
use super::error::ServiceError;
use super::events::Step;
use super::pending::{MailedLink, Mailing, Pending};
use super::users::{Email, KnownUser, LOGIN_NAME, USER, User, by_email, put};
use crate::secrets::{Password, random};

/// What is mailed after somebody has registered. He who did is told the same in both cases: to look into his mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    /// A link that shows that mail reaches him.
    Verify(MailedLink),
    /// That he has an account already, and somebody has tried to register with his address.
    Exists {
        /// Whom to write to.
        to: String,
        /// In which language.
        language: Option<String>,
    },
}

impl Service {
    /// Makes an account that waits for its address to be verified. Nothing is written to an address that was written to often
    /// lately.
    ///
    /// # Errors
    /// If the store does not answer, or too many passwords are being hashed.
    pub async fn register(
        &self,
        email: &Email,
        password: &Password,
        language: Option<&str>,
        client: &Client,
        now: Millis,
    ) -> Result<Result<Option<Registration>, BadPassword>, ServiceError> {
        if let Err(bad) = self.judge(password, &[email.as_str(), &self.settings.site]).await? {
            return Ok(Err(bad));
        }
        if !self.may_write(email, Mailing::Registration, now).await? {
            return Ok(Ok(None));
        }
        // Also for an address that has an account, so that both take as long.
        let hash = self.hasher.hash(password).await?;
        let language = language.map(str::to_owned);
        let user = User {
            email: email.as_str().to_owned(),
            password: Some(hash),
            created_at: now,
            lapses_at: Some(lapse(now)),
            language: language.clone(),
            ..User::default()
        };
        let id = random::id();
        let (token, waits) = self.pending(&verification(&id, email), now)?;
        let mut writes = new_user(&id, &user, email)?;
        writes.push(waits);
        if self.records.commit(writes, now).await? == Committed::Done {
            self.tell(Step::Registered, Some(&id), client, "");
            return Ok(Ok(Some(Registration::Verify(MailedLink { to: user.email, token, language }))));
        }
        let known = by_email(&*self.records, email, now).await?;
        if let Some(mut known) =
            known.clone().filter(|known| !known.user.is_verified && !known.user.is_disabled)
        {
            // Nobody has shown that the address is his: the last one who says so may try.
            known.user.password.clone_from(&user.password);
            known.user.language.clone_from(&language);
            let (token, waits) = self.pending(&verification(&known.id, email), now)?;
            known.user.lapses_at = Some(lapse(now));
            let mut writes = vec![known.write()?, waits];
            writes.extend(self.name_write(&known, now).await?);
            if self.records.commit(writes, now).await? == Committed::Conflict {
                return Err(ServiceError::Contended);
            }
            self.tell(Step::Registered, Some(&known.id), client, "once more");
            return Ok(Ok(Some(Registration::Verify(MailedLink { to: user.email, token, language }))));
        }
        // As much is written as for a new account: a link that nobody gets.
        let (_, nobodys) = self.pending(&verification(&random::id(), email), now)?;
        self.records.commit(vec![nobodys], now).await?;
        let id = known.as_ref().map(|known| known.id.clone());
        self.tell(Step::RegisteredAgain, id.as_deref(), client, "the address has an account");
        let known = known.map_or((user.email, language), |known| (known.user.email, known.user.language));
        Ok(Ok(Some(Registration::Exists { to: known.0, language: known.1 })))
    }

    /// Another link for an address that has not been verified yet. Nothing where there is nothing to verify.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn verify_again(&self, email: &Email, now: Millis) -> Result<Option<MailedLink>, ServiceError> {
        let known = by_email(&*self.records, email, now).await?;
        let Some(mut known) = known.filter(|known| !known.user.is_verified && !known.user.is_disabled) else {
            return Ok(None);
        };
        if !self.may_write(email, Mailing::Registration, now).await? {
            return Ok(None);
        }
        let (token, waits) = self.pending(&verification(&known.id, email), now)?;
        known.user.lapses_at = Some(lapse(now));
        let mut writes = vec![known.write()?, waits];
        writes.extend(self.name_write(&known, now).await?);
        if self.records.commit(writes, now).await? == Committed::Conflict {
            return Err(ServiceError::Contended);
        }
        Ok(Some(MailedLink { to: known.user.email, token, language: known.user.language }))
    }

    /// The address that the token of a link is for.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn verifies(&self, token: &str, now: Millis) -> Result<Option<String>, ServiceError> {
        Ok(match self.find_pending(token, now).await?.map(|found| found.pending) {
            Some(Pending::Verification { email, .. }) => Some(email),
            _ => None,
        })
    }

    /// Takes the token of a link, and the password: who registers with an address of somebody else knows that, but gets no
    /// mail, and who gets the mail did not choose it. Whether both held.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn verify(
        &self,
        token: &str,
        password: &Password,
        client: &Client,
        now: Millis,
    ) -> Result<bool, ServiceError> {
        let Some(found) = self.find_pending(token, now).await? else { return Ok(false) };
        let Pending::Verification { user, email } = &found.pending else { return Ok(false) };
        let known = self.shows_password(user, password, client, now).await?.ok();
        let Some(mut known) = known.filter(|known| known.user.email == *email) else { return Ok(false) };
        let mut writes = vec![found.used()];
        writes.extend(self.verified(&mut known, now).await?);
        writes.push(known.write()?);
        let done = self.records.commit(writes, now).await? == Committed::Done;
        if done {
            self.tell(Step::Verified, Some(&known.id), client, "link");
        }
        Ok(done)
    }

    /// Mail has reached a user: he does not lapse any more. The write that goes with his own.
    pub(crate) async fn verified(
        &self,
        known: &mut KnownUser,
        now: Millis,
    ) -> Result<Option<Write>, ServiceError> {
        known.user.is_verified = true;
        if known.user.lapses_at.take().is_none() {
            return Ok(None);
        }
        self.name_write(known, now).await
    }

    /// The write by which the address of a user lapses when he does. None where it is not his.
    async fn name_write(&self, known: &KnownUser, now: Millis) -> Result<Option<Write>, ServiceError> {
        let Ok(email) = Email::parse(&known.user.email) else { return Ok(None) };
        let name = self.records.get(LOGIN_NAME, email.folded(), now).await?;
        let name = name.filter(|name| name.owner.as_deref() == Some(&*known.id));
        let write = |name: store::records::Record| {
            Ok(Write {
                kind: LOGIN_NAME,
                expected: Expected::Version(name.version),
                change: put(Some(&known.id), known.user.lapses_at, &known.id)?,
                id: name.id,
            })
        };
        name.map(write).transpose()
    }
}

/// When an account goes whose address was not verified.
fn lapse(now: Millis) -> Millis {
    const AFTER: Duration = Duration::from_secs(3 * 24 * 3600);
    now.saturating_add(millis(AFTER))
}

fn verification(user: &str, email: &Email) -> Pending {
    Pending::Verification { user: user.to_owned(), email: email.as_str().to_owned() }
}

/// The writes that make a user: none of them happens where the address has one.
pub(crate) fn new_user(id: &str, user: &User, email: &Email) -> Result<Vec<Write>, ServiceError> {
    let name = Write {
        kind: LOGIN_NAME,
        id: email.folded().to_owned(),
        expected: Expected::Absent,
        change: put(Some(id), user.lapses_at, &id)?,
    };
    let user = Write {
        kind: USER,
        id: id.to_owned(),
        expected: Expected::Absent,
        change: put(Some(id), user.lapses_at, user)?,
    };
    Ok(vec![name, user])
}
