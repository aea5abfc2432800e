//! API keys, of which the policy holds only hashes.

use std::collections::HashMap;
use std::sync::Arc;

use policy::{ApiKey, Permissions};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::principal::{Credential, Principal};

#[derive(Debug)]
pub(crate) struct ApiKeys {
    by_hash: HashMap<[u8; 32], (Arc<Principal>, Option<u64>)>,
}

impl ApiKeys {
    pub(crate) fn new(keys: &[ApiKey], permissions: &Permissions) -> Self {
        let by_hash = keys
            .iter()
            .map(|key| {
                let mut claims = Map::new();
                claims.insert("sub".into(), Value::String(key.subject.clone()));
                permissions.expand(&mut claims);
                let principal = Principal {
                    subject: key.subject.clone(),
                    claims,
                    scopes: key.scopes.clone(),
                    credential: Credential::ApiKey,
                };
                (key.sha256, (Arc::new(principal), key.expires))
            })
            .collect();
        ApiKeys { by_hash }
    }

    /// The principal of a key. The hash is looked up, so the time that this takes reveals nothing about the key.
    pub(crate) fn verify(&self, key: &str, now: u64) -> Option<Arc<Principal>> {
        let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        let (known, (principal, expires)) = self.by_hash.get_key_value(&hash)?;
        let same = bool::from(known.ct_eq(&hash));
        (same && expires.is_none_or(|expires_at| now < expires_at)).then(|| Arc::clone(principal))
    }
}
