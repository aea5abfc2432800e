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

    /// Whether a token says that it is one of the service.
    pub(crate) fn are_named_by(&self, claims: &Map<String, Value>) -> bool {
        claims.get("iss").and_then(Value::as_str) == Some(&self.issuer)
    }

    pub(crate) fn verify(
        &self,
        text: &str,
        header: &Header,
        key: &VerificationKey,
        leeway: u64,
        now: u64,
    ) -> Result<(Map<String, Value>, u64), TokenError> {
        let claims = token::verify(text, header, key)?;
        let leeway = leeway.min(MAX_LEEWAY.as_secs());
        let expected = Expectations {
            issuer: Some(self.issuer.clone()),
            audiences: vec![self.audience.clone()],
            types: vec![ACCESS_TOKEN.to_owned()],
            max_lifetime: None,
            leeway,
        };
        let expires_at = token::claims(&claims, header, &expected, now)?;
        Ok((claims, expires_at.saturating_add(leeway)))
    }
}
