//! The whole of `doorward.toml` as written: the tables of all doors, the gateway's, and the routes.
//!
//! Every table refuses unknown keys; every default is the safe one of the guide. [`crate::load`] compiles what is written
//! here into a [`crate::Policy`].

use std::collections::BTreeMap;

use openapi::{Problem, Source};
use serde::{Deserialize, Serialize};

use crate::admin::AdminConfig;
use crate::doors::{
    AccountsConfig, ApiKeyConfig, AsnsConfig, AuthConfig, BansConfig, BotsConfig, CedarConfig,
    ChallengeConfig, CookiesConfig, CorsConfig, CountriesConfig, CredentialStuffingConfig, CrsConfig,
    DoorName, EnumerationConfig, FailedLoginsConfig, GraphqlConfig, HeadersConfig, InjectionConfig,
    IssuerConfig, KeyConfig, LedgerConfig, ListConfig, LockoutConfig, MailConfig, Mode, NetworkConfig,
    OwnershipConfig, PasswordsConfig, ProtocolConfig, ProviderConfig, RateConfig, RateStoreConfig,
    SchemaConfig, ServiceCredentialConfig, SessionsConfig, UnderAttackConfig, WafConfig,
};
use crate::gateway::{
    BalancingConfig, GatewayConfig, HealthConfig, TimeoutConfig, TlsConfig, UpstreamConfig, UpstreamTlsConfig,
};
use crate::log::LogConfig;
use crate::names::{EMPTY, nearest};
use crate::route::RouteConfig;
use crate::settings::{Setting, Settings};

/// The whole of `doorward.toml`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Listening, upstreams, timeouts.
    pub gateway: GatewayConfig,
    /// Further APIs.
    pub upstream: Vec<UpstreamConfig>,
    /// The listener for metrics and health.
    pub admin: AdminConfig,
    /// Events and the access log.
    pub log: LogConfig,
    /// The mode of each door.
    pub doors: BTreeMap<DoorName, Mode>,
    /// Sizes, encodings and paths.
    pub protocol: ProtocolConfig,
    /// Addresses and user agents.
    pub network: NetworkConfig,
    /// Programs.
    pub bots: BotsConfig,
    /// What makes an attack.
    pub under_attack: UnderAttackConfig,
    /// Cross-origin requests.
    pub cors: CorsConfig,
    /// Rate limits.
    pub rate: RateConfig,
    /// Tokens and keys.
    pub auth: AuthConfig,
    /// The OpenAPI document as the allowlist.
    pub schema: SchemaConfig,
    /// Code in inputs.
    pub injection: InjectionConfig,
    /// Rule sets.
    pub waf: WafConfig,
    /// Whose object it is.
    pub ownership: OwnershipConfig,
    /// Policies beyond one owner.
    pub cedar: CedarConfig,
    /// Security headers.
    pub headers: HeadersConfig,
    /// Attributes of cookies.
    pub cookies: CookiesConfig,
    /// Overrides for paths.
    #[serde(skip_serializing)]
    pub route: Vec<RouteConfig>,
}

/// A table of `doorward.toml`, as documents list it.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its key path: `gateway.timeouts`.
    pub path: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Its settings.
    pub settings: &'static [Setting],
}

const fn table<T: Settings>(path: &'static str) -> Table {
    Table { path, about: T::ABOUT, settings: T::SETTINGS }
}

/// Every table but `[doors]` and `[[route]]`, in the order of the documentation.
pub const TABLES: &[Table] = &[
    table::<GatewayConfig>("gateway"),
    table::<TlsConfig>("gateway.tls"),
    table::<UpstreamTlsConfig>("gateway.upstream_tls"),
    table::<TimeoutConfig>("gateway.timeouts"),
    table::<BalancingConfig>("gateway.load_balancing"),
    table::<HealthConfig>("gateway.health"),
    table::<UpstreamConfig>("upstream"),
    table::<AdminConfig>("admin"),
    table::<LogConfig>("log"),
    table::<ProtocolConfig>("protocol"),
    table::<GraphqlConfig>("protocol.graphql"),
    table::<NetworkConfig>("network"),
    table::<ListConfig>("network.list"),
    table::<CountriesConfig>("network.countries"),
    table::<AsnsConfig>("network.asns"),
    table::<BansConfig>("network.bans"),
    table::<BotsConfig>("bots"),
    table::<ChallengeConfig>("bots.challenge"),
    table::<UnderAttackConfig>("under_attack"),
    table::<CorsConfig>("cors"),
    table::<RateConfig>("rate"),
    table::<FailedLoginsConfig>("rate.failed_logins"),
    table::<CredentialStuffingConfig>("rate.credential_stuffing"),
    table::<RateStoreConfig>("rate.store"),
    table::<AuthConfig>("auth"),
    table::<IssuerConfig>("auth.issuer"),
    table::<KeyConfig>("auth.issuer.key"),
    table::<ApiKeyConfig>("auth.api_key"),
    table::<AccountsConfig>("auth.accounts"),
    table::<SessionsConfig>("auth.sessions"),
    table::<PasswordsConfig>("auth.passwords"),
    table::<LockoutConfig>("auth.lockout"),
    table::<MailConfig>("auth.mail"),
    table::<ProviderConfig>("auth.provider"),
    table::<SchemaConfig>("schema"),
    table::<InjectionConfig>("injection"),
    table::<WafConfig>("waf"),
    table::<CrsConfig>("waf.crs"),
    table::<OwnershipConfig>("ownership"),
    table::<ServiceCredentialConfig>("ownership.service_credential"),
    table::<LedgerConfig>("ownership.ledger"),
    table::<EnumerationConfig>("ownership.enumeration"),
    table::<CedarConfig>("cedar"),
    table::<HeadersConfig>("headers"),
    table::<CookiesConfig>("cookies"),
];

impl Config {
    /// Reads the text of a `doorward.toml`.
    ///
    /// # Errors
    /// A [`Problem`] at the place where the text is not TOML, or not of this shape.
    pub fn parse(source: &Source) -> Result<Config, Problem> {
        toml::from_str(source.text()).map_err(|e| {
            let message = e.message().lines().next().unwrap_or("not TOML").to_owned();
            let problem = source.problem(e.span(), message.clone());
            match suggestion(&message) {
                Some(help) => problem.with_help(help),
                None => problem,
            }
        })
    }
}

/// The old and the present name of every renamed setting.
pub(crate) fn renamed() -> impl Iterator<Item = (&'static str, &'static str)> {
    let tables = TABLES.iter().flat_map(|table| table.settings);
    tables.chain(RouteConfig::settings()).filter_map(|s| Some((s.formerly?, s.name)))
}

/// The one table that has a setting of this name.
fn elsewhere(name: &str) -> Option<&'static str> {
    let mut tables = TABLES.iter().filter(|table| table.settings.iter().any(|setting| setting.name == name));
    let first = tables.next()?;
    tables.next().is_none().then_some(first.path)
}

/// The help for a message of the parser. For "unknown field `x`, expected one of `a`, `b`": the nearest name, or else the
/// whole list.
pub(crate) fn suggestion(message: &str) -> Option<String> {
    if message.contains("invalid socket address syntax") {
        return Some("write an IP address and a port, as in \"127.0.0.1:8080\" or \"[::1]:8080\"".into());
    }
    if message.contains("invalid IP address syntax") {
        return Some(
            "write an address and the length of its prefix, up to 32 for IPv4 and 128 for IPv6: \"192.0.2.0/24\", \
             \"192.0.2.7/32\", \"2001:db8::/32\""
                .into(),
        );
    }
    if let Some((kind, written)) =
        message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(' '))
        && let (true, Some(text)) = (kind == "string", written.strip_suffix(", expected a sequence"))
    {
        return Some(format!("write a list: [{text}]"));
    }
    if message.contains(EMPTY) {
        return Some(
            "leave the setting out if all are meant; `deny = true` on the route shuts it for everybody"
                .into(),
        );
    }
    let rest = message.strip_prefix("unknown ")?;
    let mut quoted = rest.split('`').skip(1).step_by(2);
    let written = quoted.next()?;
    let candidates: Vec<&str> = quoted.collect();
    if written == "secret" {
        return Some("secrets do not stand in this file: use `secret_file` or `secret_env`".into());
    }
    let present = |name: &str| renamed().find(|(old, _)| *old == name).map(|(_, new)| new);
    Some(match nearest(written, candidates.iter().copied()) {
        Some(name) => format!("did you mean `{}`?", present(name).unwrap_or(name)),
        None => match elsewhere(written) {
            Some(table) => format!("it belongs below `[{table}]`: write that line above it"),
            None => {
                let known: Vec<&str> =
                    candidates.into_iter().filter(|name| present(name).is_none()).collect();
                format!("remove it; this table knows {}", known.join(", "))
            }
        },
    })
}
