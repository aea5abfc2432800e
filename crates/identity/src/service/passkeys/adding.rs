//! A new passkey for whoever is logged in and shows once more who he is.

use std::time::Duration;

use serde_json::Value;
use store::records::{Expected, Write};
use store::{Millis, millis};
use webauthn_rs::prelude::{PasskeyRegistration, RegisterPublicKeyCredential, Uuid};

use super::{Ceremony, Found, Kept, MAX_PASSKEYS, NoPasskey, PASSKEY, id_of, name_of};
use crate::secrets::Password;
use crate::service::base::Service;
use crate::service::client::Client;
use crate::service::error::ServiceError;
use crate::service::events::Step;
use crate::service::passwords::{Changed, NotChanged};
use crate::service::pending::Pending;
use crate::service::sessions::{SESSION, Session};
use crate::service::users::{KnownUser, by_id, put};

/// How long ago somebody without a password may have logged in who adds a passkey.
const FRESH: Duration = Duration::from_secs(10 * 60);

impl Service {
    /// Begins to add a passkey, by the password; for a user who has none, by a log in of the last minutes.
    ///
    /// # Errors
    /// If the store does not answer, or too many passwords are being hashed.
    pub async fn begin_passkey(
        &self,
        (user, session): (&str, &str),
        password: Option<&Password>,
        client: &Client,
        now: Millis,
    ) -> Result<Result<Ceremony, NoPasskey>, ServiceError> {
        let Some(party) = &self.passkeys else { return Ok(Err(NoPasskey::NotHere)) };
        let known = match self.shows_anew((user, session), password, client, now).await? {
            Ok(known) => known,
            Err(why) => return Ok(Err(why)),
        };
        let present = self.passkeys_of(user, now).await?;
        if present.len() >= MAX_PASSKEYS {
            return Ok(Err(NoPasskey::TooMany));
        }
        let present = present.into_iter().map(|found| found.kept.key.cred_id().clone()).collect();
        let handle = handle_of(user).ok_or(ServiceError::Library)?;
        let name = known.user.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&known.user.email);
        let (options, state) = party
            .start_passkey_registration(handle, &known.user.email, name, Some(present))
            .map_err(|_| ServiceError::Library)?;
        let mut options = serde_json::to_value(options).map_err(|_| ServiceError::Library)?;
        // It is to log in without an address: the device keeps whose it is.
        let selection = options.pointer_mut("/publicKey/authenticatorSelection");
        if let Some(selection) = selection.and_then(Value::as_object_mut) {
            selection.insert("residentKey".to_owned(), "required".into());
            selection.insert("requireResidentKey".to_owned(), true.into());
        }
        let state = serde_json::to_string(&state).map_err(|_| ServiceError::Library)?;
        let waits = Pending::NewPasskey { user: user.to_owned(), begun_at: now, state };
        let (token, write) = self.pending(&waits, now)?;
        self.commit_or_again(vec![write], now).await?;
        Ok(Ok(Ceremony { token, options }))
    }

    /// Takes the new passkey from the browser. Whom to tell.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn add_passkey(
        &self,
        user: &str,
        token: &str,
        (name, credential): (&str, &str),
        client: &Client,
        now: Millis,
    ) -> Result<Result<Changed, NoPasskey>, ServiceError> {
        let Some(party) = &self.passkeys else { return Ok(Err(NoPasskey::NotHere)) };
        let Some(begun) = self.find_pending(token, now).await? else { return Ok(Err(NoPasskey::Wrong)) };
        let Pending::NewPasskey { user: whose, begun_at, state } = &begun.pending else {
            return Ok(Err(NoPasskey::Wrong));
        };
        let known = by_id(&*self.records, user, now).await?;
        let is_his = |known: &KnownUser| {
            known.id == *whose && *begun_at > known.user.revoked_until && !known.user.is_disabled
        };
        let Some(known) = known.filter(is_his) else { return Ok(Err(NoPasskey::Wrong)) };
        let state: PasskeyRegistration =
            serde_json::from_str(state).map_err(|error| ServiceError::unreadable("pending", &error))?;
        let sent = serde_json::from_str::<RegisterPublicKeyCredential>(credential);
        let Some(key) = sent.ok().and_then(|sent| party.finish_passkey_registration(&sent, &state).ok())
        else {
            self.records.commit(vec![begun.used()], now).await?;
            self.tell(Step::PasskeyFailed, Some(user), client, "new passkey");
            return Ok(Err(NoPasskey::Wrong));
        };
        // The user is written with it: of two that are added at the same moment, one comes again and counts the other.
        if self.passkeys_of(user, now).await?.len() >= MAX_PASSKEYS {
            return Ok(Err(NoPasskey::TooMany));
        }
        let id = id_of(key.cred_id());
        if self.records.get(PASSKEY, &id, now).await?.is_some() {
            return Ok(Err(NoPasskey::Wrong));
        }
        let kept = Kept { name: name_of(name), created_at: now, last_used_at: None, key };
        let new = Found { id, owner: user.to_owned(), version: 0, kept };
        let change = put(Some(user), None, &new.kept)?;
        let add = Write { kind: PASSKEY, id: new.id, expected: Expected::Absent, change };
        self.commit_or_again(vec![begun.used(), known.write()?, add], now).await?;
        self.tell(Step::PasskeyAdded, Some(user), client, "");
        Ok(Ok(Changed { to: known.user.email, language: known.user.language }))
    }

    /// Whoever has taken over a session must not get a way in that outlives it.
    async fn shows_anew(
        &self,
        (user, session): (&str, &str),
        password: Option<&Password>,
        client: &Client,
        now: Millis,
    ) -> Result<Result<KnownUser, NoPasskey>, ServiceError> {
        let Some(known) = by_id(&*self.records, user, now).await?.filter(|known| !known.user.is_disabled)
        else {
            return Ok(Err(NoPasskey::LogInAnew));
        };
        if known.user.password.is_some() {
            let Some(password) = password else { return Ok(Err(NoPasskey::Password)) };
            return Ok(match self.shows_password(user, password, client, now).await? {
                Ok(known) => Ok(known),
                Err(NotChanged::Locked(wait)) => Err(NoPasskey::Locked(wait)),
                Err(_) => Err(NoPasskey::Password),
            });
        }
        let session = self.records.get(SESSION, session, now).await?;
        let session = session.as_ref().map(Session::of).transpose()?;
        let is_fresh = session.is_some_and(|session| {
            session.user == known.id && now < session.authenticated_at.saturating_add(millis(FRESH))
        });
        Ok(if is_fresh { Ok(known) } else { Err(NoPasskey::LogInAnew) })
    }
}

/// The user as authenticators keep him: the 128 bits of his id.
fn handle_of(user: &str) -> Option<Uuid> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(user).ok()?;
    Uuid::from_slice(&bytes).ok()
}
