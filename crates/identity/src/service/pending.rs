//! What waits for its second half: a log in for its code, an address for its link, a reset for a new password.
//!
//! Each is a record under the hash of a token that only one person has. It expires, and works once: to use it is to delete it,
//! in one commit with what comes of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::records::{Change, Expected, Kind, Write};
use store::{Millis, millis};

use super::base::Service;
use super::client::Client;
use super::error::ServiceError;
use super::events::Step;
use super::lockout::{Attempt, Counted, LockoutRules, begin};
use super::provider::away::Away;
use super::provider::kept::FromProvider;
use super::relying_party::CEREMONY;
use super::sessions::Method;
use super::users::{Email, put};
use crate::secrets::random;

pub(crate) const KIND: Kind = "pending";

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Pending {
    /// The second factor of a log in.
    SecondFactor {
        /// Who logs in.
        user: String,
        /// What he has shown already.
        methods: Vec<Method>,
        /// Codes that were wrong.
        failures: u32,
        /// His password then.
        was: String,
        /// When it began.
        begun_at: Millis,
        /// The provider by which it began, if it did.
        #[serde(default)]
        from: Option<FromProvider>,
    },
    /// The return of somebody who logs in with a provider.
    Away(Away),
    /// The answer of a browser to a log in with a passkey.
    Passkey {
        /// The log in that it is the second factor of.
        behind: Option<Behind>,
        /// What it began with.
        state: String,
    },
    /// A new passkey from a browser.
    NewPasskey {
        /// Whose.
        user: String,
        /// When it began.
        begun_at: Millis,
        /// What it began with.
        state: String,
    },
    /// The link in a mail to a new address.
    Verification {
        /// Whose address it is.
        user: String,
        /// The address that the link was sent to.
        email: String,
    },
    /// The link in a mail to who forgot his password.
    Reset {
        /// Who.
        user: String,
        /// His password when the link was asked for: one that was changed since ends the link.
        was: String,
    },
}

/// A log in that waits for its second factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Behind {
    /// Who logs in.
    pub(crate) user: String,
    /// The id of what waits.
    pub(crate) log_in: String,
}

/// Why somebody is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mailing {
    /// His address is to be verified, or somebody has registered with it once more.
    Registration,
    /// A new password.
    Reset,
}

impl Mailing {
    const fn word(self) -> &'static str {
        match self {
            Mailing::Registration => "registration",
            Mailing::Reset => "reset",
        }
    }
}

/// What goes into a mail with a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailedLink {
    /// Whom to write to.
    pub to: String,
    /// The token of the link.
    pub token: String,
    /// In which language.
    pub language: Option<String>,
}

impl Pending {
    pub(crate) const fn lifetime(&self) -> Duration {
        match self {
            Pending::SecondFactor { .. } | Pending::Away(_) => Duration::from_secs(10 * 60),
            Pending::Passkey { .. } | Pending::NewPasskey { .. } => CEREMONY,
            Pending::Verification { .. } => Duration::from_secs(24 * 3600),
            Pending::Reset { .. } => Duration::from_secs(30 * 60),
        }
    }

    /// Whose it is; nobody's as long as nobody knows who logs in.
    fn user(&self) -> Option<&str> {
        match self {
            Pending::Passkey { behind, .. } => behind.as_ref().map(|behind| behind.user.as_str()),
            Pending::SecondFactor { user, .. }
            | Pending::NewPasskey { user, .. }
            | Pending::Verification { user, .. }
            | Pending::Reset { user, .. } => Some(user),
            Pending::Away(away) => away.user(),
        }
    }
}

/// One that was found, with what it takes to use it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) pending: Pending,
    id: String,
    version: u64,
    expires_at: Option<Millis>,
}

impl Found {
    /// The hash of its token.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The write that uses it up.
    pub(crate) fn used(&self) -> Write {
        Write {
            kind: KIND,
            id: self.id.clone(),
            expected: Expected::Version(self.version),
            change: Change::Delete,
        }
    }

    /// The write that keeps it, changed.
    pub(crate) fn changed(&self) -> Result<Write, ServiceError> {
        let change = put(self.pending.user(), self.expires_at, &self.pending)?;
        Ok(Write { expected: Expected::Version(self.version), change, ..self.used() })
    }
}

impl Service {
    /// The token of something to wait for, and the write that begins it.
    pub(crate) fn pending(&self, pending: &Pending, now: Millis) -> Result<(String, Write), ServiceError> {
        let token = random::token();
        let expires_at = now.saturating_add(millis(pending.lifetime()));
        let change = put(pending.user(), Some(expires_at), pending)?;
        let write = Write { kind: KIND, id: id_of(&token), expected: Expected::Absent, change };
        Ok((token, write))
    }

    /// Whether a log in still waits for its second factor.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn waits(&self, token: &str, now: Millis) -> Result<bool, ServiceError> {
        let found = self.find_pending(token, now).await?;
        Ok(found.is_some_and(|found| matches!(found.pending, Pending::SecondFactor { .. })))
    }

    /// Whether another mail may go to an address: a few at once, then one in a quarter of an hour, so that nobody's mailbox is
    /// filled, and a link that holds is always in it.
    pub(crate) async fn may_write(
        &self,
        email: &Email,
        why: Mailing,
        now: Millis,
    ) -> Result<bool, ServiceError> {
        const WAIT: Duration = Duration::from_secs(15 * 60);
        const RULES: LockoutRules = LockoutRules { failures: 4, first: WAIT, cap: WAIT };
        let counted = [Counted::Account(format!("mail:{}:{}", why.word(), self.account_mark(email)))];
        Ok(matches!(begin(&*self.records, RULES, &counted, "", now).await?, Attempt::Open { .. }))
    }

    /// Whether the network of a client may have mails sent, to whomever. If not, how long it waits.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn may_have_mail_sent(
        &self,
        client: &Client,
        now: Millis,
    ) -> Result<Option<Duration>, ServiceError> {
        const RULES: LockoutRules =
            LockoutRules { failures: 50, first: Duration::from_secs(60), cap: Duration::from_secs(3600) };
        let counted = [Counted::Mails(client.address)];
        let wait = match begin(&*self.records, RULES, &counted, "", now).await? {
            Attempt::Open { .. } => return Ok(None),
            Attempt::Locked(wait) => wait,
            Attempt::Crowded => Duration::from_secs(1),
        };
        self.tell(Step::LockedOut, None, client, "too many mails were asked for");
        Ok(Some(wait))
    }

    /// What a token is of, if it still holds.
    pub(crate) async fn find_pending(&self, token: &str, now: Millis) -> Result<Option<Found>, ServiceError> {
        let Some(record) = self.records.get(KIND, &id_of(token), now).await? else { return Ok(None) };
        let pending = serde_json::from_str(&record.value).map_err(|e| ServiceError::unreadable(KIND, &e))?;
        Ok(Some(Found { pending, id: record.id, version: record.version, expires_at: record.expires_at }))
    }
}

/// By which a password's hash is known again, without being kept a second time.
pub(crate) fn digest(hash: &str) -> String {
    random::hash_token(hash).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hash of a token. It is looked up, so the time that this takes tells nothing of the token.
fn id_of(token: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random::hash_token(token))
}
