//! All keys of a policy, and a cache of verified tokens: a client sends the same one many times.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use policy::{Auth, KeySource, Permissions};
use quick_cache::sync::Cache;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::api_key::ApiKeys;
use crate::keys::{KeyError, VerificationKey, set, single};
use crate::own::OwnTokens;
use crate::principal::Principal;
use crate::remote::RemoteKeys;
use crate::token::{self, Expectations, TokenError};

/// Verified tokens in the cache, by their SHA-256.
const CACHED_TOKENS: usize = 20_000;
/// How long a request waits for the fetch of a key set that its token caused.
const FETCH_TIMEOUT: Duration = Duration::from_secs(1);

/// Verifies tokens and API keys into principals.
pub struct Authenticator {
    issuers: Vec<TrustedIssuer>,
    api_keys: ApiKeys,
    own: OnceLock<Arc<OwnTokens>>,
    permissions: Permissions,
    leeway: u64,
    verified: Cache<[u8; 32], Verified>,
}

struct TrustedIssuer {
    expected: Expectations,
    keys: Vec<VerificationKey>,
    remote: Vec<RemoteKeys>,
}

#[derive(Clone)]
struct Verified {
    principal: Arc<Principal>,
    /// Seconds since 1970.
    expires_at: u64,
    /// Of the remote key sets: other keys may no longer accept the token.
    generation: u64,
    /// Whose token it is.
    issuer: IssuedBy,
}

/// Whose token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IssuedBy {
    /// One of the user service: it may be revoked.
    Us,
    /// One of an issuer of the policy.
    Others,
}

impl Authenticator {
    /// Reads the keys of a policy.
    ///
    /// # Errors
    /// If key material is unusable.
    pub fn new(auth: &Auth) -> Result<Self, KeyError> {
        let mut issuers = Vec::new();
        for issuer in &auth.issuers {
            let mut keys = Vec::new();
            let mut remote = Vec::new();
            for source in &issuer.keys {
                match source {
                    KeySource::Key { kid, algorithm, material } => {
                        keys.push(single(kid.clone(), *algorithm, material)?)
                    }
                    KeySource::Set(text) => keys.extend(set(text)?),
                    KeySource::Url(url, every) => remote.push(RemoteKeys::new(url.clone(), *every)),
                }
            }
            let expected = Expectations {
                issuer: issuer.issuer.clone(),
                audiences: issuer.audiences.clone(),
                types: issuer.types.clone(),
                max_lifetime: issuer.max_lifetime.map(|d| d.as_secs()),
                leeway: auth.leeway.as_secs(),
            };
            issuers.push(TrustedIssuer { expected, keys, remote });
        }
        Ok(Authenticator {
            issuers,
            api_keys: ApiKeys::new(&auth.api_keys, &auth.permissions),
            own: OnceLock::new(),
            permissions: auth.permissions.clone(),
            leeway: auth.leeway.as_secs(),
            verified: Cache::new(CACHED_TOKENS),
        })
    }

    /// Accepts the tokens of the user service, too. Only the first call counts.
    pub fn accept_own(&self, own: Arc<OwnTokens>) {
        // Those who call it again have the same service.
        let _ = self.own.set(own);
    }

    /// The key sets behind URLs, which the gateway fetches.
    pub fn remote_keys(&self) -> impl Iterator<Item = &RemoteKeys> {
        self.issuers.iter().flat_map(|issuer| &issuer.remote)
    }

    /// Verifies a token at a time in seconds since 1970. If its `kid` is unknown, remote key sets are fetched once more
    /// before the answer.
    ///
    /// # Errors
    /// If the token is not accepted.
    pub async fn token(&self, token: &str, now: u64) -> Result<Arc<Principal>, TokenError> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let generation = self.generation();
        if let Some(known) = self.verified.get(&hash)
            && known.generation == generation
            && now < known.expires_at
        {
            return self.unless_revoked(known.principal, known.issuer);
        }
        let mut verified = self.verify(token, now);
        if verified == Err(TokenError::UnknownKey) && self.fetch().await {
            verified = self.verify(token, now);
        }
        let (principal, expires_at, issuer) = verified?;
        let generation = self.generation();
        let known = Verified { principal: Arc::clone(&principal), expires_at, generation, issuer };
        self.verified.insert(hash, known);
        self.unless_revoked(principal, issuer)
    }

    fn unless_revoked(
        &self,
        principal: Arc<Principal>,
        issuer: IssuedBy,
    ) -> Result<Arc<Principal>, TokenError> {
        let is_revoked = issuer == IssuedBy::Us
            && self.own.get().is_none_or(|own| own.revocations.cover(&principal.claims));
        if is_revoked { Err(TokenError::Revoked) } else { Ok(principal) }
    }

    /// Verifies an API key at a time in seconds since 1970.
    pub fn api_key(&self, key: &str, now: u64) -> Option<Arc<Principal>> {
        let issued = || {
            let principal = self.own.get()?.issued.verify(key, now)?;
            let mut expanded = (*principal).clone();
            self.permissions.expand(&mut expanded.claims);
            Some(Arc::new(expanded))
        };
        self.api_keys.verify(key, now).or_else(issued)
    }

    fn principal(&self, mut claims: Map<String, Value>) -> Arc<Principal> {
        self.permissions.expand(&mut claims);
        Arc::new(Principal::from_claims(claims))
    }

    fn generation(&self) -> u64 {
        self.remote_keys().map(RemoteKeys::generation).sum()
    }

    async fn fetch(&self) -> bool {
        for remote in self.remote_keys() {
            if remote.fetch(FETCH_TIMEOUT).await {
                return true;
            }
        }
        false
    }

    /// Tries every issuer's keys that may have signed the token. If none accepts it, the error of the last one tried is
    /// the answer.
    fn verify(&self, text: &str, now: u64) -> Result<(Arc<Principal>, u64, IssuedBy), TokenError> {
        let header = token::header(text)?;
        let own = self.own.get().zip(header.kid.as_deref());
        if let Some((own, key)) = own.and_then(|(own, kid)| Some((own, own.keys.verification(kid)?))) {
            let (claims, expires_at) = own.verify(text, &header, &key, self.leeway, now)?;
            return Ok((self.principal(claims), expires_at, IssuedBy::Us));
        }
        let mut error = TokenError::UnknownKey;
        for issuer in &self.issuers {
            let remote: Vec<_> = issuer.remote.iter().map(RemoteKeys::keys).collect();
            let keys = issuer.keys.iter().chain(remote.iter().flat_map(|keys| keys.iter()));
            for key in keys.filter(|key| header.kid.is_none() || key.kid.is_none() || key.kid == header.kid) {
                let claims = match token::verify(text, &header, key) {
                    Ok(claims) => claims,
                    Err(e) => {
                        error = e;
                        continue;
                    }
                };
                // Nobody else speaks for the user service, also where the policy takes whatever `iss` a key signs.
                if self.own.get().is_some_and(|own| own.are_named_by(&claims)) {
                    error = TokenError::Issuer;
                    continue;
                }
                match token::claims(&claims, &header, &issuer.expected, now) {
                    Ok(expires_at) => {
                        let expires_at = expires_at.saturating_add(issuer.expected.leeway);
                        return Ok((self.principal(claims), expires_at, IssuedBy::Others));
                    }
                    Err(e) => error = e,
                }
            }
        }
        Err(error)
    }
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authenticator({} issuers)", self.issuers.len())
    }
}

#[cfg(test)]
mod tests;
