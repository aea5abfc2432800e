//! Verification keys. Each is bound to one algorithm, so that a token cannot choose another (RFC 8725 §3.1).

use base64::Engine;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use policy::JwtAlgorithm;

/// A key and the one algorithm that it verifies.
#[derive(Clone)]
pub(crate) struct VerificationKey {
    pub(crate) kid: Option<String>,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
}

/// Why key material is unusable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a PEM of a public key for the algorithm.
    #[error("the {algorithm} key is not a PEM of a public key for it: {reason}")]
    Pem {
        /// The algorithm that the policy names for it.
        algorithm: &'static str,
        /// The parser's message.
        reason: String,
    },
    /// Not a JWK set.
    #[error("not a JWK set (RFC 7517): {0}")]
    Set(String),
    /// A set without a key for EdDSA, ES256 or RS256.
    #[error("the JWK set has no key for EdDSA, ES256 or RS256")]
    Empty,
}

pub(crate) fn single(
    kid: Option<String>,
    algorithm: JwtAlgorithm,
    material: &[u8],
) -> Result<VerificationKey, KeyError> {
    let pem = |name, parsed: Result<DecodingKey, jsonwebtoken::errors::Error>| {
        parsed.map_err(|e| KeyError::Pem { algorithm: name, reason: e.to_string() })
    };
    let (algorithm, key) = match algorithm {
        JwtAlgorithm::EdDsa => (Algorithm::EdDSA, pem("EdDSA", DecodingKey::from_ed_pem(material))?),
        JwtAlgorithm::Es256 => (Algorithm::ES256, pem("ES256", DecodingKey::from_ec_pem(material))?),
        JwtAlgorithm::Rs256 => (Algorithm::RS256, pem("RS256", DecodingKey::from_rsa_pem(material))?),
        JwtAlgorithm::Hs256 => (Algorithm::HS256, DecodingKey::from_secret(material)),
    };
    Ok(VerificationKey { kid, algorithm, key })
}

/// The keys of a set that verify signatures. Symmetric keys and keys for encryption are skipped.
pub(crate) fn set(text: &str) -> Result<Vec<VerificationKey>, KeyError> {
    let set: JwkSet = serde_json::from_str(text).map_err(|e| KeyError::Set(e.to_string()))?;
    let mut keys = Vec::new();
    for jwk in &set.keys {
        if matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption)) {
            continue;
        }
        let by_type = match &jwk.algorithm {
            AlgorithmParameters::RSA(rsa) if modulus_bits(&rsa.n) >= 2048 => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => Algorithm::ES256,
            AlgorithmParameters::OctetKeyPair(okp) if okp.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
            _ => continue,
        };
        let declared_fits = match jwk.common.key_algorithm {
            None => true,
            Some(KeyAlgorithm::RS256) => by_type == Algorithm::RS256,
            Some(KeyAlgorithm::ES256) => by_type == Algorithm::ES256,
            Some(KeyAlgorithm::EdDSA) => by_type == Algorithm::EdDSA,
            Some(_) => false,
        };
        if let (true, Ok(key)) = (declared_fits, DecodingKey::from_jwk(jwk)) {
            keys.push(VerificationKey { kid: jwk.common.key_id.clone(), algorithm: by_type, key });
        }
    }
    if keys.is_empty() { Err(KeyError::Empty) } else { Ok(keys) }
}

fn modulus_bits(n: &str) -> usize {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(n).map_or(0, |bytes| bytes.len() * 8)
}
