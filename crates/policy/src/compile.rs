//! From the file model to the policy that holds: defaults, contradictions, files that it names.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::header::{HeaderName, HeaderValue};
use http::{Method, Uri};
use ipnet::IpNet;

use crate::Modes;
use crate::compiled::{
    AddressSet, ApiKey, Auth, Binding, BoundInput, Cookies, Cors, ExtraHeaders, Gateway, Issuer, KeySource,
    Log, Network, Owner, Policy, RoutePolicy, SecurityHeaders, Upstream,
};
use crate::config::{
    Audience, AuthConfig, BodyHandling, Config, DoorName, HeadersConfig, IssuerConfig, JwtAlgorithm,
    KeyConfig, RouteConfig,
};
use crate::diagnostics::{ConfigError, Problem, Source};
use crate::openapi::Document;
use crate::origin::OriginPattern;
use crate::router::{PathTemplate, Router};

/// What a policy is made from. Settings of the command line come before those of the file.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// `doorward.toml`, when there is one.
    pub file: Option<PathBuf>,
    /// The text of a policy that stands in no file.
    pub text: Option<String>,
    /// `--upstream`.
    pub upstream: Vec<String>,
    /// `--listen`.
    pub listen: Vec<std::net::SocketAddr>,
    /// `--openapi`.
    pub openapi: Option<PathBuf>,
}

/// Reads, checks and compiles a policy.
///
/// # Errors
/// Everything that is wrong with it, with positions.
pub fn load(inputs: &Inputs) -> Result<Policy, ConfigError> {
    let source = match (&inputs.file, &inputs.text) {
        (Some(path), _) => {
            let text = std::fs::read_to_string(path).map_err(|e| {
                Source::new(path.display().to_string(), "")
                    .problem(None, format!("cannot be read: {e}"))
                    .mend("`doorward init` writes one")
            })?;
            Source::new(path.display().to_string(), text)
        }
        (None, Some(text)) => Source::new("policy", text.as_str()),
        (None, None) => Source::new("command line", ""),
    };
    let mut config = Config::parse(&source)?;
    if !inputs.upstream.is_empty() {
        config.gateway.upstream.clone_from(&inputs.upstream);
    }
    if !inputs.listen.is_empty() {
        config.gateway.listen.clone_from(&inputs.listen);
    }
    let directory = inputs.file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    let openapi = match (&inputs.openapi, &config.gateway.openapi) {
        (Some(given), _) => Some(given.clone()),
        (None, Some(path)) => Some(directory.join(path)),
        (None, None) => None,
    };
    Compiler { source, directory: directory.to_owned(), problems: Vec::new(), files: Vec::new() }
        .compile(config, openapi)
}

struct Compiler {
    source: Source,
    directory: PathBuf,
    problems: Vec<Problem>,
    files: Vec<PathBuf>,
}

impl Compiler {
    fn compile(mut self, config: Config, openapi: Option<PathBuf>) -> Result<Policy, ConfigError> {
        let document = openapi.and_then(|path| self.document(&path));
        let gateway = self.gateway(&config);
        let cors = self.cors(&config);
        let auth = self.auth(&config.auth);
        let headers = self.headers(&config.headers);
        let deny = self.deny(&config);
        let modes = modes(Modes::default(), &config.doors);
        let fallback = self.fallback(&config, modes, &auth);
        let login = login(&config, &fallback);
        let mut routes: Router<Vec<Arc<RoutePolicy>>> = Router::default();
        for (i, route) in config.routes.iter().enumerate() {
            let Some(compiled) = self.route(&i.to_string(), route, &config, &fallback, &login) else {
                continue;
            };
            let Some(template) = compiled.template.clone() else { continue };
            let siblings = routes.entry(template, Vec::new);
            let taken = |s: &Arc<RoutePolicy>| {
                s.methods.is_empty() && compiled.methods.is_empty()
                    || s.methods.iter().any(|m| compiled.methods.contains(m))
            };
            if siblings.iter().any(taken) {
                self.wrong(
                    &["route", &i.to_string(), "path"],
                    format!("`{}` has a second entry for the same methods", route.path),
                    "join the two entries, or give each its own `methods`",
                );
            }
            siblings.push(Arc::new(compiled));
            // An entry for some methods comes before one for all.
            siblings.sort_by_key(|r| r.methods.is_empty());
        }
        if !self.problems.is_empty() {
            return Err(ConfigError { problems: self.problems });
        }
        Ok(Policy {
            gateway,
            admin: config.admin,
            log: Log { file: config.log.file.map(|f| self.directory.join(f)), access: config.log.access },
            protocol: config.protocol,
            network: Network {
                allow: config.network.allow.iter().copied().collect(),
                deny,
                require_user_agent: config.network.require_user_agent,
            },
            cors: cors.unwrap_or_else(|| unreachable!("a policy without problems has its CORS part")),
            auth,
            document,
            undeclared: config.schema.undeclared,
            server_errors: config.schema.server_errors,
            headers,
            cookies: Cookies {
                same_site: config.cookies.same_site,
                script_readable: config.cookies.script_readable,
            },
            foreign: config.ownership.foreign,
            exempt: config.ownership.exempt,
            decode_rounds: config.injection.decode_rounds,
            max_counters: config.rate.max_keys,
            files: self.files,
            routes,
            fallback: Arc::new(fallback),
            login: Arc::new(login),
            login_paths: config.rate.login_paths,
        })
    }

    fn wrong(&mut self, at: &[&str], message: impl Into<String>, mend: impl Into<String>) {
        let problem = self.source.problem(self.source.locate(at), message);
        let mend = mend.into();
        self.problems.push(if mend.is_empty() { problem } else { problem.mend(mend) });
    }

    fn document(&mut self, path: &Path) -> Option<Document> {
        self.files.push(path.to_owned());
        let name = path.display().to_string();
        let parsed = match std::fs::read_to_string(path) {
            Ok(text) => Document::parse(&Source::new(name, text)),
            Err(e) => Err(Source::new(name, "").problem(None, format!("cannot be read: {e}"))),
        };
        parsed.map_err(|problem| self.problems.push(problem)).ok()
    }

    fn gateway(&mut self, config: &Config) -> Gateway {
        let g = &config.gateway;
        let mut upstreams = Vec::new();
        for (i, text) in g.upstream.iter().enumerate() {
            match text.parse::<Upstream>() {
                Ok(upstream) => upstreams.push(upstream),
                Err(message) => self.wrong(&["gateway", "upstream", &i.to_string()], message, ""),
            }
        }
        if g.listen.is_empty() {
            self.wrong(
                &["gateway", "listen"],
                "there is no address to listen on",
                "write `listen = [\"0.0.0.0:8080\"]`",
            );
        }
        for (i, upgrade) in g.upgrades.iter().enumerate() {
            if upgrade.to_ascii_lowercase().starts_with("h2c") {
                self.wrong(
                    &["gateway", "upgrades", &i.to_string()],
                    "an upgrade to h2c is a tunnel past every door",
                    "remove it; HTTP/2 needs no upgrade here",
                );
            }
        }
        if matches!(g.proxy_protocol, crate::config::ProxyProtocol::Required) && g.trusted_proxies.is_empty()
        {
            self.wrong(
                &["gateway", "proxy_protocol"],
                "anybody could claim any address",
                "name the proxies in `trusted_proxies`",
            );
        }
        let tls = g.tls.as_ref().map(|t| (self.directory.join(&t.certificate), self.directory.join(&t.key)));
        if let Some((certificate, key)) = &tls {
            for (file, field) in [(certificate, "certificate"), (key, "key")] {
                if let Err(e) = std::fs::metadata(file) {
                    self.wrong(
                        &["gateway", "tls", field],
                        format!("{} cannot be read: {e}", file.display()),
                        "",
                    );
                }
            }
            self.private(key, &["gateway", "tls", "key"]);
        }
        Gateway {
            listen: g.listen.clone(),
            upstreams,
            trusted_proxies: g.trusted_proxies.clone(),
            proxy_protocol: g.proxy_protocol,
            workers: g.workers.filter(|n| *n > 0),
            upgrades: g.upgrades.iter().map(|u| u.to_ascii_lowercase()).collect(),
            preserve_host: g.preserve_host,
            max_connections: g.max_connections.max(1),
            drain: g.drain.0,
            tls,
            timeouts: g.timeouts.clone(),
            health: g.health.clone(),
        }
    }

    /// A secret that everybody on the machine may read is an error.
    fn private(&mut self, file: &Path, at: &[&str]) {
        use std::os::unix::fs::PermissionsExt;
        if let Ok(meta) = std::fs::metadata(file)
            && meta.permissions().mode() & 0o004 != 0
        {
            self.wrong(
                at,
                format!("{} can be read by everybody on this machine", file.display()),
                format!("chmod 600 {}", file.display()),
            );
        }
    }

    fn cors(&mut self, config: &Config) -> Option<Cors> {
        if config.cors.credentials && config.cors.origins.contains(&OriginPattern::Any) {
            self.wrong(
                &["cors", "origins"],
                "`*` with credentials lets every site act as the visitor",
                "list the origins, or set `credentials = false`",
            );
        }
        match Cors::compile(&config.cors) {
            Ok(cors) => Some(cors),
            Err((field, message)) => {
                self.wrong(&["cors", field], message, "");
                None
            }
        }
    }

    fn deny(&mut self, config: &Config) -> AddressSet {
        let mut networks = config.network.deny.clone();
        for (i, file) in config.network.deny_files.iter().enumerate() {
            let path = self.directory.join(file);
            self.files.push(path.clone());
            let text = match std::fs::read_to_string(&path) {
                Ok(text) => text,
                Err(e) => {
                    self.wrong(
                        &["network", "deny_files", &i.to_string()],
                        format!("{} cannot be read: {e}", path.display()),
                        "",
                    );
                    continue;
                }
            };
            for (n, line) in text.lines().enumerate() {
                let entry = line.split(['#', ';']).next().unwrap_or("").trim();
                if entry.is_empty() {
                    continue;
                }
                let network =
                    entry.parse::<IpNet>().or_else(|_| entry.parse::<std::net::IpAddr>().map(IpNet::from));
                match network {
                    Ok(network) => networks.push(network),
                    Err(_) => self.wrong(
                        &["network", "deny_files", &i.to_string()],
                        format!("{}:{}: `{entry}` is not a network", path.display(), n + 1),
                        "write `192.0.2.0/24` or an address, one a line",
                    ),
                }
            }
        }
        networks.into_iter().collect()
    }

    fn auth(&mut self, config: &AuthConfig) -> Auth {
        let issuers = config
            .issuers
            .iter()
            .enumerate()
            .map(|(i, issuer)| self.issuer(&i.to_string(), issuer))
            .collect();
        let mut api_keys = Vec::new();
        for (i, key) in config.api_keys.iter().enumerate() {
            let i = i.to_string();
            let Some(sha256) = hex32(&key.sha256) else {
                self.wrong(
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
                    self.wrong(
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
        let header = |this: &mut Self, field: &str, name: &str| {
            name.parse::<HeaderName>().unwrap_or_else(|_| {
                this.wrong(&["auth", field], format!("`{name}` is not a header name"), "");
                HeaderName::from_static("x-invalid")
            })
        };
        Auth {
            issuers,
            api_keys,
            api_key_header: header(self, "api_key_header", &config.api_key_header),
            cookie: config.cookie.clone(),
            leeway: config.leeway.0,
            forward_subject: header(self, "forward_subject", &config.forward_subject),
        }
    }

    fn issuer(&mut self, index: &str, config: &IssuerConfig) -> Issuer {
        let mut keys = Vec::new();
        match config.jwks.as_deref() {
            Some(url) if url.contains("://") => match url.parse::<Uri>() {
                Ok(uri) if uri.scheme_str() == Some("https") || uri.host().is_some_and(is_loopback) => {
                    keys.push(KeySource::Url(uri, config.refresh.0));
                }
                Ok(_) => self.wrong(
                    &["auth", "issuer", index, "jwks"],
                    "keys fetched without TLS are anybody's keys",
                    "use an https URL",
                ),
                Err(e) => self.wrong(&["auth", "issuer", index, "jwks"], format!("not a URL: {e}"), ""),
            },
            Some(file) => {
                let path = self.directory.join(file);
                self.files.push(path.clone());
                match std::fs::read_to_string(&path) {
                    Ok(text) => keys.push(KeySource::Set(text)),
                    Err(e) => self.wrong(
                        &["auth", "issuer", index, "jwks"],
                        format!("{} cannot be read: {e}", path.display()),
                        "",
                    ),
                }
            }
            None => {}
        }
        for (k, key) in config.keys.iter().enumerate() {
            if let Some(source) = self.key(&["auth", "issuer", index, "key", &k.to_string()], key) {
                keys.push(source);
            }
        }
        if keys.is_empty() && self.problems.is_empty() {
            self.wrong(
                &["auth", "issuer", index],
                "this issuer has no keys",
                "give `jwks = \"https://...\"` or `[[auth.issuer.key]]`",
            );
        }
        Issuer {
            issuer: config.issuer.clone(),
            audiences: match &config.audience {
                None => Vec::new(),
                Some(Audience::One(one)) => vec![one.clone()],
                Some(Audience::Many(many)) => many.clone(),
            },
            keys,
            max_lifetime: config.max_lifetime.map(|p| p.0),
        }
    }

    fn key(&mut self, at: &[&str], key: &KeyConfig) -> Option<KeySource> {
        let material = match (&key.public_key, &key.secret_file, &key.secret_env) {
            (Some(file), None, None) if key.algorithm != JwtAlgorithm::Hs256 => self.file(file, at)?,
            (None, Some(file), None) if key.algorithm == JwtAlgorithm::Hs256 => {
                self.private(&self.directory.join(file), at);
                self.file(file, at)?
            }
            (None, None, Some(variable)) if key.algorithm == JwtAlgorithm::Hs256 => {
                match std::env::var(variable) {
                    Ok(secret) => secret.into_bytes(),
                    Err(_) => {
                        self.wrong(at, format!("the environment variable `{variable}` is not set"), "");
                        return None;
                    }
                }
            }
            _ => {
                self.wrong(
                    at,
                    "a key has exactly one source that fits its algorithm",
                    "`public_key` for EdDSA, ES256, RS256; `secret_file` or `secret_env` for HS256",
                );
                return None;
            }
        };
        let material =
            if key.algorithm == JwtAlgorithm::Hs256 { material.trim_ascii().to_vec() } else { material };
        if key.algorithm == JwtAlgorithm::Hs256 && material.len() < 32 {
            self.wrong(
                at,
                "an HS256 secret of less than 32 bytes can be guessed offline (RFC 7518 §3.2)",
                "openssl rand -base64 48",
            );
            return None;
        }
        Some(KeySource::Key { kid: key.kid.clone(), algorithm: key.algorithm, material })
    }

    fn file(&mut self, file: &Path, at: &[&str]) -> Option<Vec<u8>> {
        let path = self.directory.join(file);
        self.files.push(path.clone());
        match std::fs::read(&path) {
            Ok(bytes) => Some(bytes),
            Err(e) => {
                self.wrong(at, format!("{} cannot be read: {e}", path.display()), "");
                None
            }
        }
    }

    fn headers(&mut self, config: &HeadersConfig) -> SecurityHeaders {
        let builtin: ExtraHeaders = [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", &config.frame_options),
            ("x-xss-protection", "0"),
            ("referrer-policy", &config.referrer_policy),
            ("content-security-policy", &config.content_security_policy),
            ("permissions-policy", &config.permissions_policy),
            ("cross-origin-opener-policy", &config.cross_origin_opener_policy),
            ("cross-origin-resource-policy", &config.cross_origin_resource_policy),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let mut set = Vec::new();
        for (name, value) in builtin.iter().chain(&config.set).filter(|(_, value)| !value.is_empty()) {
            match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
                (Ok(name), Ok(value)) => set.push((name, value)),
                _ => self.wrong(&["headers", "set", name], format!("`{name}: {value}` is not a header"), ""),
            }
        }
        let mut remove: Vec<HeaderName> = LEAKS.iter().map(|name| HeaderName::from_static(name)).collect();
        for (i, name) in config.remove.iter().enumerate() {
            match name.parse() {
                Ok(name) => remove.push(name),
                Err(_) => self.wrong(
                    &["headers", "remove", &i.to_string()],
                    format!("`{name}` is not a header name"),
                    "",
                ),
            }
        }
        let mut hsts = format!("max-age={}", config.hsts_max_age.0.as_secs());
        if config.hsts_include_subdomains {
            hsts.push_str("; includeSubDomains");
        }
        if config.hsts_preload {
            hsts.push_str("; preload");
            if !config.hsts_include_subdomains || config.hsts_max_age.0 < Duration::from_secs(31_536_000) {
                self.wrong(
                    &["headers", "hsts_preload"],
                    "preload lists take only a year or more, with subdomains",
                    "set `hsts_include_subdomains = true` and a longer `hsts_max_age`",
                );
            }
        }
        SecurityHeaders {
            set,
            hsts: HeaderValue::try_from(hsts).unwrap_or(HeaderValue::from_static("max-age=63072000")),
            remove,
        }
    }

    fn fallback(&mut self, config: &Config, modes: Modes, auth: &Auth) -> RoutePolicy {
        use crate::config::AuthRequirement;
        if config.auth.require == AuthRequirement::Required && auth.is_empty() && self.problems.is_empty() {
            self.wrong(
                &["auth", "require"],
                "no token and no key could ever be valid",
                "add `[[auth.issuer]]` or `[[auth.api_key]]`",
            );
        }
        RoutePolicy {
            name: "*".into(),
            template: None,
            methods: Vec::new(),
            modes,
            max_body: config.protocol.max_body,
            body: BodyHandling::Hold,
            limits: sorted(config.rate.limits.iter().cloned()),
            auth: config.auth.require,
            scopes: Vec::new(),
            fields: None,
            unknown_properties: config.schema.unknown_properties,
            unknown_parameters: config.schema.unknown_parameters,
            responses: config.schema.responses,
            exempt_inputs: config.injection.exempt.clone(),
            bind: Vec::new(),
            owner: None,
        }
    }

    fn route(
        &mut self,
        index: &str,
        route: &RouteConfig,
        config: &Config,
        fallback: &RoutePolicy,
        login: &RoutePolicy,
    ) -> Option<RoutePolicy> {
        let template = match PathTemplate::parse(&route.path) {
            Ok(template) => template,
            Err(e) => {
                self.wrong(&["route", index, "path"], e.to_string(), "write `/users/{id}` or `/files/**`");
                return None;
            }
        };
        let mut methods = Vec::new();
        for (m, text) in route.methods.iter().enumerate() {
            match text.to_ascii_uppercase().parse::<Method>() {
                Ok(method) => methods.push(method),
                Err(_) => self.wrong(
                    &["route", index, "methods", &m.to_string()],
                    format!("`{text}` is not a method"),
                    "",
                ),
            }
        }
        let serves_login = crate::compiled::is_login(&Method::POST, &route.path, &config.rate.login_paths)
            && (methods.is_empty() || methods.contains(&Method::POST));
        let base = if serves_login { login } else { fallback };
        let mut bind = Vec::new();
        for (input, claim) in &route.bind {
            let parsed = match input.split_once('.') {
                Some(("path", name)) if template.parameters().any(|p| p == name) => {
                    Some(BoundInput::Path(name.into()))
                }
                Some(("query", name)) => Some(BoundInput::Query(name.into())),
                Some(("header", name)) => name.parse().ok().map(BoundInput::Header),
                Some(("body", pointer)) if pointer.starts_with('/') => Some(BoundInput::Body(pointer.into())),
                _ => None,
            };
            match parsed {
                Some(input) => bind.push(Binding { input, claim: claim.clone() }),
                None => self.wrong(&["route", index, "bind", input], format!("`{input}` is no input of `{}`", route.path), "write `path.NAME` for a parameter of the path, `query.NAME`, `header.NAME` or `body./pointer`"),
            }
        }
        if let Some(owner) = &route.owner {
            for pointer in
                [Some(&owner.field), owner.list.as_ref()].into_iter().flatten().chain(&owner.counts)
            {
                if !pointer.is_empty() && !pointer.starts_with('/') {
                    self.wrong(
                        &["route", index, "owner"],
                        format!("`{pointer}` is not a JSON Pointer (RFC 6901)"),
                        format!("write `/{pointer}`"),
                    );
                }
            }
        }
        let auth = route.auth.unwrap_or(base.auth);
        let needs_claims = !bind.is_empty() || route.owner.is_some() || !route.scopes.is_empty();
        if needs_claims && config.auth.issuers.is_empty() && config.auth.api_keys.is_empty() {
            self.wrong(
                &["route", index],
                "this route compares with claims, and there is nobody whose claims are believed",
                "add `[[auth.issuer]]` or `[[auth.api_key]]`",
            );
        }
        if needs_claims && auth == crate::config::AuthRequirement::Off {
            self.wrong(
                &["route", index, "auth"],
                "this route compares with claims but looks at no credential",
                "set `auth = \"required\"`",
            );
        }
        if route.owner.is_some() && route.body == BodyHandling::Stream {
            self.wrong(
                &["route", index, "body"],
                "the owner of a streamed response cannot be checked before it leaves",
                "remove `body = \"stream\"` or `owner`",
            );
        }
        Some(RoutePolicy {
            name: route.path.as_str().into(),
            methods,
            modes: modes(base.modes, &route.doors),
            max_body: route.max_body.unwrap_or(base.max_body),
            body: route.body,
            limits: sorted(base.limits.iter().map(|l| (**l).clone()).chain(route.limits.iter().cloned())),
            auth,
            scopes: route.scopes.clone(),
            fields: route.fields.clone(),
            unknown_properties: route.unknown_properties.unwrap_or(base.unknown_properties),
            unknown_parameters: base.unknown_parameters,
            responses: base.responses,
            exempt_inputs: base.exempt_inputs.iter().chain(&route.exempt).cloned().collect(),
            bind,
            owner: route.owner.clone().map(|o| Owner {
                field: o.field,
                claim: o.claim,
                list: o.list,
                counts: o.counts,
            }),
            template: Some(template),
        })
    }
}

/// The route of every login that has no entry of its own.
fn login(config: &Config, fallback: &RoutePolicy) -> RoutePolicy {
    RoutePolicy {
        name: "login".into(),
        max_body: config.protocol.max_login_body,
        limits: sorted(config.rate.limits.iter().chain(&config.rate.login).cloned()),
        ..fallback.clone()
    }
}

fn modes(mut modes: Modes, written: &std::collections::BTreeMap<DoorName, crate::Mode>) -> Modes {
    for (DoorName(door), mode) in written {
        modes.set(*door, *mode);
    }
    modes
}

fn sorted(limits: impl Iterator<Item = crate::Limit>) -> Vec<Arc<crate::Limit>> {
    let mut limits: Vec<_> = limits.map(Arc::new).collect();
    limits.sort_by_key(|l| l.needs_principal());
    limits
}

fn is_loopback(host: &str) -> bool {
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

/// Response headers that tell an attacker what runs behind the gate.
const LEAKS: [&str; 10] = [
    "server",
    "x-powered-by",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-generator",
    "x-runtime",
    "x-version",
    "x-debug-token",
    "x-debug-token-link",
    "x-drupal-cache",
];

#[cfg(test)]
mod tests;
