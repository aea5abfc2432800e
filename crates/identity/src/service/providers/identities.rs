//! Which identities of providers a user has linked. A record for each, under issuer and subject: there is one user for both, or
//! none.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::Millis;
use store::records::{Change, Committed, Expected, Kind, Write};

use crate::secrets::Password;
use crate::service::base::Service;
use crate::service::client::Client;
use crate::service::error::ServiceError;
use crate::service::events::Step;
use crate::service::passwords::NotChanged;
use crate::service::users::{KnownUser, by_id, put};

pub(crate) const KIND: Kind = "identity";
/// Identities of one user.
pub(super) const MAX: usize = 20;

/// An identity, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) user: String,
    pub(super) provider: String,
    pub(super) issuer: String,
    pub(super) subject: String,
    /// The address that the provider said when it was linked.
    pub(super) email: Option<String>,
    pub(super) linked_at: Millis,
}

/// An identity, as its user sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkedIdentity {
    /// Its id, to unlink it.
    pub id: String,
    /// The provider's name in paths.
    pub provider: String,
    /// The address that the provider said when it was linked.
    pub email: Option<String>,
    /// When it was linked.
    pub linked_at: Millis,
}

/// Why an identity is not linked, or stays linked.
#[derive(Debug, Clone, PartialEq)]
pub enum NotLinked {
    /// The password is wrong; or there is none, and the log in is long ago.
    Proof(NotChanged),
    /// It is the only way in that is left.
    LastOne,
    /// There is no such identity.
    Unknown,
}

impl Identity {
    /// The id of its record: a hash, because both texts are of the provider's making.
    pub(super) fn id(issuer: &str, subject: &str) -> String {
        use base64::Engine;
        let hash = Sha256::new().chain_update(issuer).chain_update([0]).chain_update(subject).finalize();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash)
    }

    /// The write that links it, if nobody has linked it.
    pub(super) fn write(&self) -> Result<Write, ServiceError> {
        Ok(Write {
            kind: KIND,
            id: Identity::id(&self.issuer, &self.subject),
            expected: Expected::Absent,
            change: put(Some(&self.user), None, self)?,
        })
    }
}

impl Service {
    /// Whose an identity is.
    pub(super) async fn user_of(
        &self,
        issuer: &str,
        subject: &str,
        now: Millis,
    ) -> Result<Option<KnownUser>, ServiceError> {
        let Some(record) = self.records.get(KIND, &Identity::id(issuer, subject), now).await? else {
            return Ok(None);
        };
        let identity: Identity =
            serde_json::from_str(&record.value).map_err(|e| ServiceError::unreadable(KIND, &e))?;
        // The hash has found it; that it is this one costs nothing to see.
        let is_it = identity.issuer == issuer && identity.subject == subject;
        match is_it {
            true => by_id(&*self.records, &identity.user, now).await,
            false => Ok(None),
        }
    }

    /// The identities that a user has linked.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn identities(&self, user: &str, now: Millis) -> Result<Vec<LinkedIdentity>, ServiceError> {
        let records = self.records.owned(KIND, user, MAX, now).await?;
        let view = |record: store::records::Record| {
            let identity: Identity =
                serde_json::from_str(&record.value).map_err(|e| ServiceError::unreadable(KIND, &e))?;
            let Identity { provider, email, linked_at, .. } = identity;
            Ok(LinkedIdentity { id: record.id, provider, email, linked_at })
        };
        let mut identities = records.into_iter().map(view).collect::<Result<Vec<_>, ServiceError>>()?;
        identities.sort_by_key(|identity| identity.linked_at);
        Ok(identities)
    }

    /// Whether whoever is logged in may change by what its user logs in: he knows the password. Who has none has logged in a
    /// moment ago.
    pub(super) async fn shows_himself(
        &self,
        (user, logged_in_at): (&str, Millis),
        password: &str,
        client: &Client,
        now: Millis,
    ) -> Result<Result<KnownUser, NotLinked>, ServiceError> {
        const RECENT: Millis = 10 * 60 * 1000;
        let known = by_id(&*self.records, user, now).await?.filter(|known| !known.user.is_disabled);
        let Some(known) = known else { return Ok(Err(NotLinked::Proof(NotChanged::Wrong))) };
        if known.user.password.is_none() {
            let is_recent = now < logged_in_at.saturating_add(RECENT);
            return Ok(if is_recent { Ok(known) } else { Err(NotLinked::Proof(NotChanged::Wrong)) });
        }
        let Ok(password) = Password::parse(password) else {
            return Ok(Err(NotLinked::Proof(NotChanged::Wrong)));
        };
        Ok(self.shows_password(user, &password, client, now).await?.map_err(NotLinked::Proof))
    }

    /// Unlinks an identity of a user, who shows once more that it is he. His sessions go on.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn unlink(
        &self,
        who: (&str, Millis),
        identity: &str,
        password: &str,
        client: &Client,
        now: Millis,
    ) -> Result<Result<(), NotLinked>, ServiceError> {
        let known = match self.shows_himself(who, password, client, now).await? {
            Ok(known) => known,
            Err(why) => return Ok(Err(why)),
        };
        let linked = self.records.owned(KIND, &known.id, MAX, now).await?;
        let Some(record) = linked.iter().find(|record| record.id == identity) else {
            return Ok(Err(NotLinked::Unknown));
        };
        if linked.len() == 1 && known.user.password.is_none() {
            return Ok(Err(NotLinked::LastOne));
        }
        let expected = Expected::Version(record.version);
        let delete = Write { kind: KIND, id: record.id.clone(), expected, change: Change::Delete };
        // The user is written with it, so that of two who unlink the last two at the same time one is told to look again.
        match self.records.commit(vec![delete, known.write()?], now).await? {
            Committed::Conflict => Err(ServiceError::Contended),
            Committed::Done => {
                self.tell(Step::ProviderUnlinked, Some(&known.id), client, "");
                Ok(Ok(()))
            }
        }
    }
}
