//! The tokens of a provider, for the upstream: kept sealed in the session that began with them, refreshed when they expire, and
//! gone with it.
//!
//! Providers often let a refresh token be spent once. Of several requests, on several gateways, that need a new one, the first
//! takes a lease in the session's record; the others wait for what it gets.

use std::sync::Arc;
use std::time::Duration;

use openidconnect::OAuth2TokenResponse;
use policy::ForwardedToken;
use serde_json::{Map, Value};
use store::records::{Committed, Expected, Record};
use store::{Millis, millis};
use tokio::time::Instant;

use crate::principal::Principal;
use crate::service::base::Service;
use crate::service::client::Client;
use crate::service::error::ServiceError;
use crate::service::events::Step;
use crate::service::provider::kept::{EARLY, KeptTokens, Opened};
use crate::service::provider::protocol::NotGranted;
use crate::service::sessions::{SESSION, Session};

/// How long one refresh may take, with all that it waits for.
const LEASE: Millis = 12 * 1000;
/// How long others wait for it.
const PATIENCE: Duration = Duration::from_secs(12);
/// A provider that did not answer is asked again after so long.
const REST: Millis = 5 * 1000;
/// How often the store is looked at by those who wait.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Others that write the same session at the same moment.
const ROUNDS: usize = 20;
/// What the upstream gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamToken {
    /// This.
    Token(Arc<str>),
    /// Nothing: the provider has ended what its tokens stand for, and the session has ended with it.
    Ended,
    /// Nothing now: the provider does not answer. The text says which.
    Unavailable(String),
}

impl Service {
    /// The token that the upstream gets with the request of somebody who has logged in with a provider. `None` where it gets
    /// none.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn upstream_token(
        &self,
        principal: &Principal,
        client: &Client,
        now: Millis,
    ) -> Result<Option<UpstreamToken>, ServiceError> {
        let text = |name: &str| principal.claim(name).and_then(Value::as_str);
        let (Some(provider), Some(session)) = (text("idp"), text("sid")) else { return Ok(None) };
        if text("iss") != Some(&self.settings.issuer) {
            return Ok(None);
        }
        let Some((known, _)) = self.providers.named(provider) else { return Ok(None) };
        if known.settings.forward == ForwardedToken::None {
            return Ok(None);
        }
        if let Some((token, until)) = self.providers.tokens.get(session)
            && now < until
        {
            return Ok(Some(UpstreamToken::Token(token)));
        }
        let began = Instant::now();
        loop {
            let waited = began.elapsed();
            let now = now.saturating_add(millis(waited));
            let Some(record) = self.records.get(SESSION, session, now).await? else {
                return Ok(Some(UpstreamToken::Ended));
            };
            let kept = Session::of(&record)?.from.and_then(|from| from.tokens);
            let Some(kept) = kept else {
                // It began before the upstream got any.
                return Ok(Some(self.ended(session, client, "no token of its provider is kept", now).await?));
            };
            if kept.holds(now) {
                return Ok(Some(self.remember(provider, session, &kept)?));
            }
            if now < kept.rests_until || waited >= PATIENCE {
                return Ok(Some(UpstreamToken::Unavailable(away(provider))));
            }
            if now >= kept.leased_until && self.lease(record, now).await? {
                return Ok(Some(self.renew(provider, session, &kept, client, now).await?));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn remember(
        &self,
        provider: &str,
        session: &str,
        kept: &KeptTokens,
    ) -> Result<UpstreamToken, ServiceError> {
        let token: Arc<str> = kept.open(&self.vault, provider)?.forwarded.into();
        let until = kept.expires_at.map_or(Millis::MAX, |at| at.saturating_sub(EARLY));
        self.providers.tokens.insert(session.to_owned(), (Arc::clone(&token), until));
        Ok(UpstreamToken::Token(token))
    }

    /// Takes the right to refresh, if nobody else is quicker.
    async fn lease(&self, record: Record, now: Millis) -> Result<bool, ServiceError> {
        let mut session = Session::of(&record)?;
        if let Some(tokens) = session.from.as_mut().and_then(|from| from.tokens.as_mut()) {
            tokens.leased_until = now.saturating_add(LEASE);
        }
        let write = self.session_rewrite(&record, &session)?;
        Ok(self.records.commit(vec![write], now).await? == Committed::Done)
    }

    async fn renew(
        &self,
        provider: &str,
        session: &str,
        kept: &KeptTokens,
        client: &Client,
        now: Millis,
    ) -> Result<UpstreamToken, ServiceError> {
        let Some((known, web)) = self.providers.named(provider) else {
            return Ok(UpstreamToken::Unavailable(away(provider)));
        };
        let opened = kept.open(&self.vault, provider)?;
        // Without a refresh token nobody gets a new one but by logging in.
        let Some(refresh) = &opened.refresh else {
            return self
                .ended(
                    session,
                    client,
                    "its provider's token has expired, and there is no refresh token",
                    now,
                )
                .await;
        };
        let granted = match known.metadata(web, now).await {
            Ok(metadata) => metadata.refresh(&known.settings, &known.callback, refresh, web).await,
            Err(why) => Err(NotGranted::Failed(why)),
        };
        let granted = match granted {
            Ok(granted) => granted,
            Err(NotGranted::Invalid) => {
                return self
                    .ended(session, client, "its provider takes the refresh token no longer", now)
                    .await;
            }
            Err(NotGranted::Failed(_)) => {
                let rests_until = now.saturating_add(REST);
                self.rewrite_tokens(session, now, |tokens| {
                    (tokens.leased_until, tokens.rests_until) = (0, rests_until);
                })
                .await?;
                return Ok(UpstreamToken::Unavailable(away(provider)));
            }
        };
        // A new ID token is optional; one that comes is of the same user (OpenID Connect Core 1.0 §12.2).
        let claims = match granted.id() {
            None if known.settings.forward == ForwardedToken::AccessToken => Some(Map::new()),
            None => None,
            Some(_) => self
                .claims_of(provider, &granted, (None, None), now)
                .await
                .ok()
                .filter(|claims| claims.get("sub").and_then(Value::as_str) == Some(&opened.subject)),
        };
        let Some(claims) = claims else {
            return self.ended(session, client, "its provider gives no ID token that holds", now).await;
        };
        let subject = &opened.subject;
        let fresh = KeptTokens::of(&self.vault, &known.settings, subject, &granted, &claims, now)?;
        let Some(mut fresh) = fresh else { return Ok(UpstreamToken::Unavailable(away(provider))) };
        if granted.refresh_token().is_none() {
            let kept_on = fresh.open(&self.vault, provider)?;
            let kept_on = Opened { refresh: Some(refresh.clone()), ..kept_on };
            fresh.seal(&self.vault, provider, &kept_on)?;
        }
        let written = self.rewrite_tokens(session, now, |tokens| *tokens = fresh.clone()).await?;
        match written {
            true => self.remember(provider, session, &fresh),
            false => Ok(UpstreamToken::Ended),
        }
    }

    /// Changes the tokens of a session, whoever else writes it. Whether there still is one.
    async fn rewrite_tokens(
        &self,
        session: &str,
        now: Millis,
        change: impl Fn(&mut KeptTokens),
    ) -> Result<bool, ServiceError> {
        for _ in 0..ROUNDS {
            let Some(record) = self.records.get(SESSION, session, now).await? else { return Ok(false) };
            let mut kept = Session::of(&record)?;
            let Some(tokens) = kept.from.as_mut().and_then(|from| from.tokens.as_mut()) else {
                return Ok(false);
            };
            change(tokens);
            let write = self.session_rewrite(&record, &kept)?;
            if self.records.commit(vec![write], now).await? == Committed::Done {
                return Ok(true);
            }
        }
        Err(ServiceError::Contended)
    }

    async fn ended(
        &self,
        session: &str,
        client: &Client,
        why: &'static str,
        now: Millis,
    ) -> Result<UpstreamToken, ServiceError> {
        let user = self.records.get(SESSION, session, now).await?.and_then(|record| record.owner);
        self.end_sessions(&[session.to_owned()], now).await?;
        self.providers.tokens.remove(session);
        self.tell(Step::ProviderEnded, user.as_deref(), client, why);
        Ok(UpstreamToken::Ended)
    }

    /// The write of a session that goes on as it is, but for what its provider has given.
    fn session_rewrite(
        &self,
        record: &Record,
        session: &Session,
    ) -> Result<store::records::Write, ServiceError> {
        let change = crate::service::users::put(record.owner.as_deref(), record.expires_at, session)?;
        let expected = Expected::Version(record.version);
        Ok(store::records::Write { kind: SESSION, id: record.id.clone(), expected, change })
    }
}

fn away(provider: &str) -> String {
    format!("the provider `{provider}` does not give a new token now ([[auth.provider]] forward)")
}
