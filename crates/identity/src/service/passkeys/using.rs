//! Logging in with a passkey: alone, or as the second factor behind a password.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use store::Millis;
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, PublicKeyCredential, WebauthnError,
};

use super::{Ceremony, Found, PASSKEY, id_of};
use crate::service::base::Service;
use crate::service::client::Client;
use crate::service::error::ServiceError;
use crate::service::events::Step;
use crate::service::login::LogIn;
use crate::service::pending::{self, Pending};
use crate::service::sessions::Method;
use crate::service::users::{KnownUser, by_id};

impl Service {
    /// Begins a log in with a passkey alone. It is the same for everybody: the browser finds out whose passkeys there are.
    /// Nothing where browsers have none.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn begin_passkey_log_in(&self, now: Millis) -> Result<Option<Ceremony>, ServiceError> {
        self.begin_use(None, &[], now).await
    }

    /// Ends a log in with a passkey alone. Whoever may not is told what a stranger is told.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn passkey_log_in(
        &self,
        token: &str,
        credential: &str,
        client: &Client,
        now: Millis,
    ) -> Result<LogIn, ServiceError> {
        let Some(begun) = self.find_pending(token, now).await? else { return Ok(LogIn::Wrong) };
        if !matches!(begun.pending, Pending::Passkey { behind: None, .. }) {
            return Ok(LogIn::Wrong);
        }
        let Some((passkey, result)) = self.check(&begun, None, credential, client, now).await? else {
            return Ok(LogIn::Wrong);
        };
        let known = by_id(&*self.records, &passkey.owner, now).await?;
        let Some(known) = known.filter(|known| !known.user.is_disabled && known.user.is_verified) else {
            self.records.commit(vec![begun.used()], now).await?;
            self.tell(Step::PasskeyFailed, Some(&passkey.owner), client, "the user is disabled");
            return Ok(LogIn::Wrong);
        };
        self.commit_or_again(vec![begun.used(), passkey.write()?], now).await?;
        self.let_in(known, &methods(None, &result), client, now).await
    }

    /// Begins to use a passkey as the second factor of a log in that waits for it. Nothing where the user has none.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn begin_passkey_step(
        &self,
        waiting: &str,
        now: Millis,
    ) -> Result<Option<Ceremony>, ServiceError> {
        let Some((log_in, known)) = self.half_in(waiting, now).await? else { return Ok(None) };
        let passkeys = self.passkeys_of(&known.id, now).await?;
        if passkeys.is_empty() {
            return Ok(None);
        }
        self.begin_use(Some((log_in.id(), &known)), &passkeys, now).await
    }

    /// Whether a log in that waits for a second factor can be given a passkey.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn takes_passkey(&self, waiting: &str, now: Millis) -> Result<bool, ServiceError> {
        let Some((_, known)) = self.half_in(waiting, now).await? else { return Ok(false) };
        Ok(self.has_passkeys() && !self.passkeys_of(&known.id, now).await?.is_empty())
    }

    /// Takes a passkey as the second factor of a log in.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn passkey_step(
        &self,
        waiting: &str,
        token: &str,
        credential: &str,
        client: &Client,
        now: Millis,
    ) -> Result<LogIn, ServiceError> {
        let Some((log_in, known)) = self.half_in(waiting, now).await? else { return Ok(LogIn::Wrong) };
        let Some(begun) = self.find_pending(token, now).await? else { return Ok(LogIn::Wrong) };
        let Pending::Passkey { behind: Some(behind), .. } = &begun.pending else { return Ok(LogIn::Wrong) };
        if behind.log_in != log_in.id() || behind.user != known.id {
            return Ok(LogIn::Wrong);
        }
        let Some((passkey, result)) = self.check(&begun, Some(&known), credential, client, now).await? else {
            return Ok(LogIn::Wrong);
        };
        self.commit_or_again(vec![begun.used(), log_in.used(), passkey.write()?], now).await?;
        self.let_in(known, &methods(Some(Method::Pwd), &result), client, now).await
    }

    async fn begin_use(
        &self,
        behind: Option<(&str, &KnownUser)>,
        allowed: &[Found],
        now: Millis,
    ) -> Result<Option<Ceremony>, ServiceError> {
        let Some(party) = &self.passkeys else { return Ok(None) };
        let (options, state) =
            party.start_discoverable_authentication().map_err(|_| ServiceError::Library)?;
        let mut options = serde_json::to_value(options).map_err(|_| ServiceError::Library)?;
        // Whether the browser offers passkeys in a field or in a window of its own is for the page to say.
        if let Some(options) = options.as_object_mut() {
            options.remove("mediation");
        }
        if let Some(list) = options.pointer_mut("/publicKey/allowCredentials") {
            let one = |found: &Found| {
                let id = URL_SAFE_NO_PAD.encode(found.kept.key.cred_id());
                json!({ "type": "public-key", "id": id })
            };
            *list = allowed.iter().map(one).collect::<Vec<Value>>().into();
        }
        let state = serde_json::to_string(&state).map_err(|_| ServiceError::Library)?;
        let behind = behind
            .map(|(log_in, known)| pending::Behind { user: known.id.clone(), log_in: log_in.to_owned() });
        let (token, write) = self.pending(&Pending::Passkey { behind, state }, now)?;
        self.commit_or_again(vec![write], now).await?;
        Ok(Some(Ceremony { token, options }))
    }

    /// The passkey that was used, as it is to be kept from now on, if all is right. A ceremony that has failed is over.
    async fn check(
        &self,
        begun: &pending::Found,
        known: Option<&KnownUser>,
        credential: &str,
        client: &Client,
        now: Millis,
    ) -> Result<Option<(Found, AuthenticationResult)>, ServiceError> {
        let failed = match self.verify_use(begun, known, credential, now).await? {
            Ok(used) => return Ok(Some(used)),
            Err(failed) => failed,
        };
        self.records.commit(vec![begun.used()], now).await?;
        let (step, why) = match failed.error {
            // Its counter did not go on: there are two of it, and one is not its owner's (WebAuthn §6.1.1).
            Some(WebauthnError::CredentialPossibleCompromise) => {
                (Step::PasskeyCloned, "the counter of the authenticator went back")
            }
            Some(_) => (Step::PasskeyFailed, "what the authenticator signed does not hold"),
            None => (Step::PasskeyFailed, "no passkey of ours"),
        };
        self.tell(step, failed.owner.as_deref(), client, why);
        Ok(None)
    }

    async fn verify_use(
        &self,
        begun: &pending::Found,
        known: Option<&KnownUser>,
        credential: &str,
        now: Millis,
    ) -> Result<Result<(Found, AuthenticationResult), Failed>, ServiceError> {
        const NONE_OF_OURS: Failed = Failed { owner: None, error: None };
        let (Some(party), Pending::Passkey { state, .. }) = (&self.passkeys, &begun.pending) else {
            return Ok(Err(NONE_OF_OURS));
        };
        let Ok(sent) = serde_json::from_str::<PublicKeyCredential>(credential) else {
            return Ok(Err(NONE_OF_OURS));
        };
        let id = id_of(sent.get_credential_id());
        let found = self.records.get(PASSKEY, &id, now).await?.map(Found::of).transpose()?;
        let handle = sent.get_user_unique_id().map(|handle| URL_SAFE_NO_PAD.encode(handle));
        let is_his = |found: &Found| match known {
            // An authenticator that was told which passkey to use may leave out whose it is.
            Some(known) => {
                found.owner == known.id && handle.as_ref().is_none_or(|handle| *handle == known.id)
            }
            None => handle.as_ref() == Some(&found.owner),
        };
        let Some(mut found) = found.filter(is_his) else { return Ok(Err(NONE_OF_OURS)) };
        let state: DiscoverableAuthentication =
            serde_json::from_str(state).map_err(|error| ServiceError::unreadable("pending", &error))?;
        Ok(match party.finish_discoverable_authentication_v2(&sent, state, &found.kept.key) {
            Ok(result) => {
                found.kept.key.update_credential(&result);
                found.kept.last_used_at = Some(now);
                Ok((found, result))
            }
            Err(error) => Err(Failed { owner: Some(found.owner), error: Some(error) }),
        })
    }
}

struct Failed {
    owner: Option<String>,
    error: Option<WebauthnError>,
}

/// What was shown: possession of a key, which is in one device or synchronised, and the user himself if the device has
/// verified him.
fn methods(before: Option<Method>, result: &AuthenticationResult) -> Vec<Method> {
    let key = if result.backup_eligible() { Method::Swk } else { Method::Hwk };
    let is_several = result.user_verified() || before.is_some();
    let all = before.into_iter().chain([key, Method::User]);
    all.chain(is_several.then_some(Method::Mfa)).collect()
}
