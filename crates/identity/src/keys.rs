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
    /// A set without a key of a known algorithm.
    #[error("the JWK set has no key for EdDSA, ES256, ES384, RS256 to RS512 or PS256 to PS512")]
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
    let algorithm = match algorithm {
        JwtAlgorithm::EdDsa => Algorithm::EdDSA,
        JwtAlgorithm::Es256 => Algorithm::ES256,
        JwtAlgorithm::Es384 => Algorithm::ES384,
        JwtAlgorithm::Rs256 => Algorithm::RS256,
        JwtAlgorithm::Rs384 => Algorithm::RS384,
        JwtAlgorithm::Rs512 => Algorithm::RS512,
        JwtAlgorithm::Ps256 => Algorithm::PS256,
        JwtAlgorithm::Ps384 => Algorithm::PS384,
        JwtAlgorithm::Ps512 => Algorithm::PS512,
        JwtAlgorithm::Hs256 => Algorithm::HS256,
    };
    let key = match algorithm {
        Algorithm::HS256 => DecodingKey::from_secret(material),
        Algorithm::EdDSA => pem(name(algorithm), DecodingKey::from_ed_pem(material))?,
        Algorithm::ES256 | Algorithm::ES384 => pem(name(algorithm), DecodingKey::from_ec_pem(material))?,
        _ => pem(name(algorithm), DecodingKey::from_rsa_pem(material))?,
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
        let declared = jwk.common.key_algorithm;
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(rsa) if modulus_bits(&rsa.n) >= 2048 => match declared {
                None | Some(KeyAlgorithm::RS256) => Algorithm::RS256,
                Some(KeyAlgorithm::RS384) => Algorithm::RS384,
                Some(KeyAlgorithm::RS512) => Algorithm::RS512,
                Some(KeyAlgorithm::PS256) => Algorithm::PS256,
                Some(KeyAlgorithm::PS384) => Algorithm::PS384,
                Some(KeyAlgorithm::PS512) => Algorithm::PS512,
                Some(_) => continue,
            },
            AlgorithmParameters::EllipticCurve(ec) => match (&ec.curve, declared) {
                (EllipticCurve::P256, None | Some(KeyAlgorithm::ES256)) => Algorithm::ES256,
                (EllipticCurve::P384, None | Some(KeyAlgorithm::ES384)) => Algorithm::ES384,
                _ => continue,
            },
            AlgorithmParameters::OctetKeyPair(okp) => match (&okp.curve, declared) {
                (EllipticCurve::Ed25519, None | Some(KeyAlgorithm::EdDSA)) => Algorithm::EdDSA,
                _ => continue,
            },
            _ => continue,
        };
        if let Ok(key) = DecodingKey::from_jwk(jwk) {
            keys.push(VerificationKey { kid: jwk.common.key_id.clone(), algorithm, key });
        }
    }
    if keys.is_empty() { Err(KeyError::Empty) } else { Ok(keys) }
}

/// The name of an algorithm in a token's header (RFC 7518 §3.1); empty for one that no key has.
pub(crate) fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::EdDSA => "EdDSA",
        Algorithm::ES256 => "ES256",
        Algorithm::ES384 => "ES384",
        Algorithm::RS256 => "RS256",
        Algorithm::RS384 => "RS384",
        Algorithm::RS512 => "RS512",
        Algorithm::PS256 => "PS256",
        Algorithm::PS384 => "PS384",
        Algorithm::PS512 => "PS512",
        Algorithm::HS256 => "HS256",
        _ => "",
    }
}

fn modulus_bits(n: &str) -> usize {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(n).map_or(0, |bytes| bytes.len() * 8)
}
