//! Tokens of the user service, as the gate verifies them.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::keys::VerificationKey;
use crate::service::{ACCESS_TOKEN, IssuedKeys, KeyRing, MAX_LEEWAY, Revocations, Service};
use crate::token::{self, Expectations, Header, TokenError};

/// What it takes to verify tokens and API keys of the user service.
#[derive(Debug)]
pub struct OwnTokens {
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) revocations: Arc<Revocations>,
    pub(crate) issued: Arc<IssuedKeys>,
    issuer: String,
    audience: String,
}

impl OwnTokens {
    /// The tokens of a service.
    pub fn of(service: &Service) -> Self {
        let settings = service.settings();
        OwnTokens {
            keys: Arc::clone(service.keys()),
            revocations: Arc::clone(service.revocations()),
            issued: Arc::clone(service.issued_keys()),
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
        }
    }

    pub(crate) fn verify(
        &self,
        text: &str,
        header: &Header,
        key: &VerificationKey,
        leeway: u64,
        now: u64,
    ) -> Result<(Map<String, Value>, u64), TokenError> {
        if header.typ.as_deref() != Some(ACCESS_TOKEN) {
            return Err(TokenError::Type);
        }
        let claims = token::verify(text, header, key)?;
        let leeway = leeway.min(MAX_LEEWAY.as_secs());
        let expected = Expectations {
            issuer: Some(self.issuer.clone()),
            audiences: vec![self.audience.clone()],
            max_lifetime: None,
            leeway,
        };
        let expires_at = token::claims(&claims, &expected, now)?;
        Ok((claims, expires_at.saturating_add(leeway)))
    }
}
