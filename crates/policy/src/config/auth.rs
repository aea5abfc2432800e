//! `[auth]`: whose tokens and keys are believed, and where they are asked for.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::units::Period;

/// `[auth]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthConfig {
    /// Whether routes need a principal unless they say otherwise.
    pub require: AuthRequirement,
    /// Token issuers.
    #[serde(rename = "issuer")]
    pub issuers: Vec<IssuerConfig>,
    /// API keys.
    #[serde(rename = "api_key")]
    pub api_keys: Vec<ApiKeyConfig>,
    /// Header that carries an API key.
    pub api_key_header: String,
    /// Cookie that carries an access token, beside `Authorization: Bearer`.
    pub cookie: Option<String>,
    /// Clock skew allowed on `exp` and `nbf`.
    pub leeway: Period,
    /// Headers in which the upstream gets the verified identity, removed from what a client sends.
    pub forward_subject: String,
}

impl Default for AuthConfig {
    fn default() -> Self {
        AuthConfig {
            require: AuthRequirement::Optional,
            issuers: Vec::new(),
            api_keys: Vec::new(),
            api_key_header: "x-api-key".into(),
            cookie: None,
            leeway: Period(Duration::from_secs(30)),
            forward_subject: "x-doorward-subject".into(),
        }
    }
}

/// Whether a route needs a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthRequirement {
    /// Without a valid credential: 401.
    Required,
    /// A credential that is there must be valid; none is anonymous.
    Optional,
    /// Credentials are not looked at.
    Off,
}

/// `[[auth.issuer]]`: where tokens come from and the keys that sign them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// The `iss` claim; any when not set.
    pub issuer: Option<String>,
    /// The `aud` claim.
    pub audience: Option<Audience>,
    /// A JWK set: a file, or an `https://` URL that is fetched and cached.
    pub jwks: Option<String>,
    /// How often a JWK set behind a URL is fetched.
    #[serde(default = "five_minutes")]
    pub refresh: Period,
    /// Keys given one by one.
    #[serde(default, rename = "key")]
    pub keys: Vec<KeyConfig>,
    /// How long after `iat` a token is believed, whatever its `exp` says; [guide §8]: 15 minutes. No limit when not set.
    ///
    /// [guide §8]: https://github.com/doorward/doorward/blob/main/docs/guide.md#8-authentication
    pub max_lifetime: Option<Period>,
}

fn five_minutes() -> Period {
    Period(Duration::from_secs(300))
}

/// One audience or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "an audience, or a list of them")]
pub enum Audience {
    /// One.
    One(String),
    /// Any of these.
    Many(Vec<String>),
}

/// `[[auth.issuer.key]]`: a key with its algorithm, which a token cannot choose.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyConfig {
    /// The `kid` that tokens name; a key without one is tried for tokens that name none.
    pub kid: Option<String>,
    /// The one algorithm of this key.
    pub algorithm: JwtAlgorithm,
    /// Public key, PEM.
    pub public_key: Option<PathBuf>,
    /// File with the shared secret (HS256), not readable by others.
    pub secret_file: Option<PathBuf>,
    /// Environment variable with the shared secret (HS256).
    pub secret_env: Option<String>,
}

/// Signature algorithms of tokens (RFC 7518, RFC 8037). `none` is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum JwtAlgorithm {
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// ECDSA on P-256.
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// HMAC with SHA-256.
    #[serde(rename = "HS256")]
    Hs256,
}

/// `[[auth.api_key]]`: only the hash is written down.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyConfig {
    /// The subject that the key stands for.
    pub subject: String,
    /// SHA-256 of the key, hexadecimal.
    pub sha256: String,
    /// Scopes of the key.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// When it ends, RFC 3339.
    pub expires: Option<String>,
}
