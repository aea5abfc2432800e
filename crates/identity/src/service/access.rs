//! What an access token says.

use serde_json::{Map, Value, json};
use store::Millis;

use super::base::Service;
use super::error::ServiceError;
use super::sessions::{Method, Session};
use super::users::KnownUser;
use crate::secrets::random;

impl Service {
    /// An access token (RFC 9068): who, by which session, shown how and when.
    pub(crate) fn access_token(
        &self,
        user: &KnownUser,
        session_id: &str,
        session: &Session,
        now: Millis,
    ) -> Result<String, ServiceError> {
        // Tokens of the second in which others were revoked are not told apart from them.
        let user_before = user.user.revoked_until.max(user.user.tokens_revoked_until) / 1000;
        let revoked = user_before.max(self.revocations.all_before());
        let issued = (now / 1000).max(revoked.saturating_add(1));
        let level = if session.methods.contains(&Method::Mfa) { "aal2" } else { "aal1" };
        let claims = json!({
            "iss": self.settings.issuer,
            "aud": self.settings.audience,
            "sub": user.id,
            "sid": session_id,
            "iat": issued,
            "nbf": issued,
            "exp": issued.saturating_add(self.settings.token_lifetime.as_secs()),
            "jti": random::id(),
            "roles": user.user.roles,
            "groups": user.user.groups,
            "amr": session.methods,
            "acr": level,
            "auth_time": session.authenticated_at / 1000,
        });
        let claims: Map<String, Value> = match claims {
            Value::Object(claims) => claims,
            _ => Map::new(),
        };
        Ok(self.keys.sign(&claims, now)?)
    }
}
