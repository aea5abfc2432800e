//! The file model of `doorward.toml`: what each section may say.
//!
//! Every struct refuses unknown keys; every default is the safe one of the guide. The model says what was written;
//! [`crate::load`] turns it into what holds.

mod auth;
mod cedar;
mod cors;
mod gateway;
mod headers;
mod ownership;
mod protocol;
mod rate;
mod route;
mod schema;
mod waf;

pub use auth::{ApiKeyConfig, Audience, AuthConfig, AuthRequirement, IssuerConfig, JwtAlgorithm, KeyConfig};
pub use cedar::CedarConfig;
pub use cors::{CorsConfig, Csrf};
pub use gateway::{
    AccessLog, AdminConfig, ClientAddressFrom, GatewayConfig, HealthConfig, LogConfig, ProxyProtocol,
    TimeoutConfig, TlsConfig,
};
pub use headers::{CookieConfig, HeadersConfig, SameSite};
pub use ownership::{
    BeforeWrite, ClaimMatch, EnumerationAction, EnumerationConfig, ForeignStatus, LedgerConfig, ObjectConfig,
    OwnerConfig, OwnershipConfig, Quantifier, ReadAsConfig,
};
pub use protocol::{NetworkConfig, ProtocolConfig, UnderscoreHeaders};
pub use rate::RateConfig;
pub use route::{BodyHandling, RouteConfig};
pub use schema::{
    Belief, DeprecatedOperation, InjectionConfig, ResponseProperties, Sanitize, SchemaConfig, ServerErrors,
    UndeclaredOperation, UnknownProperties,
};

pub use waf::{CrsConfig, CrsProfile, Detectors, WafConfig};

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Door, Mode};
use openapi::{Problem, Source};

/// The whole of `doorward.toml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Listening, upstreams, time-outs.
    pub gateway: GatewayConfig,
    /// The listener for metrics and health.
    pub admin: AdminConfig,
    /// Where events and the access log go.
    pub log: LogConfig,
    /// The mode of each door.
    pub doors: BTreeMap<DoorName, Mode>,
    /// Sizes, encodings and paths.
    pub protocol: ProtocolConfig,
    /// Addresses and user agents.
    pub network: NetworkConfig,
    /// Cross-origin requests.
    pub cors: CorsConfig,
    /// Rate limits.
    pub rate: RateConfig,
    /// Tokens and keys.
    pub auth: AuthConfig,
    /// What the OpenAPI document means for requests and responses.
    pub schema: SchemaConfig,
    /// SQL and script injection.
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
    pub cookies: CookieConfig,
    /// Overrides for paths.
    #[serde(rename = "route")]
    pub routes: Vec<RouteConfig>,
}

/// A [`Door`] as a key of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DoorName(pub Door);

impl<'de> Deserialize<'de> for DoorName {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = String::deserialize(d)?;
        Door::ALL.into_iter().find(|door| door.name() == name).map(DoorName).ok_or_else(|| {
            let names = Door::ALL.map(|door| format!("`{door}`")).join(", ");
            serde::de::Error::custom(format!("unknown door `{name}`, expected one of {names}"))
        })
    }
}

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
                Some(mend) => problem.mend(mend),
                None => problem,
            }
        })
    }
}

/// The mend for "unknown field `x`, expected one of `a`, `b`": the nearest name, or else the whole list.
pub(crate) fn suggestion(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown ")?;
    let mut quoted = rest.split('`').skip(1).step_by(2);
    let written = quoted.next()?;
    let candidates: Vec<&str> = quoted.collect();
    if written == "secret" {
        return Some("secrets do not stand in this file: use `secret_file` or `secret_env`".into());
    }
    Some(match nearest(written, candidates.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("remove it; this table knows {}", candidates.join(", ")),
    })
}

/// The candidate nearest to what was written, when it is near enough to be what was meant.
fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(written, c), c))
        .filter(|(distance, c)| *distance <= 1 + c.len() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}
