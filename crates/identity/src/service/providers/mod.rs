//! Logging in with others' providers (OpenID Connect Core 1.0, authorization code flow).
//!
//! The gate is a confidential client: a browser gets no token of a provider. A user is known by issuer and subject, never by
//! his address: whoever can make a provider say an address would otherwise be whoever has it here.
//!
//! | module | content |
//! |---|---|
//! | `web` | how requests get to a provider: this crate opens no socket |
//! | `discovery` | what a provider says of itself, and its keys |
//! | `protocol` | the requests of the protocol, by the crate `openidconnect` |
//! | `id_token` | ID tokens, verified as all tokens are, and what they say |
//! | `ceremony` | to a provider and back |
//! | `entering` | whose account somebody is who comes back |
//! | `identities` | which users have linked which identities |
//! | `forwarding` | a provider's tokens, for the upstream |

mod ceremony;
mod discovery;
mod entering;
mod forwarding;
mod id_token;
mod identities;
mod protocol;
mod web;

use std::sync::Arc;

use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use store::Millis;

use super::base::Service;
pub(super) use ceremony::Away;
pub use ceremony::{Ask, Begun, NotBegun, Returned};
use discovery::Known;
pub use entering::{NotEntered, ProviderLogIn};
pub use forwarding::UpstreamToken;
pub(super) use identities::KIND as IDENTITY;
pub use identities::{LinkedIdentity, NotLinked};
pub use web::{Web, WebAnswer, WebError};

/// Tokens for the upstream that are kept in memory.
const CACHED: usize = 10_000;

/// The providers of a service.
pub(super) struct Providers {
    known: Vec<Known>,
    web: Option<Arc<dyn Web>>,
    /// By session: the token for the upstream, and until when it holds.
    tokens: Cache<String, (Arc<str>, Millis)>,
}

impl Default for Providers {
    fn default() -> Self {
        Providers { known: Vec::new(), web: None, tokens: Cache::new(CACHED) }
    }
}

impl Providers {
    fn named(&self, name: &str) -> Option<(&Known, &Arc<dyn Web>)> {
        let known = self.known.iter().find(|known| known.settings.name == name)?;
        Some((known, self.web.as_ref()?))
    }
}

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
    tokens: Option<forwarding::KeptTokens>,
}

/// A provider, for the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderView<'a> {
    /// What it is called in paths.
    pub name: &'a str,
    /// What its button says.
    pub label: &'a str,
}

impl Service {
    /// Lets people log in with these providers, which are reached by `web`.
    #[must_use]
    pub fn with_providers(
        mut self,
        providers: &[policy::Provider],
        callback: &str,
        web: Arc<dyn Web>,
    ) -> Self {
        let known = providers.iter().map(|settings| {
            // `NAME` has no letter that has a meaning in addresses.
            Known::new(settings.clone(), callback.replace("NAME", &settings.name))
        });
        self.providers.known = known.collect();
        self.providers.web = Some(web);
        self
    }

    /// The providers, in the order of the policy.
    pub fn providers(&self) -> impl Iterator<Item = ProviderView<'_>> {
        let each = self.providers.known.iter().map(|known| &known.settings);
        each.map(|settings| ProviderView { name: &settings.name, label: &settings.label })
    }

    /// Asks each provider what it says of itself, so that nobody who logs in waits for that. Gives what is wrong with those
    /// that cannot be asked.
    pub async fn learn_providers(&self, now: Millis) -> Vec<String> {
        let mut wrong = Vec::new();
        let Some(web) = &self.providers.web else { return wrong };
        for known in &self.providers.known {
            if let Err(why) = known.learn(web, now).await {
                let (name, issuer) = (&known.settings.name, &known.settings.issuer);
                wrong.push(format!(
                    "nobody can log in with the provider `{name}`, {issuer}: {why}; mend `[[auth.provider]] issuer`, or the \
                     provider; it is asked again"
                ));
            }
        }
        wrong
    }

    /// Where to log out of the provider of a session (OpenID Connect RP-Initiated Logout 1.0), with its label. No token is in
    /// that address: the provider asks its user.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn provider_logout(
        &self,
        session: &str,
        back: &str,
        now: Millis,
    ) -> Result<Option<(String, String)>, super::error::ServiceError> {
        let record = self.records.get(super::sessions::SESSION, session, now).await?;
        let session = record.as_ref().map(super::sessions::Session::of).transpose()?;
        let from = session.and_then(|session| session.from);
        let Some((known, _)) = from.as_ref().and_then(|from| self.providers.named(&from.name)) else {
            return Ok(None);
        };
        let location = known.present().and_then(|metadata| metadata.logout(&known.settings.client_id, back));
        Ok(location.map(|location| (location, known.settings.label.clone())))
    }
}
