//! The service itself: what each step of an account stands on.

use std::sync::Arc;
use std::time::Duration;

use store::records::Records;
use store::{Millis, millis};
use webauthn_rs::Webauthn;

use super::client::Client;
use super::error::ServiceError;
use super::events::{AccountEvent, AccountEvents, Step};
use super::keys::{KeyRing, SigningKeys};
use super::known_keys::IssuedKeys;
use super::lockout::LockoutRules;
use super::provider::registry::Providers;
use super::relying_party::relying_party;
use super::revocations::Revocations;
use super::vault::Vault;
use crate::secrets::{Hasher, Password, Rules, Weakness};

/// So long after a token has expired, its revocation is still known: no leeway is longer, whatever the policy says.
pub(crate) const MAX_LEEWAY: Duration = Duration::from_secs(600);

/// How the service behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `iss` of tokens: where the service is reached from outside.
    pub issuer: String,
    /// `aud` of tokens.
    pub audience: String,
    /// How long an access token holds.
    pub token_lifetime: Duration,
    /// How long a session lives if it is not used.
    pub session_idle: Duration,
    /// How long a session lives at all.
    pub session_lifetime: Duration,
    /// How long the loser of a race between two refreshes is handed the winner's token; zero for never.
    pub grace: Duration,
    /// How long a key signs.
    pub rotate_keys: Duration,
    /// What a new password must be like.
    pub passwords: Rules,
    /// When guessing is slowed down.
    pub lockout: LockoutRules,
    /// Words that are no part of a password: the name of the site.
    pub site: String,
}

impl Settings {
    /// The keys.
    pub fn keys(&self) -> SigningKeys {
        SigningKeys { rotate_every: self.rotate_keys, token_lifetime: self.token_lifetime }
    }
}

/// Whether a password is in the lists of attackers.
pub trait Breached: Send + Sync {
    /// Whether it is; an answer that cannot be had is what the policy says of that.
    fn contains<'a>(
        &'a self,
        password: &'a Password,
    ) -> std::pin::Pin<Box<dyn Future<Output = bool> + Send + 'a>>;
}

/// The user service.
pub struct Service {
    pub(super) records: Arc<dyn Records>,
    pub(super) vault: Vault,
    pub(super) hasher: Hasher,
    pub(super) keys: Arc<KeyRing>,
    pub(super) revocations: Arc<Revocations>,
    pub(super) issued: Arc<IssuedKeys>,
    pub(super) settings: Settings,
    pub(super) providers: Providers,
    /// What passkeys are for; nothing where browsers have none.
    pub(super) passkeys: Option<Webauthn>,
    breached: Option<Box<dyn Breached>>,
    pub(super) events: Box<dyn AccountEvents>,
}

impl Service {
    /// Opens the service on a store. Keys and revocations are read before anything is served.
    ///
    /// # Errors
    /// If the store does not answer, or its keys cannot be opened.
    pub async fn open(
        records: Arc<dyn Records>,
        vault: Vault,
        hasher: Hasher,
        settings: Settings,
        breached: Option<Box<dyn Breached>>,
        events: Box<dyn AccountEvents>,
        now: Millis,
    ) -> Result<Self, ServiceError> {
        let keys = Arc::new(KeyRing::open(&*records, &vault, settings.keys(), now).await?);
        let revocations = Arc::new(Revocations::default());
        revocations.refresh(&*records, now).await?;
        let issued = Arc::new(IssuedKeys::default());
        issued.refresh(&*records, now).await?;
        let passkeys = relying_party(&settings.issuer, &settings.site)?;
        Ok(Service {
            records,
            vault,
            hasher,
            keys,
            revocations,
            issued,
            settings,
            providers: Providers::default(),
            passkeys,
            breached,
            events,
        })
    }

    /// The keys, for whoever verifies tokens.
    pub fn keys(&self) -> &Arc<KeyRing> {
        &self.keys
    }

    /// What is revoked, for whoever verifies tokens.
    pub fn revocations(&self) -> &Arc<Revocations> {
        &self.revocations
    }

    /// The token of a visitor's forms, by his cookie of forms.
    pub fn form_token(&self, cookie: &str) -> String {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.vault.mark(&form_mark(cookie)))
    }

    /// Whether a form came with the token of this visitor, in constant time.
    pub fn is_form_token(&self, cookie: &str, token: &str) -> bool {
        use base64::Engine;
        let mark = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        self.vault.is_marked(&form_mark(cookie), &mark)
    }

    /// How the service behaves.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Asks the store for what was revoked elsewhere, and for API keys. Call it several times a second.
    ///
    /// # Errors
    /// If the store does not answer; what is known stays known.
    pub async fn learn_revocations(&self, now: Millis) -> Result<(), ServiceError> {
        self.revocations.refresh(&*self.records, now).await?;
        Ok(self.issued.refresh(&*self.records, now).await?)
    }

    /// Replaces keys whose time has come, and deletes what has expired. Call it every minute.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn keep_house(&self, now: Millis) -> Result<(), ServiceError> {
        const AT_ONCE: usize = 10_000;
        self.keys.keep(&*self.records, &self.vault, self.settings.keys(), now).await?;
        self.records.delete_expired(AT_ONCE, now).await?;
        self.note_used_keys(now).await
    }

    /// When a revocation may be forgotten that is made now: the last token that it covers has expired then.
    pub(crate) fn forget_at(&self, now: Millis) -> Millis {
        now.saturating_add(millis(self.settings.token_lifetime)).saturating_add(millis(MAX_LEEWAY))
    }

    pub(crate) fn tell(&self, step: Step, user: Option<&str>, client: &Client, reason: &'static str) {
        let (user, address) = (user.map(str::to_owned), Some(client.address));
        self.events.tell(AccountEvent { step, user, address, reason });
    }

    /// Whether a password may be somebody's new one.
    pub(crate) async fn judge(
        &self,
        password: &Password,
        about: &[&str],
    ) -> Result<Result<(), BadPassword>, ServiceError> {
        let rules = self.settings.passwords;
        if let Some(weak) = self.hasher.weakness(rules, password, about).await? {
            return Ok(Err(BadPassword::Weak(weak)));
        }
        if let Some(breached) = &self.breached
            && breached.contains(password).await
        {
            return Ok(Err(BadPassword::Breached));
        }
        Ok(Ok(()))
    }
}

/// Why a password cannot be a new one.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BadPassword {
    /// It is too short, too long, or easily guessed.
    #[error("{0}")]
    Weak(Weakness),
    /// It is in the lists of attackers.
    #[error("this password has been found in stolen data, where attackers look first")]
    Breached,
}

fn form_mark(cookie: &str) -> Vec<u8> {
    [b"forms of ", cookie.as_bytes()].concat()
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Service({})", self.settings.issuer)
    }
}
