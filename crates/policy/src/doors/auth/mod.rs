//! `[auth]`: which tokens and keys prove who a caller is, and where a caller has to.

mod permissions;
mod provider;
mod service;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use http::Uri;
use http::header::HeaderName;
use serde::{Deserialize, Serialize};

pub use permissions::{PERMISSIONS_CLAIM, Permissions, permits};
pub use provider::{ClientAuth, ClientSecret, ForwardedToken, Provider, ProviderConfig};
pub use service::{
    ACCESS_COOKIE, ACCOUNTS_COOKIES, ACCOUNTS_GROUP, AccountsConfig, DEVICE_COOKIE, FORM_COOKIE,
    LockoutConfig, MailConfig, MasterKey, PROVIDER_COOKIE, PasswordsConfig, REFRESH_COOKIE, Registration,
    SessionsConfig, Unanswered, UserService, WAITING_COOKIE, has_passkeys,
};

use crate::names::Names;
use crate::reader::Reader;
use crate::settings::{route_settings, settings};
use crate::units::Period;

settings! {
    /// `[auth]`: which tokens and keys prove who a caller is, and where a caller has to.
    pub struct AuthConfig {
        /// Whether routes need a principal unless they say otherwise: `required`, `optional` (a credential must be
        /// valid, its absence is anonymous) or `off`.
        pub require: AuthRequirement = AuthRequirement::Optional,
        /// Token issuers.
        pub issuer: Vec<IssuerConfig> = Vec::new(),
        /// API keys.
        pub api_key: Vec<ApiKeyConfig> = Vec::new(),
        /// Whether API keys that `doorward keys issue` has made are known; the store of the built-in service keeps them.
        pub issued_keys: bool = false,
        /// Header that carries an API key.
        pub api_key_header: String = "x-api-key".into(),
        /// Cookie that carries an access token, beside `Authorization: Bearer`.
        pub cookie: Option<String> = None,
        /// Clock skew allowed on `exp` and `nbf`.
        pub leeway: Period = Period(Duration::from_secs(30)),
        /// Header in which the upstream gets the verified subject; removed from what a client sends.
        pub forward_subject: String = "x-doorward-subject".into(),
        /// Header in which the upstream gets who calls as a token (JWT, EdDSA, for one minute), whatever the caller has shown; it
        /// is signed by the built-in service and verified by its key set. Removed from what a client sends.
        pub forward_token: Option<String> = None,
        /// `aud` of that token.
        pub forward_token_audience: String = "upstream".into(),
        /// What each role may do, `clerk = ["orders:read", "orders:write"]`; `orders:*` is all of these, `*` is everything.
        /// Routes ask for it with `permissions`; Cedar sees it as the claim `permissions`.
        pub roles: BTreeMap<String, Names> = BTreeMap::new(),
        /// Which roles the members of a group have (claim `groups`): `staff = ["clerk"]`.
        pub groups: BTreeMap<String, Names> = BTreeMap::new(),
        /// Whether the gateway keeps users of its own: they register, log in and manage their accounts below
        /// `service_path`.
        pub service: bool = false,
        /// The path of the built-in service.
        pub service_path: String = "/auth".into(),
        /// Where people reach the site: `https://shop.example`. Tokens name it as their issuer, links in mails begin with it.
        pub public_url: Option<String> = None,
        /// The users of the built-in service.
        pub accounts: AccountsConfig = AccountsConfig::default(),
        /// Its sessions and tokens.
        pub sessions: SessionsConfig = SessionsConfig::default(),
        /// Its passwords.
        pub passwords: PasswordsConfig = PasswordsConfig::default(),
        /// Who waits.
        pub lockout: LockoutConfig = LockoutConfig::default(),
        /// Its mail.
        pub mail: MailConfig = MailConfig::default(),
        /// Others' providers of identity, with which its users log in.
        pub provider: Vec<ProviderConfig> = Vec::new(),
    }
}

/// Whether a route needs a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthRequirement {
    /// Without a valid credential: 401.
    Required,
    /// A credential must be valid; its absence is anonymous.
    Optional,
    /// Credentials are not read.
    Off,
}

impl AuthRequirement {
    /// Its name in configuration.
    pub const fn name(self) -> &'static str {
        match self {
            AuthRequirement::Required => "required",
            AuthRequirement::Optional => "optional",
            AuthRequirement::Off => "off",
        }
    }
}

settings! {
    /// `[[auth.issuer]]`: an issuer of tokens, and the keys that sign them.
    pub item struct IssuerConfig {
        /// The `iss` claim; any when not set.
        pub issuer: Option<String>,
        /// The `aud` claim, or a list of which one must match.
        pub audience: Option<Audience>,
        /// The `typ` of its access tokens, one of these, whatever the case; the empty one is none. An issuer of RFC 9068 signs
        /// `at+jwt` and nothing else with it, so that `["at+jwt"]` keeps its other tokens out.
        #[serde(default = "access_token_types")]
        pub typ: Vec<String>,
        /// A JWK set: a file, or an `https://` URL that is fetched and cached.
        pub jwks: Option<String>,
        /// How often a JWK set behind a URL is fetched.
        #[serde(default = "five_minutes")]
        pub refresh: Period,
        /// Keys given one by one.
        #[serde(default)]
        pub key: Vec<KeyConfig>,
        /// How long after `iat` a token is accepted, whatever its `exp`; guide §8: 15 minutes. No limit when not set.
        pub max_lifetime: Option<Period>,
    }
}

/// What is not said to be something else.
fn access_token_types() -> Vec<String> {
    ["at+jwt", "JWT", "JOSE", ""].map(str::to_owned).to_vec()
}

fn five_minutes() -> Period {
    Period(Duration::from_secs(300))
}

/// One audience or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged, expecting = "an audience, or a list of them")]
pub enum Audience {
    /// One.
    One(String),
    /// Any of these.
    Many(Vec<String>),
}

settings! {
    /// `[[auth.issuer.key]]`: a key with its algorithm, which a token cannot choose.
    pub item struct KeyConfig {
        /// The `kid` that tokens name; a key without one is tried for tokens that name none.
        pub kid: Option<String>,
        /// The one algorithm of this key: `EdDSA`, `ES256`, `ES384`, `RS256` and `PS256` (also 384 and 512), or `HS256`.
        pub algorithm: JwtAlgorithm,
        /// Public key, PEM.
        pub public_key: Option<PathBuf>,
        /// File with the shared secret (HS256), not readable by others.
        pub secret_file: Option<PathBuf>,
        /// Environment variable with the shared secret (HS256).
        pub secret_env: Option<String>,
        /// `accept`: an HS256 secret of less than 32 bytes is used all the same, and named at each start. Whoever has a
        /// token can find such a secret by trying.
        pub weak: Option<WeakSecret>,
    }
}

/// What happens to an HS256 secret that is too short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WeakSecret {
    /// It is used, and named at each start.
    Accept,
}

/// Signature algorithms of tokens (RFC 7518, RFC 8037). `none` is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub enum JwtAlgorithm {
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// ECDSA on P-256.
    #[serde(rename = "ES256")]
    Es256,
    /// ECDSA on P-384.
    #[serde(rename = "ES384")]
    Es384,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    #[serde(rename = "RS384")]
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    #[serde(rename = "RS512")]
    Rs512,
    /// RSASSA-PSS with SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// RSASSA-PSS with SHA-384.
    #[serde(rename = "PS384")]
    Ps384,
    /// RSASSA-PSS with SHA-512.
    #[serde(rename = "PS512")]
    Ps512,
    /// HMAC with SHA-256.
    #[serde(rename = "HS256")]
    Hs256,
}

settings! {
    /// `[[auth.api_key]]`: only the hash of a key is written down.
    pub item struct ApiKeyConfig {
        /// The subject that the key stands for.
        pub subject: String,
        /// SHA-256 of the key, hexadecimal.
        pub sha256: String,
        /// Scopes of the key.
        #[serde(default)]
        pub scopes: Vec<String>,
        /// When it expires, RFC 3339; never when not set.
        pub expires: Option<String>,
    }
}

route_settings! {
    /// What a route may say of its callers.
    pub struct AuthRouteConfig {
        /// Whether a principal is needed here: `required`, `optional` or `off`.
        pub auth: Option<AuthRequirement>,
        /// Scopes that the principal needs here, all of them.
        pub scopes: Names,
        /// Roles of which the principal needs one here.
        pub roles: Names,
        /// What the principal has to be allowed here by his roles (`[auth.roles]`), all of it.
        pub permissions: Names,
        /// How the principal has to have shown who he is: `mfa`, by more than one means (claim `amr`, RFC 8176). Whoever has
        /// not is told to do so (RFC 9470).
        pub require: Vec<Assurance>,
        /// How long ago the principal may have shown who he is (claim `auth_time`), whatever his token says.
        pub max_auth_age: Option<Period>,
    }
}

/// How somebody has shown who he is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Assurance {
    /// By more than one means.
    Mfa,
}

/// The callers of one route.
#[derive(Debug, Clone)]
pub struct AuthRoute {
    /// Whether a principal is needed.
    pub require: AuthRequirement,
    /// Scopes needed, all of them.
    pub scopes: Vec<String>,
    /// Roles of which one is needed; no role when empty.
    pub roles: Vec<String>,
    /// Permissions needed, all of them.
    pub permissions: Vec<String>,
    /// How the principal has to have shown who he is.
    pub assurance: Vec<Assurance>,
    /// How long ago that may be.
    pub max_auth_age: Option<Duration>,
}

impl AuthRoute {
    pub(crate) fn everywhere(config: &AuthConfig) -> Self {
        AuthRoute {
            require: config.require,
            scopes: Vec::new(),
            roles: Vec::new(),
            permissions: Vec::new(),
            assurance: Vec::new(),
            max_auth_age: None,
        }
    }

    pub(crate) fn on_route(&self, route: &AuthRouteConfig) -> Self {
        AuthRoute {
            require: route.auth.unwrap_or(self.require),
            scopes: route.scopes.to_vec(),
            roles: route.roles.to_vec(),
            permissions: route.permissions.to_vec(),
            assurance: route.require.clone(),
            max_auth_age: route.max_auth_age.map(|age| age.0),
        }
    }

    /// The lines of `doorward check`.
    pub fn rows(&self) -> Vec<String> {
        let scopes = (!self.scopes.is_empty()).then(|| format!("scope {}", self.scopes.join(" and ")));
        let roles = (!self.roles.is_empty()).then(|| format!("role {}", self.roles.join(" or ")));
        let permissions =
            (!self.permissions.is_empty()).then(|| format!("permission {}", self.permissions.join(" and ")));
        let assurance = self.assurance.contains(&Assurance::Mfa).then(|| "mfa".to_owned());
        let age = self.max_auth_age.map(|age| format!("shown within {}", Period(age)));
        let required = std::iter::once(self.require.name().to_owned());
        required.chain(scopes).chain(roles).chain(permissions).chain(assurance).chain(age).collect()
    }
}

/// Trusted token issuers and API keys.
#[derive(Debug)]
pub struct Auth {
    /// Token issuers.
    pub issuers: Vec<Issuer>,
    /// API keys by the SHA-256 of the key.
    pub api_keys: Vec<ApiKey>,
    /// Whether keys that were issued by the built-in service are known, too.
    pub issued_keys: bool,
    /// What follows from groups and roles.
    pub permissions: Permissions,
    /// Header that carries an API key.
    pub api_key_header: HeaderName,
    /// Cookie that carries an access token.
    pub cookie: Option<String>,
    /// Clock skew allowed.
    pub leeway: Duration,
    /// Header in which the upstream gets the verified subject.
    pub forward_subject: HeaderName,
    /// Header in which the upstream gets a token of ours, and for whom that is.
    pub forward_token: Option<(HeaderName, String)>,
    /// The built-in user service.
    pub service: Option<UserService>,
}

impl Auth {
    /// Whether no credential can ever be valid.
    pub fn is_empty(&self) -> bool {
        !self.verifies_tokens() && !self.knows_keys()
    }

    /// Whether some token can be valid.
    pub fn verifies_tokens(&self) -> bool {
        !self.issuers.is_empty() || self.service.is_some()
    }

    /// Whether some API key can be valid.
    pub fn knows_keys(&self) -> bool {
        !self.api_keys.is_empty() || self.issued_keys
    }
}

/// A token issuer.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// The `iss` claim; any when not set.
    pub issuer: Option<String>,
    /// The `aud` claim, any of these; not checked when empty.
    pub audiences: Vec<String>,
    /// The `typ` of its access tokens, in lower case and without `application/`; the empty one is none.
    pub types: Vec<String>,
    /// Where its keys come from.
    pub keys: Vec<KeySource>,
    /// Longest life of a token.
    pub max_lifetime: Option<Duration>,
}

/// Where keys come from.
#[derive(Clone)]
pub enum KeySource {
    /// One key with its algorithm.
    Key {
        /// The `kid` that tokens name.
        kid: Option<String>,
        /// The one algorithm of this key.
        algorithm: JwtAlgorithm,
        /// PEM of a public key, or the bytes of a secret.
        material: Vec<u8>,
    },
    /// The text of a JWK set.
    Set(String),
    /// A JWK set to fetch again and again, in this interval.
    Url(Uri, Duration),
}

impl std::fmt::Debug for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            KeySource::Key { kid, algorithm, .. } => write!(f, "Key({kid:?}, {algorithm:?})"),
            KeySource::Set(_) => f.write_str("Set"),
            KeySource::Url(url, every) => write!(f, "Url({url}, {every:?})"),
        }
    }
}

/// An API key, known by its hash only.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// The subject that it stands for.
    pub subject: String,
    /// SHA-256 of the key.
    pub sha256: [u8; 32],
    /// Its scopes.
    pub scopes: Vec<String>,
    /// When it expires, seconds since 1970.
    pub expires: Option<u64>,
}

impl AuthConfig {
    pub(crate) fn compile(&self, role_claim: &str, reader: &mut Reader) -> Auth {
        let issuers = self
            .issuer
            .iter()
            .enumerate()
            .map(|(i, issuer)| issuer.compile(&i.to_string(), reader))
            .collect();
        if self.forward_token.is_some() && !self.service {
            reader.wrong(
                &["auth", "forward_token"],
                "tokens are signed by the built-in service, which is off",
                "write `service = true` and `public_url`; `forward_subject` names the caller without a signature",
            );
        }
        if self.issued_keys && !self.service {
            reader.wrong(
                &["auth", "issued_keys"],
                "keys are issued by the built-in service, which is off",
                "write `service = true` and `public_url`, or name keys by their hash: `[[auth.api_key]]`",
            );
        }
        let mut api_keys = Vec::new();
        for (i, key) in self.api_key.iter().enumerate() {
            let i = i.to_string();
            let Some(sha256) = hex32(&key.sha256) else {
                reader.wrong(
                    &["auth", "api_key", &i, "sha256"],
                    "not a SHA-256 hash in hexadecimal",
                    "printf %s \"$KEY\" | sha256sum",
                );
                continue;
            };
            let expires = match key.expires.as_deref().map(humantime::parse_rfc3339_weak) {
                None => None,
                Some(Ok(time)) => time.duration_since(SystemTime::UNIX_EPOCH).ok().map(|d| d.as_secs()),
                Some(Err(_)) => {
                    reader.wrong(
                        &["auth", "api_key", &i, "expires"],
                        "not a time",
                        "write `2027-01-31T00:00:00Z`",
                    );
                    continue;
                }
            };
            api_keys.push(ApiKey {
                subject: key.subject.clone(),
                sha256,
                scopes: key.scopes.clone(),
                expires,
            });
        }
        let header = |reader: &mut Reader, field: &str, name: &str| {
            name.parse::<HeaderName>().unwrap_or_else(|_| {
                reader.wrong(&["auth", field], format!("`{name}` is not a header name"), "");
                HeaderName::from_static("x-invalid")
            })
        };
        Auth {
            issuers,
            api_keys,
            issued_keys: self.issued_keys,
            permissions: Permissions::new(role_claim, &self.roles, &self.groups),
            api_key_header: header(reader, "api_key_header", &self.api_key_header),
            cookie: if self.service { Some(ACCESS_COOKIE.into()) } else { self.cookie.clone() },
            leeway: self.leeway.0,
            forward_subject: header(reader, "forward_subject", &self.forward_subject),
            forward_token: self
                .forward_token
                .as_ref()
                .map(|name| (header(reader, "forward_token", name), self.forward_token_audience.clone())),
            // It is read where routes and upstreams are known.
            service: None,
        }
    }
}

impl IssuerConfig {
    fn compile(&self, index: &str, reader: &mut Reader) -> Issuer {
        if self.audience.is_none() {
            reader.notice(
                &["auth", "issuer", index],
                "tokens of this issuer are believed whomever they are for",
                "write `audience = \"...\"`, the `aud` of those that are for this API (RFC 8725 §3.9)",
            );
        }
        let mut keys = Vec::new();
        match self.jwks.as_deref() {
            Some(url) if url.contains("://") => match url.parse::<Uri>() {
                Ok(uri) if uri.scheme_str() == Some("https") || uri.host().is_some_and(is_loopback) => {
                    keys.push(KeySource::Url(uri, self.refresh.0));
                }
                Ok(_) => reader.wrong(
                    &["auth", "issuer", index, "jwks"],
                    "keys fetched without TLS are anybody's keys",
                    "use an https URL",
                ),
                Err(e) => reader.wrong(&["auth", "issuer", index, "jwks"], format!("not a URL: {e}"), ""),
            },
            Some(file) => {
                let at = ["auth", "issuer", index, "jwks"];
                let text = reader.file(Path::new(file), &at).map(String::from_utf8);
                match text {
                    Some(Ok(text)) => keys.push(KeySource::Set(text)),
                    Some(Err(_)) => reader.wrong(&at, format!("{file} cannot be read: it is not UTF-8"), ""),
                    None => {}
                }
            }
            None => {}
        }
        for (k, key) in self.key.iter().enumerate() {
            if let Some(source) = key.compile(&["auth", "issuer", index, "key", &k.to_string()], reader) {
                keys.push(source);
            }
        }
        if keys.is_empty() && reader.problems.is_empty() {
            reader.wrong(
                &["auth", "issuer", index],
                "this issuer has no keys",
                "give `jwks = \"https://...\"` or `[[auth.issuer.key]]`",
            );
        }
        if self.typ.is_empty() {
            reader.wrong(
                &["auth", "issuer", index, "typ"],
                "with an empty list no token is accepted",
                "leave it out, or name one: `typ = [\"at+jwt\"]`",
            );
        }
        Issuer {
            issuer: self.issuer.clone(),
            audiences: match &self.audience {
                None => Vec::new(),
                Some(Audience::One(one)) => vec![one.clone()],
                Some(Audience::Many(many)) => many.clone(),
            },
            types: self.typ.iter().map(|typ| bare_type(typ)).collect(),
            keys,
            max_lifetime: self.max_lifetime.map(|p| p.0),
        }
    }
}

impl KeyConfig {
    fn compile(&self, at: &[&str], reader: &mut Reader) -> Option<KeySource> {
        let material = match (&self.public_key, &self.secret_file, &self.secret_env) {
            (Some(file), None, None) if self.algorithm != JwtAlgorithm::Hs256 => reader.file(file, at)?,
            (None, Some(file), None) if self.algorithm == JwtAlgorithm::Hs256 => {
                reader.secret_file(file, at)?
            }
            (None, None, Some(variable)) if self.algorithm == JwtAlgorithm::Hs256 => {
                reader.secret_env(variable, at)?.into_bytes()
            }
            _ => {
                reader.wrong(
                    at,
                    "a key has exactly one source that fits its algorithm",
                    "`secret_file` or `secret_env` for HS256, `public_key` for every other algorithm",
                );
                return None;
            }
        };
        let material =
            if self.algorithm == JwtAlgorithm::Hs256 { material.trim_ascii().to_vec() } else { material };
        // NULs add nothing: HMAC pads a key with them (RFC 2104 §2).
        if self.algorithm == JwtAlgorithm::Hs256 && material.iter().filter(|byte| **byte != 0).count() < 32 {
            const WEAK: &str = "an HS256 secret of less than 32 bytes can be guessed offline (RFC 7518 §3.2)";
            const HELP: &str = "openssl rand -base64 48";
            if self.weak.is_none() || material.iter().all(|byte| *byte == 0) {
                reader.wrong(at, WEAK, format!("{HELP}; until it is replaced, `weak = \"accept\"`"));
                return None;
            }
            reader.notice(at, WEAK, HELP);
        }
        Some(KeySource::Key { kid: self.kid.clone(), algorithm: self.algorithm, material })
    }
}

/// A media type as `typ` is compared: in lower case, and `application/` may be left out (RFC 7515 §4.1.9).
fn bare_type(typ: &str) -> String {
    let typ = typ.to_ascii_lowercase();
    typ.strip_prefix("application/").unwrap_or(&typ).to_owned()
}

/// Whether a host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|a| a.is_loopback())
}

fn hex32(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut out = [0; 32];
    for (i, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(out)
}
