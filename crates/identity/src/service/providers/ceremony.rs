//! To a provider and back. What a log in began with waits in the store under the hash of its `state`; it works once, within ten
//! minutes, at the callback of the provider that it was begun with, and in the browser that has begun it.

use serde::{Deserialize, Serialize};
use store::Millis;
use store::records::Committed;

use super::entering::{NotEntered, ProviderLogIn};
use super::identities::NotLinked;
use crate::secrets::random;
use crate::service::base::Service;
use crate::service::client::Client;
use crate::service::error::ServiceError;
use crate::service::events::Step;
use crate::service::pending::{Found, Pending, digest};
use crate::service::provider::away::Away;
use crate::service::provider::id_token::{self, Expected, NotVerified, Person};
use crate::service::provider::kept::{FromProvider, KeptTokens};
use crate::service::provider::protocol::{Authorize, Granted, NotGranted};
use crate::token::TokenError;

/// What somebody asks for who logs in with a provider.
#[derive(Debug, Clone, Default)]
pub struct Ask<'a> {
    /// The provider's name in paths.
    pub provider: &'a str,
    /// Where to go afterwards.
    pub next: Option<&'a str>,
    /// The cookie of log ins with providers that his browser has.
    pub browser: Option<&'a str>,
    /// How long ago he may have shown who he is, in seconds.
    pub max_age: Option<u64>,
    /// Whether a second factor is wanted.
    pub mfa: bool,
    /// Whose account the identity is linked to: the user, his session, and when he logged in; with his password.
    pub link: Option<((&'a str, &'a str, Millis), &'a str)>,
}

/// Where to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The address at the provider.
    pub location: String,
    /// The cookie of his browser.
    pub browser: String,
}

/// Why it does not begin.
#[derive(Debug, Clone, PartialEq)]
pub enum NotBegun {
    /// There is no such provider.
    Unknown,
    /// The provider does not answer.
    Unavailable(String),
    /// Whoever is logged in does not show that it is he.
    Proof(NotLinked),
}

/// How somebody comes back.
#[derive(Debug, Clone, Copy, Default)]
pub struct Returned<'a> {
    /// The provider to whose callback he comes.
    pub provider: &'a str,
    /// `state`.
    pub state: &'a str,
    /// `code`.
    pub code: &'a str,
    /// `error`: the provider has not let him in.
    pub error: &'a str,
    /// `iss` (RFC 9207).
    pub issuer: &'a str,
    /// The cookie of his browser.
    pub browser: &'a str,
    /// Who is logged in, and in which session.
    pub who: Option<(&'a str, &'a str)>,
}

#[derive(Serialize, Deserialize)]
struct Secrets {
    nonce: String,
    verifier: String,
}

impl Service {
    /// Begins a log in with a provider.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn ask_provider(
        &self,
        ask: &Ask<'_>,
        client: &Client,
        now: Millis,
    ) -> Result<Result<Begun, NotBegun>, ServiceError> {
        let Some((known, web)) = self.providers.named(ask.provider) else {
            return Ok(Err(NotBegun::Unknown));
        };
        if let Some(((user, _, logged_in_at), password)) = ask.link
            && let Err(why) = self.shows_himself((user, logged_in_at), password, client, now).await?
        {
            return Ok(Err(NotBegun::Proof(why)));
        }
        let metadata = match known.metadata(web, now).await {
            Ok(metadata) => metadata,
            Err(why) => return Ok(Err(NotBegun::Unavailable(why))),
        };
        let is_token = |cookie: &&str| cookie.len() == random::token().len();
        let browser = ask.browser.filter(is_token).map_or_else(random::token, str::to_owned);
        let secrets = Secrets { nonce: random::token(), verifier: random::token() };
        let away = Pending::Away(Away {
            provider: ask.provider.to_owned(),
            browser: digest(&browser),
            sealed: self.vault.seal(&place(ask.provider), text(&secrets)?.as_bytes())?,
            next: ask.next.map(str::to_owned),
            max_age: ask.max_age,
            link: ask.link.map(|((user, session, _), _)| (user.to_owned(), session.to_owned())),
        });
        let (state, write) = self.pending(&away, now)?;
        let request = Authorize {
            state: &state,
            nonce: &secrets.nonce,
            verifier: &secrets.verifier,
            max_age: ask.max_age,
            anew: ask.mfa || ask.max_age.is_some() || ask.link.is_some(),
            mfa: ask.mfa,
        };
        let location = match metadata.authorize(&known.settings, &known.callback, &request) {
            Ok(location) => location,
            Err(why) => return Ok(Err(NotBegun::Unavailable(why))),
        };
        self.records.commit(vec![write], now).await?;
        Ok(Ok(Begun { location, browser }))
    }

    /// Takes somebody back from a provider. What it is used up by works once, whatever comes of it. With where he wants to go.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn return_from_provider(
        &self,
        returned: &Returned<'_>,
        client: &Client,
        now: Millis,
    ) -> Result<(Result<ProviderLogIn, NotEntered>, Option<String>), ServiceError> {
        let refused = |why: NotEntered, reason: &'static str| {
            self.tell(Step::ProviderRefused, None, client, reason);
            Ok((Err(why), None))
        };
        let found = self.find_pending(returned.state, now).await?;
        let Some((found, away)) = found.and_then(away_of) else {
            return refused(NotEntered::Stale, "a state that is not known, was used, or is too old");
        };
        // A state of another provider, or of another browser: a mix-up, or a log in that somebody else has begun.
        if away.provider != returned.provider {
            return refused(NotEntered::Stale, "a state of another provider");
        }
        if returned.browser.is_empty() || digest(returned.browser) != away.browser {
            return refused(NotEntered::Stale, "a state of another browser");
        }
        let Some((known, web)) = self.providers.named(returned.provider) else {
            return refused(NotEntered::Stale, "a provider that is not known");
        };
        if self.records.commit(vec![found.used()], now).await? == Committed::Conflict {
            return refused(NotEntered::Stale, "a state that was used");
        }
        let next = away.next.clone();
        let refused = |why: NotEntered, reason: &'static str| {
            self.tell(Step::ProviderRefused, away.user(), client, reason);
            Ok((Err(why), away.next.clone()))
        };
        let metadata = match known.metadata(web, now).await {
            Ok(metadata) => metadata,
            Err(why) => return refused(NotEntered::Unavailable(why), "the provider does not answer"),
        };
        let is_named = !returned.issuer.is_empty();
        if (is_named && returned.issuer != known.settings.issuer) || (!is_named && metadata.names_itself) {
            return refused(
                NotEntered::Failed("another issuer sends him back (iss)".into()),
                "another issuer (iss)",
            );
        }
        if !returned.error.is_empty() {
            return refused(NotEntered::Denied, "the provider has not let him in");
        }
        if returned.code.is_empty() {
            return refused(NotEntered::Failed("no code".into()), "no code");
        }
        let secrets = self.vault.open(&place(returned.provider), &away.sealed)?;
        let secrets: Secrets =
            serde_json::from_slice(&secrets).map_err(|e| ServiceError::unreadable("pending", &e))?;
        let (settings, callback) = (&known.settings, &known.callback);
        let granted = metadata.redeem(settings, callback, (returned.code, &secrets.verifier), web).await;
        let granted = match granted {
            Ok(granted) => granted,
            Err(NotGranted::Invalid) => {
                return refused(
                    NotEntered::Failed("it does not take the code (invalid_grant)".into()),
                    "code",
                );
            }
            Err(NotGranted::Failed(why)) => {
                return refused(NotEntered::Failed(why), "no tokens for the code");
            }
        };
        let nonce = (Some(secrets.nonce.as_str()), away.max_age);
        let claims = match self.claims_of(returned.provider, &granted, nonce, now).await {
            Ok(claims) => claims,
            Err(why) => return refused(NotEntered::Failed(why.to_string()), "the ID token does not hold"),
        };
        let Some(person) = Person::of(&claims, settings) else {
            return refused(
                NotEntered::Failed(NotVerified::Subject.to_string()),
                "the ID token has no subject",
            );
        };
        let from = FromProvider {
            name: settings.name.clone(),
            amr: person.amr.clone(),
            auth_time: person.auth_time,
            roles: person.roles.clone(),
            groups: person.groups.clone(),
            tokens: KeptTokens::of(&self.vault, settings, &person.subject, &granted, &claims, now)?,
        };
        let outcome = match &away.link {
            Some((user, session)) => {
                let is_same = returned.who == Some((user, session));
                match is_same {
                    true => self.link(known, person, (user, session), client, now).await?,
                    false => return refused(NotEntered::Stale, "another session than the one that links"),
                }
            }
            None => self.enter(known, person, from, client, now).await?,
        };
        Ok((outcome, next))
    }

    /// The claims of an ID token that was granted, verified; by new keys where it names one that is not known.
    pub(super) async fn claims_of(
        &self,
        provider: &str,
        granted: &Granted,
        (nonce, max_age): (Option<&str>, Option<u64>),
        now: Millis,
    ) -> Result<serde_json::Map<String, serde_json::Value>, NotVerified> {
        use openidconnect::OAuth2TokenResponse;
        let unknown = NotVerified::Token(TokenError::UnknownKey);
        let Some((known, web)) = self.providers.named(provider) else { return Err(unknown) };
        let text = granted.id().filter(|_| granted.is_bearer()).ok_or(NotVerified::Missing)?;
        let expected = Expected {
            issuer: &known.settings.issuer,
            client_id: &known.settings.client_id,
            nonce,
            access_token: granted.access_token().secret(),
            max_age,
        };
        let verified = id_token::verify(text, &known.keys(), &expected, now);
        if verified != Err(unknown) {
            return verified;
        }
        match known.new_keys(web, now).await {
            Some(keys) => id_token::verify(text, &keys, &expected, now),
            None => verified,
        }
    }
}

fn away_of(found: Found) -> Option<(Found, Away)> {
    match &found.pending {
        Pending::Away(away) => {
            let away = away.clone();
            Some((found, away))
        }
        _ => None,
    }
}

fn place(provider: &str) -> String {
    format!("log in with {provider}")
}

fn text(secrets: &Secrets) -> Result<String, ServiceError> {
    serde_json::to_string(secrets).map_err(|e| ServiceError::unreadable("pending", &e))
}
