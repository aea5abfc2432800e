//! What an operator does with users: make, find, change, disable, delete, give out what is kept.

use serde_json::{Value, json};
use store::Millis;
use store::records::{Change, Committed, Expected, Kind, Record, Write};

use super::base::{BadPassword, Service};
use super::error::ServiceError;
use super::events::{AccountEvent, Step};
use super::passkeys::PASSKEY;
use super::registration::new_user;
use super::revocations::Revoked;
use super::sessions::{MAX_SESSIONS, SESSION};
use super::users::{Email, KnownUser, LOGIN_NAME, USER, User, UserId, by_email, by_id, list};
use crate::secrets::{Password, PasswordHash, random};

/// A user whom an operator makes: his address is taken as verified.
#[derive(Debug)]
pub struct NewUser {
    /// His id in the API behind the gate, which its objects name as their owner; without one, a random id is made.
    pub id: Option<UserId>,
    /// His address.
    pub email: Email,
    /// What he is called.
    pub name: Option<String>,
    /// His password, or the hash of it from elsewhere; none for one who sets it by a link.
    pub secret: NewSecret,
    /// His roles.
    pub roles: Vec<String>,
    /// His groups.
    pub groups: Vec<String>,
}

/// How a new user shows who he is.
#[derive(Debug)]
pub enum NewSecret {
    /// By this password.
    Password(Password),
    /// By the password of this hash, which is replaced when he logs in.
    Hash(PasswordHash),
    /// Not yet: he asks for a link.
    None,
}

/// Why a user was not made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotMade {
    /// The address or the id is somebody's.
    #[error("there is a user with this address or id")]
    Exists,
    /// The password will not do.
    #[error(transparent)]
    Bad(BadPassword),
}

/// All that is kept of a user, without what is secret.
pub type Exported = Value;

impl Service {
    /// Makes a user. Gives his id.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn add_user(&self, new: NewUser, now: Millis) -> Result<Result<String, NotMade>, ServiceError> {
        let password = match &new.secret {
            NewSecret::Password(password) => {
                if let Err(bad) = self.judge(password, &[new.email.as_str(), &self.settings.site]).await? {
                    return Ok(Err(NotMade::Bad(bad)));
                }
                Some(self.hasher.hash(password).await?)
            }
            NewSecret::Hash(hash) => Some(hash.as_str().to_owned()),
            NewSecret::None => None,
        };
        let id = new.id.map_or_else(random::id, |id| id.as_str().to_owned());
        let user = User {
            email: new.email.as_str().to_owned(),
            is_verified: true,
            name: new.name,
            password,
            roles: new.roles,
            groups: new.groups,
            created_at: now,
            ..User::default()
        };
        Ok(match self.records.commit(new_user(&id, &user, &new.email)?, now).await? {
            Committed::Conflict => Err(NotMade::Exists),
            Committed::Done => {
                self.administered(&id, "added");
                Ok(id)
            }
        })
    }

    /// A user by his address or his id.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn find_user(&self, named: &str, now: Millis) -> Result<Option<KnownUser>, ServiceError> {
        match Email::parse(named) {
            Ok(email) => by_email(&*self.records, &email, now).await,
            Err(_) => by_id(&*self.records, named, now).await,
        }
    }

    /// Users in the order of their ids, behind `after`; at most `limit`.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn users(
        &self,
        after: &str,
        limit: usize,
        now: Millis,
    ) -> Result<Vec<KnownUser>, ServiceError> {
        list(&*self.records, after, limit, now).await
    }

    /// Changes a user. All that he got before no longer holds: his roles stand in it.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn change_user(
        &self,
        id: &str,
        what: &'static str,
        change: impl Fn(&mut User),
        now: Millis,
    ) -> Result<bool, ServiceError> {
        for _ in 0..5 {
            let Some(mut known) = by_id(&*self.records, id, now).await? else { return Ok(false) };
            change(&mut known.user);
            // Sessions go on; the access tokens of before do not.
            known.user.tokens_revoked_until = now;
            let second = now / 1000;
            let revoked = Revoked::UserBefore(id.to_owned(), second);
            let revoke = revoked.write(self.forget_at(now)).map_err(|_| ServiceError::Library)?;
            let mut writes = vec![known.write()?, revoke];
            if known.user.is_disabled {
                for session in self.records.owned(SESSION, id, 2 * MAX_SESSIONS, now).await? {
                    writes.extend(self.end_writes(&session.id, now)?);
                }
                writes.extend(self.keys_ended(id, None, now).await?);
            }
            if self.records.commit(writes, now).await? == Committed::Done {
                self.revocations.note(revoked, self.forget_at(now));
                self.administered(id, what);
                return Ok(true);
            }
        }
        Err(ServiceError::Contended)
    }

    /// Deletes a user and all that is kept of him.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn delete_user(&self, id: &str, now: Millis) -> Result<bool, ServiceError> {
        let Some(known) = by_id(&*self.records, id, now).await? else { return Ok(false) };
        let delete =
            |kind: Kind, id: String| Write { kind, id, expected: Expected::Any, change: Change::Delete };
        let revoked = Revoked::UserBefore(id.to_owned(), now / 1000);
        let revoke = revoked.write(self.forget_at(now)).map_err(|_| ServiceError::Library)?;
        let mut writes = vec![delete(USER, id.to_owned()), revoke];
        if let Ok(email) = Email::parse(&known.user.email) {
            writes.push(delete(LOGIN_NAME, email.folded().to_owned()));
        }
        for session in self.records.owned(SESSION, id, 2 * MAX_SESSIONS, now).await? {
            writes.extend(self.end_writes(&session.id, now)?);
        }
        writes.extend(self.keys_ended(id, Some(self.forget_at(now)), now).await?);
        for passkey in self.records.owned(PASSKEY, id, MAX_KEPT, now).await? {
            writes.push(delete(PASSKEY, passkey.id));
        }
        for waiting in self.records.owned(super::pending::KIND, id, MAX_KEPT, now).await? {
            writes.push(delete(super::pending::KIND, waiting.id));
        }
        for identity in self.records.owned(super::providers::IDENTITY, id, MAX_KEPT, now).await? {
            writes.push(delete(super::providers::IDENTITY, identity.id));
        }
        self.records.commit(writes, now).await?;
        self.revocations.note(revoked, self.forget_at(now));
        self.administered(id, "deleted");
        Ok(true)
    }

    /// All that is kept of a user, without hashes and secrets.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn export_user(&self, id: &str, now: Millis) -> Result<Option<Exported>, ServiceError> {
        let Some(known) = by_id(&*self.records, id, now).await? else { return Ok(None) };
        let KnownUser { user, .. } = &known;
        let waiting = self.records.owned(super::pending::KIND, id, MAX_KEPT, now).await?;
        let expiry = |record: &Record| record.expires_at;
        Ok(Some(json!({
            "id": id,
            "email": user.email,
            "is_verified": user.is_verified,
            "name": user.name,
            "roles": user.roles,
            "groups": user.groups,
            "is_disabled": user.is_disabled,
            "created_at": user.created_at,
            "last_login_at": user.last_login_at,
            "language": user.language,
            "has_password": user.password.is_some(),
            "has_second_factor": user.has_second_factor(),
            "recovery_codes_left": user.recovery_codes_left(),
            "identities": self.identities(id, now).await?,
            "passkeys": self.passkeys(id, now).await?,
            "sessions": self.sessions(id, now).await?,
            "api_keys": self.keys_of(id, now).await?,
            "links_and_log_ins_that_wait_until": waiting.iter().filter_map(expiry).collect::<Vec<_>>(),
        })))
    }

    /// Takes away whatever a user shows beside his password, or in place of it, for one who has lost it.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn reset_second_factor(&self, id: &str, now: Millis) -> Result<bool, ServiceError> {
        self.remove_all_passkeys(id, now).await?;
        let change = |user: &mut User| (user.totp, user.recovery) = (None, None);
        self.change_user(id, "second factor taken away", change, now).await
    }

    /// One token no longer holds, by its `jti`.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn revoke_token(&self, jti: &str, now: Millis) -> Result<(), ServiceError> {
        let revoked = Revoked::Token(jti.to_owned());
        let write = revoked.write(self.forget_at(now)).map_err(|_| ServiceError::Library)?;
        self.records.commit(vec![write], now).await?;
        self.revocations.note(revoked, self.forget_at(now));
        self.administered("", "one token revoked");
        Ok(())
    }

    /// No token that was issued until now holds any longer, whoever's it is.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn revoke_all_tokens(&self, now: Millis) -> Result<(), ServiceError> {
        let revoked = Revoked::AllBefore(now / 1000);
        let write = revoked.write(self.forget_at(now)).map_err(|_| ServiceError::Library)?;
        self.records.commit(vec![write], now).await?;
        self.revocations.note(revoked, self.forget_at(now));
        self.administered("", "all tokens revoked");
        Ok(())
    }

    pub(crate) fn administered(&self, user: &str, what: &'static str) {
        let user = Some(user.to_owned()).filter(|user| !user.is_empty());
        self.events.tell(AccountEvent { step: Step::Administered, user, address: None, reason: what });
    }
}

/// Records of a user that are looked at together.
const MAX_KEPT: usize = 300;
