//! The second factor: one-time codes of an app, and recovery codes for who has lost it.

use std::time::Duration;

use store::records::Committed;
use store::{Millis, millis};

use super::base::Service;
use super::client::Client;
use super::error::ServiceError;
use super::events::Step;
use super::passwords::NotChanged;
use super::users::{KnownUser, Totp, by_id};
use crate::secrets::{Password, RecoveryCodes, TotpSecret};

/// How long a secret waits for its first code. Whoever has seen it in a session that he took over has no use for it later.
const UNCONFIRMED: Duration = Duration::from_secs(15 * 60);

/// What an app needs to make codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// As a link that apps read (`otpauth:`), for a QR code.
    pub uri: String,
    /// As text to type.
    pub secret: String,
}

/// Why there is no second factor now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotEnrolled {
    /// There is one already; it has to be switched off first.
    Already,
    /// Nobody has asked for a secret.
    NotBegun,
    /// The code is wrong.
    Wrong,
    /// The password is wrong, or too many were.
    Password,
}

impl Service {
    /// Gives a user a secret for codes. It counts once a first code has shown that his app has it.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn enrol(
        &self,
        user: &str,
        now: Millis,
    ) -> Result<Result<Enrolment, NotEnrolled>, ServiceError> {
        let Some(mut known) = by_id(&*self.records, user, now).await? else {
            return Ok(Err(NotEnrolled::NotBegun));
        };
        if known.user.has_second_factor() {
            return Ok(Err(NotEnrolled::Already));
        }
        let is_fresh = |totp: &Totp| now < totp.made_at.saturating_add(millis(UNCONFIRMED));
        let secret = match self.secret_of(&known)? {
            // The page may be loaded again.
            Some(secret) if known.user.totp.as_ref().is_some_and(is_fresh) => secret,
            _ => {
                let secret = TotpSecret::generate();
                let sealed = self.vault.seal(&place(&known.id), secret.to_base32().as_bytes())?;
                known.user.totp = Some(Totp { sealed, is_confirmed: false, last_step: None, made_at: now });
                if self.records.commit(vec![known.write()?], now).await? == Committed::Conflict {
                    return Err(ServiceError::Contended);
                }
                secret
            }
        };
        let uri = secret.uri(&self.settings.site, &known.user.email);
        Ok(Ok(Enrolment { uri, secret: secret.to_base32() }))
    }

    /// Switches the second factor on by the password and a first code. Gives the recovery codes, which nobody can see again.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn confirm(
        &self,
        user: &str,
        password: &Password,
        code: &str,
        client: &Client,
        now: Millis,
    ) -> Result<Result<Vec<String>, NotEnrolled>, ServiceError> {
        // Whoever has taken over a session must not shut its owner out.
        let Ok(mut known) = self.shows_password(user, password, client, now).await? else {
            return Ok(Err(NotEnrolled::Password));
        };
        if known.user.has_second_factor() {
            return Ok(Err(NotEnrolled::Already));
        }
        if known.user.totp.is_none() {
            return Ok(Err(NotEnrolled::NotBegun));
        }
        if !self.use_code(&mut known, code, now)? {
            self.tell(Step::SecondFactorFailed, Some(user), client, "first code");
            return Ok(Err(NotEnrolled::Wrong));
        }
        if let Some(totp) = &mut known.user.totp {
            totp.is_confirmed = true;
        }
        let (shown, codes) = RecoveryCodes::generate();
        known.user.recovery = Some(codes);
        if self.records.commit(vec![known.write()?], now).await? == Committed::Conflict {
            return Err(ServiceError::Contended);
        }
        self.tell(Step::SecondFactorOn, Some(user), client, "one-time code");
        Ok(Ok(shown))
    }

    /// Gives new recovery codes to a user who knows his password; the old ones no longer hold.
    ///
    /// # Errors
    /// If the store does not answer, or too many passwords are being hashed.
    pub async fn new_recovery_codes(
        &self,
        user: &str,
        password: &Password,
        client: &Client,
        now: Millis,
    ) -> Result<Result<Vec<String>, NotChanged>, ServiceError> {
        let mut known = match self.shows_password(user, password, client, now).await? {
            Ok(known) => known,
            Err(why) => return Ok(Err(why)),
        };
        if !known.user.has_second_factor() {
            return Ok(Err(NotChanged::Wrong));
        }
        let (shown, codes) = RecoveryCodes::generate();
        known.user.recovery = Some(codes);
        if self.records.commit(vec![known.write()?], now).await? == Committed::Conflict {
            return Err(ServiceError::Contended);
        }
        self.tell(Step::SecondFactorOn, Some(user), client, "new recovery codes");
        Ok(Ok(shown))
    }

    /// Switches the second factor off for a user who knows his password.
    ///
    /// # Errors
    /// If the store does not answer, or too many passwords are being hashed.
    pub async fn drop_second_factor(
        &self,
        user: &str,
        password: &Password,
        client: &Client,
        now: Millis,
    ) -> Result<Result<(), NotChanged>, ServiceError> {
        let mut known = match self.shows_password(user, password, client, now).await? {
            Ok(known) => known,
            Err(why) => return Ok(Err(why)),
        };
        (known.user.totp, known.user.recovery) = (None, None);
        if self.records.commit(vec![known.write()?], now).await? == Committed::Conflict {
            return Err(ServiceError::Contended);
        }
        self.tell(Step::SecondFactorOff, Some(user), client, "");
        Ok(Ok(()))
    }

    /// Whether a code is right; it is used up then, once the user is written.
    pub(crate) fn use_code(
        &self,
        known: &mut KnownUser,
        code: &str,
        now: Millis,
    ) -> Result<bool, ServiceError> {
        let Some(secret) = self.secret_of(known)? else { return Ok(false) };
        let Some(totp) = &mut known.user.totp else { return Ok(false) };
        let step = secret.verify(code, now / 1000, totp.last_step);
        totp.last_step = step.or(totp.last_step);
        Ok(step.is_some())
    }

    fn secret_of(&self, known: &KnownUser) -> Result<Option<TotpSecret>, ServiceError> {
        let Some(totp) = &known.user.totp else { return Ok(None) };
        let text = self.vault.open(&place(&known.id), &totp.sealed)?;
        let secret = std::str::from_utf8(&text).ok().and_then(|text| TotpSecret::from_base32(text).ok());
        secret.ok_or(ServiceError::Library).map(Some)
    }
}

fn place(user: &str) -> String {
    format!("one-time codes of {user}")
}
