//! What an access token says.

use serde_json::{Map, Value, json};
use store::Millis;

use super::base::Service;
use super::error::ServiceError;
use super::keys::IssueError;
use super::sessions::{Method, Session};
use super::users::KnownUser;
use crate::principal::Principal;
use crate::secrets::random;

/// `typ` of tokens for the upstream: none that this gate, or another one, takes for an access token.
const FOR_UPSTREAM: &str = "upstream+jwt";
/// How long one holds: as long as a request is on its way.
const HOLDS: u64 = 60;
/// Claims of the caller that the upstream gets as they are.
const PASSED_ON: [&str; 11] =
    ["sid", "roles", "role", "groups", "permissions", "amr", "acr", "auth_time", "email", "name", "key"];

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
        let from = session.from.as_ref();
        let both = |own: &[String], theirs: Option<&Vec<String>>| -> Vec<String> {
            let theirs = theirs.into_iter().flatten().filter(|one| !own.contains(one));
            own.iter().chain(theirs).cloned().collect()
        };
        let shown: Vec<&'static str> = session.methods.iter().map(|method| method.name()).collect();
        let theirs = from.map(|from| &from.amr).into_iter().flatten().map(String::as_str);
        let theirs = theirs.filter(|method| !shown.contains(method));
        let amr: Vec<&str> = theirs.chain(shown.iter().copied()).collect();
        let mut claims = json!({
            "iss": self.settings.issuer,
            "aud": self.settings.audience,
            "sub": user.id,
            "sid": session_id,
            "iat": issued,
            "nbf": issued,
            "exp": issued.saturating_add(self.settings.token_lifetime.as_secs()),
            "jti": random::id(),
            "roles": both(&user.user.roles, from.map(|from| &from.roles)),
            "groups": both(&user.user.groups, from.map(|from| &from.groups)),
            "amr": amr,
            "acr": level,
        });
        // Of a provider that does not say when, nobody knows.
        if let (Some(claims), true) = (claims.as_object_mut(), session.authenticated_at > 0) {
            claims.insert("auth_time".into(), (session.authenticated_at / 1000).into());
        }
        if let (Some(claims), Some(from)) = (claims.as_object_mut(), from) {
            claims.insert("idp".into(), from.name.clone().into());
        }
        let claims: Map<String, Value> = match claims {
            Value::Object(claims) => claims,
            _ => Map::new(),
        };
        Ok(self.keys.sign(&claims, now)?)
    }

    /// A token by which the upstream knows who calls, whatever he has shown: a session, a token of another issuer, a key, a
    /// certificate. It holds for a minute, and for the upstream alone.
    ///
    /// # Errors
    /// If the library fails.
    pub fn token_for_upstream(
        &self,
        principal: &Principal,
        audience: &str,
        now: Millis,
    ) -> Result<String, IssueError> {
        let second = now / 1000;
        let mut claims = Map::new();
        for name in PASSED_ON {
            if let Some(value) = principal.claim(name) {
                claims.insert(name.to_owned(), value.clone());
            }
        }
        if !principal.scopes.is_empty() {
            claims.insert("scope".into(), principal.scopes.join(" ").into());
        }
        if let Some(issuer) = principal.claim("iss").filter(|issuer| *issuer != &self.settings.issuer) {
            claims.insert("original_iss".into(), issuer.clone());
        }
        let own = [
            ("iss", Value::from(self.settings.issuer.clone())),
            ("aud", audience.into()),
            ("sub", principal.subject.clone().into()),
            ("credential", principal.credential.name().into()),
            ("iat", second.into()),
            ("nbf", second.into()),
            ("exp", second.saturating_add(HOLDS).into()),
            ("jti", random::id().into()),
        ];
        claims.extend(own.map(|(name, value)| (name.to_owned(), value)));
        self.keys.sign_as(FOR_UPSTREAM, &claims, now)
    }
}
