//! Logging in: address and password, then the second factor of those who have one.

use std::time::Duration;

use store::Millis;
use store::records::Committed;

use super::base::Service;
use super::client::Client;
use super::error::ServiceError;
use super::events::Step;
use super::lockout::{Attempt, Counted, NoFailure, begin, take_back};
use super::pending::{Found, Pending, digest};
use super::provider::kept::FromProvider;
use super::sessions::{Method, Tokens};
use super::users::{Email, KnownUser, by_email, by_id};
use crate::secrets::{Outcome, Password, PasswordHash};

/// Wrong codes for one log in; then it begins anew with the password.
const MAX_WRONG_CODES: u32 = 5;

/// What becomes of a log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogIn {
    /// He is in.
    In {
        /// His tokens.
        tokens: Tokens,
        /// The cookie by which his device is known from now on.
        device: String,
    },
    /// The password was right; a second factor is wanted. The token says which log in it belongs to.
    SecondFactor(String),
    /// The password was right, and nobody knows yet whether mail reaches him.
    Unverified(Email),
    /// There is no such account, or the password is wrong, or he may not: it is the same to whoever asks.
    Wrong,
    /// Too many were wrong before. Come again in so long.
    Locked(Duration),
}

/// What is shown as a second factor.
#[derive(Debug, Clone, Copy)]
pub enum SecondFactor<'a> {
    /// A one-time code.
    Code(&'a str),
    /// A recovery code.
    Recovery(&'a str),
}

impl Service {
    /// Logs somebody in by address and password.
    ///
    /// # Errors
    /// If the store does not answer, or too many log in at once.
    pub async fn log_in(
        &self,
        email: &Email,
        password: &Password,
        client: &Client,
        now: Millis,
    ) -> Result<LogIn, ServiceError> {
        let user = by_email(&*self.records, email, now).await?;
        let user = user.filter(|user| !user.user.is_disabled);
        let account = self.account_mark(email);
        let known =
            user.as_ref().and_then(|user| Some((user, self.device_of(user, client.device.as_deref())?)));
        let counted = match known {
            Some((user, device)) => vec![Counted::Device(device), Counted::Devices(user.id.clone())],
            None => vec![Counted::Account(account.clone()), Counted::Address(client.address)],
        };
        let who = user.as_ref().map(|user| user.id.clone());
        let who = who.as_deref();
        if let Some(refused) = self.count(&counted, &account, who, client, now).await? {
            return Ok(refused);
        }
        let hash = user.as_ref().and_then(|user| user.user.password.as_deref());
        let hash = hash.and_then(|hash| PasswordHash::parse(hash).ok());
        let outcome = match self.hasher.verify(password, hash.as_ref()).await {
            Ok(outcome) => outcome,
            Err(busy) => {
                take_back(&*self.records, self.settings.lockout, &counted, NoFailure::NotLookedAt, now)
                    .await?;
                return Err(busy.into());
            }
        };
        let (Some(mut user), Outcome::Right | Outcome::RightButOutdated) = (user, outcome) else {
            self.tell(Step::LogInFailed, who, client, "password");
            return Ok(LogIn::Wrong);
        };
        take_back(&*self.records, self.settings.lockout, &counted, NoFailure::Right(&account), now).await?;
        if outcome == Outcome::RightButOutdated {
            user.user.password = Some(self.hasher.hash(password).await?);
        }
        if !user.user.is_verified {
            return Ok(LogIn::Unverified(email.clone()));
        }
        if user.user.has_second_factor() {
            return self.ask_second_factor(user, vec![Method::Pwd], None, now).await;
        }
        self.let_in(user, &[Method::Pwd], client, now).await
    }

    /// Counts an attempt. What is said instead of looking at it, if it may not be looked at.
    async fn count(
        &self,
        counted: &[Counted],
        account: &str,
        who: Option<&str>,
        client: &Client,
        now: Millis,
    ) -> Result<Option<LogIn>, ServiceError> {
        let (wait, why) = match begin(&*self.records, self.settings.lockout, counted, account, now).await? {
            Attempt::Open { is_stuffing } => {
                if is_stuffing {
                    self.tell(Step::CredentialStuffing, None, client, "one network fails at many accounts");
                }
                return Ok(None);
            }
            Attempt::Locked(wait) => (wait, "too many failures before"),
            Attempt::Crowded => (Duration::from_secs(1), "too many attempts at once"),
        };
        self.tell(Step::LockedOut, who, client, why);
        Ok(Some(LogIn::Locked(wait)))
    }

    /// Keeps half a log in until its second factor is shown.
    pub(super) async fn ask_second_factor(
        &self,
        user: KnownUser,
        methods: Vec<Method>,
        from: Option<FromProvider>,
        now: Millis,
    ) -> Result<LogIn, ServiceError> {
        let waits = Pending::SecondFactor {
            user: user.id.clone(),
            methods,
            failures: 0,
            was: digest(user.user.password.as_deref().unwrap_or_default()),
            begun_at: now,
            from,
        };
        let (token, write) = self.pending(&waits, now)?;
        let writes = vec![write, user.write()?];
        match self.records.commit(writes, now).await? {
            Committed::Done => Ok(LogIn::SecondFactor(token)),
            Committed::Conflict => Err(ServiceError::Contended),
        }
    }

    /// Takes the second factor of a log in.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn second_factor(
        &self,
        token: &str,
        shown: SecondFactor<'_>,
        client: &Client,
        now: Millis,
    ) -> Result<LogIn, ServiceError> {
        let Some((mut found, mut known)) = self.half_in(token, now).await? else { return Ok(LogIn::Wrong) };
        let Pending::SecondFactor { methods, failures, from, .. } = &mut found.pending else {
            return Ok(LogIn::Wrong);
        };
        // Whoever has the password could begin again and again, with five guesses each time.
        let counted = match self.device_of(&known, client.device.as_deref()) {
            Some(device) => vec![
                Counted::Device(format!("code:{device}")),
                Counted::Devices(format!("code:{}", known.id)),
            ],
            None => vec![Counted::Account(format!("code:{}", known.id))],
        };
        if let Some(refused) = self.count(&counted, "", Some(&known.id), client, now).await? {
            return Ok(refused);
        }
        let method = match shown {
            SecondFactor::Code(code) => {
                self.use_code(&mut known, code, now)?.then_some((Method::Otp, Step::LoggedIn))
            }
            SecondFactor::Recovery(code) => {
                use_recovery(&mut known, code).then_some((Method::Rec, Step::RecoveryCodeUsed))
            }
        };
        let Some((method, step)) = method else {
            *failures += 1;
            let is_over = *failures >= MAX_WRONG_CODES;
            let write = if is_over { found.used() } else { found.changed()? };
            self.tell(Step::SecondFactorFailed, Some(&known.id), client, "code");
            return match self.records.commit(vec![write], now).await? {
                // Of guesses at once, those that are not counted are not looked at again.
                Committed::Conflict => Err(ServiceError::Contended),
                Committed::Done => Ok(LogIn::Wrong),
            };
        };
        let (mut methods, from) = (methods.clone(), from.clone());
        methods.extend([method, Method::Mfa]);
        // The log in is used up and the code is marked as used in one commit, before the session begins.
        if self.records.commit(vec![found.used(), known.write()?], now).await? == Committed::Conflict {
            return Err(ServiceError::Contended);
        }
        known.version += 1;
        take_back(&*self.records, self.settings.lockout, &counted, NoFailure::Right(""), now).await?;
        if step == Step::RecoveryCodeUsed {
            self.tell(step, Some(&known.id), client, "second factor");
        }
        self.let_in_from(known, &methods, from, client, now).await
    }

    /// A log in that waits for its second factor, with its user. A password that was changed meanwhile, or a log out
    /// everywhere, ends half a log in, too.
    pub(crate) async fn half_in(
        &self,
        token: &str,
        now: Millis,
    ) -> Result<Option<(Found, KnownUser)>, ServiceError> {
        let Some(found) = self.find_pending(token, now).await? else { return Ok(None) };
        let Pending::SecondFactor { user, was, begun_at, .. } = &found.pending else { return Ok(None) };
        let known = by_id(&*self.records, user, now).await?.filter(|known| {
            let is_same = digest(known.user.password.as_deref().unwrap_or_default()) == *was;
            is_same && *begun_at > known.user.revoked_until && !known.user.is_disabled
        });
        Ok(known.map(|known| (found, known)))
    }

    /// Begins the session of a user who has shown all that is asked for.
    pub(crate) async fn let_in(
        &self,
        user: KnownUser,
        methods: &[Method],
        client: &Client,
        now: Millis,
    ) -> Result<LogIn, ServiceError> {
        self.let_in_from(user, methods, None, client, now).await
    }

    /// The same, by a provider.
    pub(super) async fn let_in_from(
        &self,
        user: KnownUser,
        methods: &[Method],
        from: Option<FromProvider>,
        client: &Client,
        now: Millis,
    ) -> Result<LogIn, ServiceError> {
        let how = match &from {
            Some(_) => "provider",
            None => word(methods),
        };
        let id = user.id.clone();
        let is_known = self.device_of(&user, client.device.as_deref()).is_some();
        let device = self.device_cookie(&user, client.device.as_deref());
        let client = Client { device: Some(device.clone()), ..client.clone() };
        let Some(tokens) = self.begin_session(user, methods, from, &client, now).await? else {
            // Something about the user has changed at this moment: he may be disabled.
            return Err(ServiceError::Contended);
        };
        self.tell(Step::LoggedIn, Some(&id), &client, how);
        if !is_known {
            self.tell(Step::NewDevice, Some(&id), &client, "no device cookie of this account");
        }
        Ok(LogIn::In { tokens, device })
    }

    /// By which an account is counted that may not exist.
    pub(crate) fn account_mark(&self, email: &Email) -> String {
        let mark = self.vault.mark(&[b"account ", email.folded().as_bytes()].concat());
        mark.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// How somebody has logged in, as an event says it.
fn word(methods: &[Method]) -> &'static str {
    let has = |method| methods.contains(&method);
    match (has(Method::Pwd), has(Method::Hwk) || has(Method::Swk)) {
        (true, true) => "password and passkey",
        (false, true) => "passkey",
        (true, false) if has(Method::Mfa) => "password and second factor",
        _ => "password",
    }
}

/// Whether a recovery code is one of the user's; it is used up then.
fn use_recovery(user: &mut KnownUser, typed: &str) -> bool {
    let Some(codes) = &mut user.user.recovery else { return false };
    match codes.find(typed) {
        Some(index) => {
            codes.spend(index);
            true
        }
        None => false,
    }
}
