//! Sessions: each is one family of refresh tokens, of which one holds at a time.
//!
//! A refresh spends the token and hands out the next. Several tabs, or the parallel requests of one page, refresh with the same
//! token at the same moment: one wins, and the others get the winner's token as long as the window of grace is open and they
//! are the same client. That token is kept sealed under the spent one, so that only those can be handed it who hold that, and
//! nobody finds it in the store. A spent token after the window, or from another client, has been stolen from one of the two
//! who hold it: the family ends.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::records::{Change, Committed, Expected, Kind, Record, Write};
use store::{Millis, millis};

use super::base::Service;
use super::client::Client;
use super::error::ServiceError;
use super::events::Step;
use super::provider::kept::FromProvider;
use super::refresh_token::RefreshToken;
use super::revocations::Revoked;
use super::users::{KnownUser, by_id, put};
use super::vault::{open, seal};
use crate::secrets::random;

pub(crate) const SESSION: Kind = "session";
/// Sessions of one user; the one that was used longest ago ends for a new one.
pub(crate) const MAX_SESSIONS: usize = 100;
/// Refreshes within one window of grace that are remembered.
const MAX_SPENT: usize = 8;
/// Refreshes of one session at the same moment, until one is asked to come again.
const ROUNDS: usize = 20;
/// Bytes of a user agent that are kept.
const MAX_USER_AGENT: usize = 200;

/// How somebody has shown who he is (RFC 8176).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// A password.
    Pwd,
    /// A one-time code.
    Otp,
    /// A recovery code.
    Rec,
    /// A passkey that does not leave its device.
    Hwk,
    /// A passkey that may be synchronised among devices.
    Swk,
    /// The user was there.
    User,
    /// More than one of these, or a passkey whose device has verified the user.
    Mfa,
}

impl Method {
    /// As `amr` says it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Method::Pwd => "pwd",
            Method::Otp => "otp",
            Method::Rec => "rec",
            Method::Hwk => "hwk",
            Method::Swk => "swk",
            Method::User => "user",
            Method::Mfa => "mfa",
        }
    }
}

/// A session, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) user: String,
    pub(crate) created_at: Millis,
    /// When the user last showed who he is.
    pub(crate) authenticated_at: Millis,
    pub(crate) methods: Vec<Method>,
    last_used_at: Millis,
    address: IpAddr,
    user_agent: String,
    device: Option<String>,
    number: u32,
    /// Hash of the token that holds.
    current: String,
    /// Tokens that were spent within the window of grace, the oldest first.
    #[serde(default)]
    spent: Vec<Spent>,
    /// The provider by which it began, if it did.
    #[serde(default)]
    pub(crate) from: Option<FromProvider>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Spent {
    number: u32,
    hash: String,
    at: Millis,
    /// The token that came after it, sealed under it.
    successor: String,
}

/// A session, as its user sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionView {
    /// Its id: `sid` in tokens.
    pub id: String,
    /// When it began.
    pub created_at: Millis,
    /// When it was last refreshed.
    pub last_used_at: Millis,
    /// From where.
    pub address: IpAddr,
    /// By which program.
    pub user_agent: String,
}

/// What a log in or a refresh gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
    /// How long the access token holds.
    pub access_lifetime: Duration,
    /// How long the refresh token holds if it is not used.
    pub refresh_lifetime: Duration,
    /// The session.
    pub session: String,
    /// The user.
    pub user: String,
}

/// Why there is no refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRefresh {
    /// It is no token of ours.
    Unknown,
    /// The session has ended.
    Ended,
    /// The token was spent before: somebody else has it, and the session has ended now.
    Reused,
}

impl Service {
    /// Begins a session for a user who has shown who he is. The user is written back with it, so that nobody logs in who is
    /// disabled at that moment.
    pub(crate) async fn begin_session(
        &self,
        mut user: KnownUser,
        methods: &[Method],
        from: Option<FromProvider>,
        client: &Client,
        now: Millis,
    ) -> Result<Option<Tokens>, ServiceError> {
        let shown_at = match &from {
            // Where a provider does not say when, nobody knows: it was long ago.
            Some(from) => from.auth_time.map_or(0, |seconds| seconds.saturating_mul(1000).min(now)),
            None => now,
        };
        let id = random::id();
        let token = RefreshToken::generate(&self.vault, &id, 0).ok_or(ServiceError::Library)?;
        let session = Session {
            user: user.id.clone(),
            created_at: now.max(user.user.revoked_until.saturating_add(1)),
            authenticated_at: shown_at,
            methods: methods.to_vec(),
            last_used_at: now,
            address: client.address,
            user_agent: client.user_agent.chars().take(MAX_USER_AGENT).collect(),
            device: self.device_of(&user, client.device.as_deref()).filter(|_| !client.is_native),
            number: 0,
            current: token.hash(),
            spent: Vec::new(),
            from,
        };
        user.user.last_login_at = Some(now);
        let mut writes = vec![user.write()?, self.session_write(&id, &session, Expected::Absent, now)?];
        for old in self.too_many(&user.id, now).await? {
            writes.extend(self.end_writes(&old, now)?);
        }
        if self.records.commit(writes, now).await? == Committed::Conflict {
            return Ok(None);
        }
        Ok(Some(self.tokens(&user, &id, &session, &token, now)?))
    }

    /// The sessions that a new one is one too many for.
    async fn too_many(&self, user: &str, now: Millis) -> Result<Vec<String>, ServiceError> {
        let mut sessions = self.records.owned(SESSION, user, 2 * MAX_SESSIONS, now).await?;
        let excess = (sessions.len() + 1).saturating_sub(MAX_SESSIONS);
        sessions.sort_by_key(|record| record.changed_at);
        Ok(sessions.into_iter().take(excess).map(|record| record.id).collect())
    }

    /// Spends a refresh token for the next one and an access token.
    ///
    /// # Errors
    /// If the store does not answer, or too many refresh the same session at once.
    pub async fn refresh(
        &self,
        token: &str,
        client: &Client,
        now: Millis,
    ) -> Result<Result<Tokens, NoRefresh>, ServiceError> {
        let Some(presented) = RefreshToken::parse(&self.vault, token) else {
            return Ok(Err(NoRefresh::Unknown));
        };
        for _ in 0..ROUNDS {
            let id = presented.session();
            let Some(record) = self.records.get(SESSION, id, now).await? else {
                return Ok(Err(NoRefresh::Ended));
            };
            let session = Session::of(&record)?;
            let user = by_id(&*self.records, &session.user, now).await?;
            let Some(user) = user.filter(|user| session.holds_for(user)) else {
                return Ok(Err(NoRefresh::Ended));
            };
            let is_same = self.is_same_client(&user, &session, client);
            if presented.number == session.number && presented.is_of(&session.current) && is_same {
                match self.rotate(&user, record, session, &presented, client, now).await? {
                    Some(tokens) => return Ok(Ok(tokens)),
                    // Another tab was first.
                    None => continue,
                }
            }
            if presented.number >= session.number && is_same {
                // Nothing of ours gives two tokens one number, but a store that was set back to a backup.
                return Ok(Err(NoRefresh::Ended));
            }
            let is_same_agent =
                || client.user_agent.chars().take(MAX_USER_AGENT).eq(session.user_agent.chars());
            if is_same
                && (session.device.is_some() || is_same_agent())
                && let Some(successor) = self.handed_over(&session, &presented, now)
            {
                return Ok(Ok(self.tokens(&user, id, &session, &successor, now)?));
            }
            self.end_sessions(&[id.to_owned()], now).await?;
            self.tell(
                Step::RefreshReused,
                Some(&session.user),
                client,
                "spent before, or from another client",
            );
            return Ok(Err(NoRefresh::Reused));
        }
        Err(ServiceError::Contended)
    }

    async fn rotate(
        &self,
        user: &KnownUser,
        record: Record,
        mut session: Session,
        presented: &RefreshToken,
        client: &Client,
        now: Millis,
    ) -> Result<Option<Tokens>, ServiceError> {
        let number = session.number.checked_add(1).ok_or(ServiceError::Contended)?;
        let next = RefreshToken::generate(&self.vault, &record.id, number).ok_or(ServiceError::Library)?;
        let grace = millis(self.settings.grace);
        session.spent.retain(|spent| now < spent.at.saturating_add(grace));
        if grace > 0 {
            let key = self.vault.with_secret(presented.as_str().as_bytes())?;
            let successor = seal(&key, &record.id, next.as_str().as_bytes())?;
            let spent = Spent { number: session.number, hash: presented.hash(), at: now, successor };
            session.spent.push(spent);
            if session.spent.len() > MAX_SPENT {
                session.spent.remove(0);
            }
        }
        session.number = number;
        session.current = next.hash();
        session.last_used_at = now;
        session.address = client.address;
        let expected = Expected::Version(record.version);
        let write = self.session_write(&record.id, &session, expected, now)?;
        if self.records.commit(vec![write], now).await? == Committed::Conflict {
            return Ok(None);
        }
        Ok(Some(self.tokens(user, &record.id, &session, &next, now)?))
    }

    /// Whether a client is the one that logged in: a browser by the cookie of its device, which a thief of the refresh token
    /// alone has not.
    fn is_same_client(&self, user: &KnownUser, session: &Session, client: &Client) -> bool {
        match &session.device {
            Some(device) => self.device_of(user, client.device.as_deref()).as_ref() == Some(device),
            None => true,
        }
    }

    /// The token that holds, for whoever lost a race with one that was spent a moment ago, and is the same client.
    fn handed_over(&self, session: &Session, presented: &RefreshToken, now: Millis) -> Option<RefreshToken> {
        let grace = millis(self.settings.grace);
        let mut held = presented.clone();
        while held.number != session.number {
            let spent = session.spent.iter().find(|spent| spent.number == held.number)?;
            if !held.is_of(&spent.hash) || now >= spent.at.saturating_add(grace) {
                return None;
            }
            let key = self.vault.with_secret(held.as_str().as_bytes()).ok()?;
            let text = open(&key, presented.session(), &spent.successor).ok()?;
            held = RefreshToken::parse(&self.vault, std::str::from_utf8(&text).ok()?)?;
        }
        held.is_of(&session.current).then_some(held)
    }

    fn session_write(
        &self,
        id: &str,
        session: &Session,
        expected: Expected,
        now: Millis,
    ) -> Result<Write, ServiceError> {
        let absolute = session.created_at.saturating_add(millis(self.settings.session_lifetime));
        let idle = now.saturating_add(millis(self.settings.session_idle));
        let change = put(Some(&session.user), Some(absolute.min(idle)), session)?;
        Ok(Write { kind: SESSION, id: id.to_owned(), expected, change })
    }

    fn tokens(
        &self,
        user: &KnownUser,
        id: &str,
        session: &Session,
        refresh: &RefreshToken,
        now: Millis,
    ) -> Result<Tokens, ServiceError> {
        let access = self.access_token(user, id, session, now)?;
        let absolute = session.created_at.saturating_add(millis(self.settings.session_lifetime));
        let left = Duration::from_millis(absolute.saturating_sub(now));
        Ok(Tokens {
            access,
            refresh: refresh.as_str().to_owned(),
            access_lifetime: self.settings.token_lifetime,
            refresh_lifetime: self.settings.session_idle.min(left),
            session: id.to_owned(),
            user: user.id.clone(),
        })
    }

    /// The writes that end a session: it is gone, and the access tokens that it gave no longer hold.
    pub(crate) fn end_writes(&self, id: &str, now: Millis) -> Result<[Write; 2], ServiceError> {
        let delete =
            Write { kind: SESSION, id: id.to_owned(), expected: Expected::Any, change: Change::Delete };
        let revoked = Revoked::Session(id.to_owned());
        let revoke = revoked.write(self.forget_at(now)).map_err(|_| ServiceError::Library)?;
        Ok([delete, revoke])
    }

    /// Ends sessions, whoever's they are.
    pub(crate) async fn end_sessions(&self, ids: &[String], now: Millis) -> Result<(), ServiceError> {
        let mut writes = Vec::new();
        for id in ids {
            writes.extend(self.end_writes(id, now)?);
        }
        // Nothing is expected, so that nothing can conflict.
        self.records.commit(writes, now).await?;
        for id in ids {
            self.revocations.note(Revoked::Session(id.clone()), self.forget_at(now));
        }
        Ok(())
    }

    /// Ends the session of a refresh token, for whoever has nothing else left.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn log_out_by_refresh(
        &self,
        token: &str,
        client: &Client,
        now: Millis,
    ) -> Result<(), ServiceError> {
        let Some(token) = RefreshToken::parse(&self.vault, token) else { return Ok(()) };
        let Some(record) = self.records.get(SESSION, token.session(), now).await? else { return Ok(()) };
        let session = Session::of(&record)?;
        // A spent one ends it, too: whoever has it may want nothing worse.
        self.end_sessions(&[record.id], now).await?;
        self.tell(Step::LoggedOut, Some(&session.user), client, "");
        Ok(())
    }

    /// The sessions of a user, the one that was used last first.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn sessions(&self, user: &str, now: Millis) -> Result<Vec<SessionView>, ServiceError> {
        let records = self.records.owned(SESSION, user, 2 * MAX_SESSIONS, now).await?;
        let view = |record: &Record| {
            Session::of(record).map(|session| SessionView {
                id: record.id.clone(),
                created_at: session.created_at,
                last_used_at: session.last_used_at,
                address: session.address,
                user_agent: session.user_agent,
            })
        };
        let mut sessions = records.iter().map(view).collect::<Result<Vec<_>, _>>()?;
        sessions.sort_by_key(|session| std::cmp::Reverse(session.last_used_at));
        Ok(sessions)
    }
}

impl Session {
    pub(crate) fn of(record: &Record) -> Result<Self, ServiceError> {
        serde_json::from_str(&record.value).map_err(|e| ServiceError::unreadable(SESSION, &e))
    }

    /// Whether its user may still use it.
    pub(crate) fn holds_for(&self, user: &KnownUser) -> bool {
        !user.user.is_disabled && self.created_at > user.user.revoked_until
    }
}
