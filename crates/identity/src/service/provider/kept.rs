//! What a session keeps of the provider by which it began, and of its tokens.

use openidconnect::OAuth2TokenResponse;
use policy::{ForwardedToken, Provider};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Millis, millis};

use super::protocol::Granted;
use crate::service::error::ServiceError;
use crate::service::vault::Vault;

/// The records in which it stands, as errors name them.
const SESSION: &str = "session";
/// So long before it expires, a token is replaced.
pub(crate) const EARLY: Millis = 20 * 1000;
/// Bytes of tokens that are kept with a session.
const MAX_BYTES: usize = 64 * 1024;

/// What a session keeps of the provider by which it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FromProvider {
    /// The provider.
    pub(crate) name: String,
    /// How its user has shown who he is, in the provider's words (`amr`).
    pub(crate) amr: Vec<String>,
    /// When, in seconds; nobody knows where the provider does not say.
    pub(crate) auth_time: Option<u64>,
    /// Roles that the provider gives him.
    pub(crate) roles: Vec<String>,
    /// Groups that the provider gives him.
    pub(crate) groups: Vec<String>,
    /// Its tokens, if the upstream gets one.
    pub(crate) tokens: Option<KeptTokens>,
}

/// Tokens, as they are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptTokens {
    pub(crate) sealed: String,
    /// When the one that the upstream gets expires, if anybody knows.
    pub(crate) expires_at: Option<Millis>,
    /// Until when somebody refreshes them.
    pub(crate) leased_until: Millis,
    /// Until when nobody does, because the provider has just failed.
    pub(crate) rests_until: Millis,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Opened {
    pub(crate) subject: String,
    pub(crate) forwarded: String,
    pub(crate) refresh: Option<String>,
}

impl KeptTokens {
    /// What is kept of what a provider has granted, if the upstream gets any of it.
    pub(crate) fn of(
        vault: &Vault,
        settings: &Provider,
        subject: &str,
        granted: &Granted,
        id_token: &Map<String, Value>,
        now: Millis,
    ) -> Result<Option<Self>, ServiceError> {
        let access = granted.access_token().secret();
        let (forwarded, expires_at) = match settings.forward {
            ForwardedToken::None => return Ok(None),
            ForwardedToken::AccessToken => {
                let lifetime = granted.expires_in().map(|lifetime| now.saturating_add(millis(lifetime)));
                (access.as_str(), lifetime)
            }
            ForwardedToken::IdToken => {
                let expires_at = id_token.get("exp").and_then(Value::as_u64);
                (granted.id().unwrap_or_default(), expires_at.map(|at| at.saturating_mul(1000)))
            }
        };
        let opened = Opened {
            subject: subject.to_owned(),
            forwarded: forwarded.to_owned(),
            refresh: granted.refresh_token().map(|token| token.secret().clone()),
        };
        let mut kept = KeptTokens { sealed: String::new(), expires_at, leased_until: 0, rests_until: 0 };
        kept.seal(vault, &settings.name, &opened)?;
        Ok((kept.sealed.len() <= MAX_BYTES).then_some(kept))
    }

    pub(crate) fn seal(
        &mut self,
        vault: &Vault,
        provider: &str,
        opened: &Opened,
    ) -> Result<(), ServiceError> {
        let text = serde_json::to_string(opened).map_err(|e| ServiceError::unreadable(SESSION, &e))?;
        self.sealed = vault.seal(&place(provider), text.as_bytes())?;
        Ok(())
    }

    pub(crate) fn open(&self, vault: &Vault, provider: &str) -> Result<Opened, ServiceError> {
        let text = vault.open(&place(provider), &self.sealed)?;
        serde_json::from_slice(&text).map_err(|e| ServiceError::unreadable(SESSION, &e))
    }

    pub(crate) fn holds(&self, now: Millis) -> bool {
        self.expires_at.is_none_or(|at| now.saturating_add(EARLY) < at)
    }
}

fn place(provider: &str) -> String {
    format!("tokens of {provider}")
}
