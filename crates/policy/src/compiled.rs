//! Policy as it holds: every default filled in, every path resolved, nothing left to parse.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use detect::Class;
use http::header::{HeaderName, HeaderValue};
use http::{Method, Uri};
use ipnet::IpNet;
use prefix_trie::joint::JointPrefixSet;

use crate::Modes;
use crate::config::{
    AccessLog, AdminConfig, AuthRequirement, Belief, BodyHandling, ClaimMatch, ClientAddressFrom, CorsConfig,
    Csrf, DeprecatedOperation, EnumerationConfig, ForeignStatus, HealthConfig, JwtAlgorithm, ProtocolConfig,
    ProxyProtocol, ResponseProperties, SameSite, Sanitize, ServerErrors, TimeoutConfig, UndeclaredOperation,
    UnknownProperties,
};
use crate::origin::OriginPattern;
use crate::units::{ByteSize, Limit};
use authorization::{Cedar, ClaimType};
use openapi::Document;
use openapi::Pointer;
use openapi::{Captures, PathTemplate, Router, Spelling};

mod hash_secret;
mod ledger;
mod objects;

pub use hash_secret::HashSecret;
pub use ledger::{Ledger, LedgerPlace, SecretUrl};
pub use objects::{Binding, Input, ObjectReference, Owner, ReadPath};

/// All that a gateway and its doors need to know.
#[derive(Debug)]
pub struct Policy {
    /// Sockets, upstreams, time-outs.
    pub gateway: Gateway,
    /// The admin listener.
    pub admin: AdminConfig,
    /// Where lines go.
    pub log: Log,
    /// Sizes, depths and spellings.
    pub protocol: ProtocolConfig,
    /// Who may speak at all.
    pub network: Network,
    /// Cross-origin requests.
    pub cors: Cors,
    /// Whose tokens and keys are believed.
    pub auth: Auth,
    /// The OpenAPI document.
    pub document: Option<Document>,
    /// What an OpenAPI document decides.
    pub undeclared: UndeclaredOperation,
    /// What happens to operations that should no longer be used.
    pub deprecated: DeprecatedOperation,
    /// What happens to the words in which the API fails.
    pub server_errors: ServerErrors,
    /// Headers of every response.
    pub headers: SecurityHeaders,
    /// Attributes of cookies.
    pub cookies: Cookies,
    /// Policies beyond one owner.
    pub cedar: Option<Cedar>,
    /// Claims that such policies may look at.
    pub(crate) cedar_claims: BTreeMap<String, ClaimType>,
    /// The OWASP Core Rule Set.
    pub core_rule_set: Option<CoreRuleSet>,
    /// Whether the detectors that need no rules are asked.
    pub detectors: crate::config::Detectors,
    /// What somebody else's object looks like.
    pub foreign: ForeignStatus,
    /// Who may see everybody's objects.
    pub exempt: Vec<ClaimMatch>,
    /// The claim that names roles.
    pub role_claim: String,
    /// How long a read that passed the owner check stands.
    pub look_cache: Option<Duration>,
    /// The header with which objects are read before a request is forwarded; the caller's credentials when not set.
    pub read_as: Option<(HeaderName, HeaderValue)>,
    /// Where ids that callers were given are remembered.
    pub ledger: Ledger,
    /// Callers that try many ids which are not theirs.
    pub enumeration: EnumerationConfig,
    /// Decoding rounds of the injection door.
    pub decode_rounds: usize,
    /// Counters kept.
    pub max_counters: usize,
    /// The secret of counter keys, where gateways share one.
    pub hash_secret: Option<HashSecret>,
    /// The files that it was made from: a change of one is a reason to read it again.
    pub files: Vec<PolicyFile>,
    pub(crate) routes: Router<Vec<Arc<RoutePolicy>>>,
    pub(crate) fallback: Arc<RoutePolicy>,
    pub(crate) login: Arc<RoutePolicy>,
    pub(crate) login_paths: Vec<String>,
}

/// The OWASP Core Rule Set, and how strict it is.
#[derive(Debug)]
pub struct CoreRuleSet {
    /// Its rules.
    pub rules: seclang::RuleSet,
    /// Paranoia level.
    pub paranoia: u8,
    /// The score at which a request is refused.
    pub threshold: u32,
    /// What the rules are told that they stand in front of.
    pub profile: crate::config::CrsProfile,
    /// Whether answers are judged.
    pub responses: bool,
    /// The score at which an answer is refused.
    pub response_threshold: u32,
    /// Where what was found is written as ModSecurity writes it.
    pub audit_log: Option<PathBuf>,
}

/// A file that a policy was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    /// Where it is.
    pub path: PathBuf,
    /// When it had last changed, before it was read.
    pub changed: Option<SystemTime>,
}

impl PolicyFile {
    /// A file as it is now.
    pub fn at(path: PathBuf) -> PolicyFile {
        let changed = std::fs::metadata(&path).and_then(|meta| meta.modified()).ok();
        PolicyFile { path, changed }
    }
}

impl Policy {
    /// The policy of the route that a method and a normalized path belong to, and the values of its path parameters.
    /// Case, empty segments and `;parameters` make no difference: a server may ignore them.
    pub fn route<'p>(&self, method: &Method, path: &'p str) -> (&Arc<RoutePolicy>, Captures<'_, 'p>) {
        if let Some((_, candidates, captures)) = self.routes.find(path)
            && let Some(route) = RoutePolicy::pick(candidates, method, path)
        {
            // Routes of one shape may name their parameters differently.
            let names = route.template.iter().flat_map(PathTemplate::parameters);
            return (route, names.zip(captures.into_iter().map(|(_, value)| value)).collect());
        }
        let route = if is_login(method, path, &self.login_paths) { &self.login } else { &self.fallback };
        (route, Captures::new())
    }

    /// The schema that Cedar policies of this policy are checked against; there is none without a document.
    pub fn cedar_schema(&self) -> Option<String> {
        let document = self.document.as_ref()?;
        Some(Cedar::schema_of(document, &self.cedar_claims, &|method, path| {
            crate::compile::seen(document, &self.routes, method, path)
        }))
    }

    /// Every route that was written down, then the two that are always there.
    pub fn routes(&self) -> impl Iterator<Item = &Arc<RoutePolicy>> {
        self.routes.iter().flat_map(|(_, list)| list).chain([&self.login, &self.fallback])
    }
}

/// Whether a request is a login: a POST to a configured path, or to one whose last segment is a word for logging in.
pub(crate) fn is_login(method: &Method, path: &str, configured: &[String]) -> bool {
    const LOGIN: [&str; 7] = ["login", "signin", "sign-in", "authenticate", "token", "session", "sessions"];
    let last = || Spelling::Loose.segments(path).last();
    method == Method::POST
        && (configured
            .iter()
            .any(|configured| Spelling::Loose.segments(configured).eq(Spelling::Loose.segments(path)))
            || last().is_some_and(|last| LOGIN.contains(&&*last)))
}

/// What holds on one route.
#[derive(Debug, Clone)]
pub struct RoutePolicy {
    /// Its name in events and limits: the template, `login`, or `*`.
    pub name: Arc<str>,
    /// The template, when it was written down.
    pub template: Option<PathTemplate>,
    /// Methods; all when empty.
    pub methods: Vec<Method>,
    /// Mode of each door.
    pub modes: Modes,
    /// Longest body that is held back.
    pub max_body: ByteSize,
    /// Whether bodies are held back or streamed.
    pub body: BodyHandling,
    /// Limits, those that need a principal last.
    pub limits: Vec<Arc<Limit>>,
    /// Whether a principal is needed.
    pub auth: AuthRequirement,
    /// Scopes needed.
    pub scopes: Vec<String>,
    /// Roles of which one is needed; none when empty.
    pub roles: Vec<String>,
    /// Fields that may be assigned, where no document says.
    pub fields: Option<Vec<String>>,
    /// Undeclared body properties.
    pub unknown_properties: UnknownProperties,
    /// Undeclared query parameters.
    pub unknown_parameters: UnknownProperties,
    /// Undeclared response properties.
    pub responses: ResponseProperties,
    /// Inputs that may hold anything.
    pub exempt_inputs: Vec<String>,
    /// Inputs that hold what people write.
    pub prose_inputs: Vec<String>,
    /// Detectors that are believed more or less than what they are sure of.
    pub detectors: BTreeMap<Class, Belief>,
    /// Inputs in which markup is taken away.
    pub sanitize: Vec<(String, Sanitize)>,
    /// Values that must equal a claim.
    pub bind: Vec<Binding>,
    /// Where the response says whose object it is.
    pub owner: Option<Owner>,
    /// Where the object of a write is read first.
    pub before_write: Option<ReadPath>,
    /// Objects that a request names.
    pub objects: Vec<ObjectReference>,
    /// Ids of a response that the caller is given, by kind.
    pub remember: Vec<(String, Vec<Pointer>)>,
    /// What a JSON Patch may change.
    pub patch_paths: Option<Vec<Pointer>>,
    /// Names that may be sent though nobody declared them.
    pub allow_properties: Vec<String>,
}

impl RoutePolicy {
    /// Whether something in the body is compared or listed, so that it cannot be passed on unread.
    pub fn reads_body(&self) -> bool {
        self.fields.is_some()
            || self.bind.iter().any(|binding| binding.input.is_in_body())
            || self.objects.iter().any(|object| object.input.is_in_body())
    }

    /// The one of a path's routes that holds for a method: one that names it first. Where templates differ in spelling
    /// only, the one that the path spells comes first.
    pub(crate) fn pick<'r>(
        candidates: &'r [Arc<RoutePolicy>],
        method: &Method,
        path: &str,
    ) -> Option<&'r Arc<RoutePolicy>> {
        let spells = |route: &&Arc<RoutePolicy>| {
            route.template.as_ref().is_some_and(|template| template.captures(path).is_some())
        };
        let templates = || candidates.iter().map(|route| &route.template);
        let differ = templates().zip(templates().skip(1)).any(|(one, next)| one != next);
        let spelled = differ.then(|| Self::by_method(candidates.iter().filter(spells), method)).flatten();
        spelled.or_else(|| Self::by_method(candidates.iter(), method))
    }

    fn by_method<'r>(
        mut candidates: impl Iterator<Item = &'r Arc<RoutePolicy>> + Clone,
        method: &Method,
    ) -> Option<&'r Arc<RoutePolicy>> {
        let exact = candidates.clone().find(|route| route.methods.contains(method));
        exact.or_else(|| candidates.find(|route| route.serves(method)))
    }

    /// Whether it holds for a method. What holds for GET holds for HEAD, which tells the same of an object.
    fn serves(&self, method: &Method) -> bool {
        self.methods.is_empty() || (method == Method::HEAD && self.methods.contains(&Method::GET))
    }
}

/// Sockets, upstreams, time-outs.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// The API.
    pub upstreams: Vec<Upstream>,
    /// Proxies whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which they write the client's address.
    pub client_address_from: ClientAddressFrom,
    /// PROXY protocol on the listener.
    pub proxy_protocol: ProxyProtocol,
    /// Worker threads.
    pub workers: Option<usize>,
    /// Protocols that a client may upgrade to, lower case.
    pub upgrades: Vec<String>,
    /// Whether the upstream gets the client's Host.
    pub preserve_host: bool,
    /// Concurrent connections of one worker.
    pub max_connections: usize,
    /// How long connections may finish.
    pub drain: Duration,
    /// Certificate and key files.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Time-outs.
    pub timeouts: TimeoutConfig,
    /// Health of upstreams.
    pub health: HealthConfig,
}

/// One address of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// Over TCP.
    Tcp {
        /// Cleartext or TLS.
        tls: bool,
        /// HTTP/2 by prior knowledge on cleartext; on TLS, ALPN decides.
        http2: bool,
        /// Host and port.
        authority: http::uri::Authority,
        /// Port, with the scheme's default filled in.
        port: u16,
    },
    /// Over a Unix socket, HTTP/1.1.
    Unix(PathBuf),
}

impl std::str::FromStr for Upstream {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.starts_with('/') {
                Ok(Upstream::Unix(path.into()))
            } else {
                Err(format!("`{text}` does not name an absolute path; write `unix:/run/api.sock`"))
            };
        }
        let bad = || {
            format!(
                "`{text}` is not an upstream; write `http://127.0.0.1:3000`, `https://host`, `h2c://host:port` or `unix:/path`"
            )
        };
        let uri: Uri = text.parse().map_err(|_| bad())?;
        let authority = uri.authority().ok_or_else(bad)?.clone();
        if authority.as_str().contains('@') || !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(format!(
                "`{text}` has more than scheme, host and port; paths are passed on as they are"
            ));
        }
        let (tls, http2, default) = match uri.scheme_str() {
            Some("http") => (false, false, 80),
            Some("h2c") => (false, true, 80),
            Some("https") => (true, false, 443),
            _ => return Err(bad()),
        };
        let port = authority.port_u16().unwrap_or(default);
        Ok(Upstream::Tcp { tls, http2, authority, port })
    }
}

impl std::fmt::Display for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Upstream::Tcp { tls, http2, authority, .. } => {
                let scheme = match (tls, http2) {
                    (true, _) => "https",
                    (false, true) => "h2c",
                    (false, false) => "http",
                };
                write!(f, "{scheme}://{authority}")
            }
            Upstream::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Where lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// A file; standard output when not set.
    pub file: Option<PathBuf>,
    /// Whether every request gets a line.
    pub access: AccessLog,
}

/// Who may speak at all.
#[derive(Debug)]
pub struct Network {
    /// When not empty, only these.
    pub allow: AddressSet,
    /// Never these.
    pub deny: AddressSet,
    /// Whether a request must say which agent it comes from.
    pub require_user_agent: bool,
}

/// A set of networks; a look-up costs the length of the prefix, not the number of networks.
#[derive(Debug, Default)]
pub struct AddressSet {
    networks: JointPrefixSet<IpNet>,
}

impl AddressSet {
    /// The network of the set that holds the address.
    pub fn find(&self, address: IpAddr) -> Option<IpNet> {
        if self.is_empty() { None } else { self.networks.get_lpm(&IpNet::from(address)) }
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty()
    }
}

impl FromIterator<IpNet> for AddressSet {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        let mut set = JointPrefixSet::new();
        for network in networks {
            set.insert(network.trunc());
        }
        AddressSet { networks: set }
    }
}

/// Cross-origin requests, with the header values ready.
#[derive(Debug)]
pub struct Cors {
    /// Allowed origins.
    pub origins: Vec<OriginPattern>,
    /// Allowed methods.
    pub methods: Vec<Method>,
    /// Allowed request headers.
    pub headers: Vec<HeaderName>,
    /// `Access-Control-Allow-Methods`.
    pub allow_methods: HeaderValue,
    /// `Access-Control-Allow-Headers`.
    pub allow_headers: Option<HeaderValue>,
    /// `Access-Control-Expose-Headers`.
    pub expose: Option<HeaderValue>,
    /// `Access-Control-Max-Age`.
    pub max_age: HeaderValue,
    /// Whether credentials may come along.
    pub credentials: bool,
    /// State-changing cross-site requests with cookies.
    pub csrf: Csrf,
}

impl Cors {
    pub(crate) fn compile(config: &CorsConfig) -> Result<Cors, (&'static str, String)> {
        let methods = config
            .methods
            .iter()
            .map(|m| m.parse().map_err(|_| ("methods", format!("`{m}` is not a method"))))
            .collect::<Result<Vec<Method>, _>>()?;
        let names = |field, list: &[String]| {
            list.iter()
                .map(|h| {
                    h.parse()
                        .map_err(|_| (field, format!("`{h}` is not a header name; list them one by one")))
                })
                .collect::<Result<Vec<HeaderName>, _>>()
        };
        let headers = names("headers", &config.headers)?;
        let expose = names("expose", &config.expose)?;
        let join = |list: Vec<&str>| HeaderValue::try_from(list.join(", ")).ok();
        Ok(Cors {
            origins: config.origins.clone(),
            allow_methods: join(methods.iter().map(Method::as_str).collect())
                .unwrap_or(HeaderValue::from_static("GET")),
            allow_headers: join(headers.iter().map(HeaderName::as_str).collect())
                .filter(|_| !headers.is_empty()),
            expose: join(expose.iter().map(HeaderName::as_str).collect()).filter(|_| !expose.is_empty()),
            max_age: HeaderValue::from(config.max_age.0.as_secs()),
            methods,
            headers,
            credentials: config.credentials,
            csrf: config.csrf,
        })
    }
}

/// Whose tokens and keys are believed.
#[derive(Debug)]
pub struct Auth {
    /// Token issuers.
    pub issuers: Vec<Issuer>,
    /// API keys by the SHA-256 of the key.
    pub api_keys: Vec<ApiKey>,
    /// Header that carries an API key.
    pub api_key_header: HeaderName,
    /// Cookie that carries an access token.
    pub cookie: Option<String>,
    /// Clock skew allowed.
    pub leeway: Duration,
    /// Header in which the upstream gets the verified subject.
    pub forward_subject: HeaderName,
}

impl Auth {
    /// Whether there is anything to believe.
    pub fn is_empty(&self) -> bool {
        self.issuers.is_empty() && self.api_keys.is_empty()
    }
}

/// A token issuer.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// The `iss` claim; any when not set.
    pub issuer: Option<String>,
    /// The `aud` claim, any of these; none needed when empty.
    pub audiences: Vec<String>,
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
    /// A JWK set to fetch, again and again.
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

/// An API key, of which only the hash is known.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// The subject that it stands for.
    pub subject: String,
    /// SHA-256 of the key.
    pub sha256: [u8; 32],
    /// Its scopes.
    pub scopes: Vec<String>,
    /// When it ends, seconds since 1970.
    pub expires: Option<u64>,
}

/// Headers of every response, values ready.
#[derive(Debug)]
pub struct SecurityHeaders {
    /// Set where the upstream's value is missing or weaker.
    pub set: Vec<(HeaderName, HeaderValue)>,
    /// `Strict-Transport-Security`, on TLS.
    pub hsts: HeaderValue,
    /// Removed.
    pub remove: Vec<HeaderName>,
}

/// Attributes of cookies.
#[derive(Debug)]
pub struct Cookies {
    /// `SameSite` of cookies that have none.
    pub same_site: SameSite,
    /// Cookies that scripts must read.
    pub script_readable: Vec<String>,
}

/// Further headers by name, as the operator wrote them.
pub(crate) type ExtraHeaders = BTreeMap<String, String>;
