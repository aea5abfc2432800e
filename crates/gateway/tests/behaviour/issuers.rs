//! Issuers whose keys a test has, so that a token can say whatever it likes under a signature that holds.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use identity::service::Vault;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A key that signs, and its public half in every form in which it is handed around.
pub(crate) struct Key {
    pub(crate) kid: &'static str,
    pub(crate) algorithm: Algorithm,
    signing: EncodingKey,
    /// Pairs of what the form is called and its bytes; none for a shared secret.
    pub(crate) public: Vec<(&'static str, Vec<u8>)>,
    pub(crate) jwk: Value,
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

impl Key {
    pub(crate) fn ed25519(kid: &'static str) -> Key {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let raw = pair.public_key().as_ref().to_vec();
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": base64url(&raw) });
        let signing = EncodingKey::from_ed_der(pkcs8.as_ref());
        Key::new(kid, Algorithm::EdDSA, signing, der.as_ref(), &raw, jwk)
    }

    pub(crate) fn p256(kid: &'static str) -> Key {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let raw = pair.public_key().as_ref().to_vec();
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let (x, y) = raw[1..].split_at(32);
        let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": base64url(x), "y": base64url(y) });
        let private = pair.to_pkcs8v1().unwrap();
        let signing = EncodingKey::from_ec_pem(pem("PRIVATE KEY", private.as_ref()).as_bytes()).unwrap();
        Key::new(kid, Algorithm::ES256, signing, der.as_ref(), &raw, jwk)
    }

    pub(crate) fn rsa(kid: &'static str) -> Key {
        let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = pair.public_key();
        let der: PublicKeyX509Der<'_> = public.as_der().unwrap();
        // RSAPublicKey (RFC 8017 A.1.1): behind two heads and a zero, 256 bytes of modulus; the exponent is 65537.
        let modulus = &public.as_ref()[9..265];
        let jwk = json!({ "kty": "RSA", "kid": kid, "n": base64url(modulus), "e": "AQAB" });
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let signing = EncodingKey::from_rsa_pem(pem("PRIVATE KEY", private.as_ref()).as_bytes()).unwrap();
        Key::new(kid, Algorithm::RS256, signing, der.as_ref(), public.as_ref(), jwk)
    }

    /// A key that a gateway makes for itself, taken out of its store: what somebody has who has stolen store and master key.
    pub(crate) fn of_service(directory: &Path) -> Key {
        let file = directory.join("accounts.db");
        let records = store::sqlite::SqliteRecords::open(&file).unwrap();
        let record = block_on(store::records::Records::get(&records, "signing-keys", "ed25519", 0));
        let stored: Value = serde_json::from_str(&record.unwrap().unwrap().value).unwrap();
        let key = &stored["keys"][0];
        let kid = key["kid"].as_str().unwrap().to_owned().leak();
        let vault = Vault::parse(&std::fs::read_to_string(directory.join("accounts.key")).unwrap()).unwrap();
        let pkcs8 = vault.open(&format!("signing key {kid}"), key["sealed"].as_str().unwrap()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).unwrap();
        let raw = pair.public_key().as_ref().to_vec();
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": base64url(&raw) });
        Key::new(kid, Algorithm::EdDSA, EncodingKey::from_ed_der(&pkcs8), der.as_ref(), &raw, jwk)
    }

    pub(crate) fn secret(kid: &'static str, secret: &[u8]) -> Key {
        let signing = EncodingKey::from_secret(secret);
        Key { kid, algorithm: Algorithm::HS256, signing, public: Vec::new(), jwk: Value::Null }
    }

    fn new(
        kid: &'static str,
        algorithm: Algorithm,
        signing: EncodingKey,
        der: &[u8],
        raw: &[u8],
        jwk: Value,
    ) -> Key {
        let text = pem("PUBLIC KEY", der);
        let public = vec![
            ("PEM", text.clone().into_bytes()),
            ("PEM without its last line break", text.trim().into()),
            ("DER", der.to_vec()),
            ("Base64 of DER", STANDARD.encode(der).into_bytes()),
            ("raw", raw.to_vec()),
            ("Base64 of raw", base64url(raw).into_bytes()),
            ("JWK", jwk.to_string().into_bytes()),
            ("JWK set", json!({ "keys": [jwk] }).to_string().into_bytes()),
        ];
        Key { kid, algorithm, signing, public, jwk }
    }

    /// What `alg` is called.
    pub(crate) fn alg(&self) -> &'static str {
        match self.algorithm {
            Algorithm::EdDSA => "EdDSA",
            Algorithm::ES256 => "ES256",
            Algorithm::RS256 => "RS256",
            _ => "HS256",
        }
    }

    /// A token of this header and these claims, as they are, under a signature that holds.
    pub(crate) fn sign(&self, header: &str, claims: impl AsRef<[u8]>) -> String {
        self.sign_as(self.algorithm, header, claims)
    }

    pub(crate) fn sign_as(&self, algorithm: Algorithm, header: &str, claims: impl AsRef<[u8]>) -> String {
        let message = format!("{}.{}", base64url(header), base64url(claims));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.signing, algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

/// Whoever signs with a key, and what its honest tokens say.
pub(crate) struct Issuer {
    pub(crate) key: Key,
    pub(crate) name: &'static str,
    pub(crate) audience: &'static str,
    pub(crate) typ: &'static str,
}

impl Issuer {
    pub(crate) fn claims(&self) -> Value {
        let now = now();
        json!({
            "iss": self.name, "aud": self.audience, "sub": "7", "sid": "1", "jti": "a",
            "iat": now, "nbf": now, "exp": now + 600, "roles": ["clerk"],
        })
    }

    /// The claims with others in their place; null takes one away.
    pub(crate) fn with(&self, changes: &[(&str, Value)]) -> Value {
        let mut claims = self.claims();
        for (name, value) in changes {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(*name)),
                value => claims[*name] = value.clone(),
            }
        }
        claims
    }

    /// A header with more members, given as they are written.
    pub(crate) fn header(&self, more: &str) -> String {
        let (alg, kid, typ) = (self.key.alg(), self.key.kid, self.typ);
        format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"{typ}"{more}}}"#)
    }

    pub(crate) fn honest(&self) -> String {
        self.key.sign(&self.header(""), self.claims().to_string())
    }

    /// An honest token whose claims are written as a text.
    pub(crate) fn sign(&self, claims: impl AsRef<[u8]>) -> String {
        self.key.sign(&self.header(""), claims)
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
