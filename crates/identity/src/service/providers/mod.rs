//! Logging in with others' providers (OpenID Connect Core 1.0, authorization code flow).
//!
//! The gate is a confidential client: a browser gets no token of a provider. A user is known by issuer and subject, never by
//! his address: whoever can make a provider say an address would otherwise be whoever has it here.
//!
//! | module | content |
//! |---|---|
//! | `ceremony` | to a provider and back |
//! | `entering` | whose account somebody is who comes back |
//! | `identities` | which users have linked which identities |
//! | `forwarding` | a provider's tokens, for the upstream |
//!
//! `provider` beside it has what these stand on.

mod ceremony;
mod entering;
mod forwarding;
mod identities;

use std::sync::Arc;

use store::Millis;

use super::base::Service;
use super::provider::discovery::Known;
use super::provider::web::Web;
pub use ceremony::{Ask, Begun, NotBegun, Returned};
pub use entering::{NotEntered, ProviderLogIn};
pub use forwarding::UpstreamToken;
pub(super) use identities::KIND as IDENTITY;
pub use identities::{LinkedIdentity, NotLinked};

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
