//! `[[route]]`, and `x-doorward` beside an operation of the document: what differs on some paths, as written.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::doors::{
    AuthRouteConfig, DoorName, HeadersRouteConfig, InjectionRouteConfig, Mode, OwnershipRouteConfig,
    ProtocolRouteConfig, RateRouteConfig, SchemaRouteConfig,
};
use crate::names::Names;
use crate::settings::{Setting, Settings, route_settings};

route_settings! {
    /// Where a route's entry applies.
    pub struct ScopeConfig {
        /// Path template: `/api/users/{id}`, `/files/**`.
        pub path: String,
        /// Hosts, without ports; `*.example.org` covers one label. All when not set. Of routes that are alike, the one holds that
        /// names the host most closely.
        pub host: Names,
        /// Methods; all when not set.
        pub methods: Names,
        /// The `[[upstream]]` that requests go to, by its name; `gateway` for those of `[gateway] upstream`. Also for routes
        /// below this one (`/orders/{id}` below `/orders/**`) that say nothing of where requests go.
        pub upstream: Option<String>,
        /// The beginning of the path, which the upstream does not get: with `/orders`, `/orders/7` arrives as `/7`. It gets
        /// it as `X-Forwarded-Prefix`.
        pub strip_prefix: Option<String>,
        /// The path that the upstream gets, with parameters of the route's path: `/v2/users/{id}`, `/v2/**`.
        pub rewrite: Option<String>,
        /// Where clients are sent instead: a path or a URL, with parameters of the route's path; or, with a status,
        /// `{ to = "https://new.example/**", status = 301 }`. The query is kept. The status is 308 when not set.
        pub redirect: Option<RedirectConfig>,
        /// `true`: nobody may use it; every request is answered with 404.
        pub deny: bool,
        /// Whether requests with a body log somebody in here. When not set, the last word of the path says so (`/login`).
        pub login: Option<bool>,
        /// Modes of doors here.
        pub doors: BTreeMap<DoorName, Mode>,
    }
}

/// Where clients are sent, as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "a path, a URL, or a table as in `{ to = \"/new/**\", status = 301 }`")]
pub enum RedirectConfig {
    /// A path or URL.
    To(String),
    /// A path or URL, with a status.
    With(RedirectWithStatus),
}

/// Where clients are sent, and with which status.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedirectWithStatus {
    /// A path or URL.
    pub to: String,
    /// The status: 301, 302, 303, 307 or 308.
    pub status: u16,
}

/// `[[route]]`. Unset settings inherit the global value. Of the paths that match as they are spelled, only the most specific applies.
#[derive(Debug, Clone, Default)]
pub struct RouteConfig {
    /// Paths, methods, modes.
    pub scope: ScopeConfig,
    /// Bodies.
    pub protocol: ProtocolRouteConfig,
    /// Headers of responses.
    pub headers: HeadersRouteConfig,
    /// Limits.
    pub rate: RateRouteConfig,
    /// Callers.
    pub auth: AuthRouteConfig,
    /// Fields and parameters.
    pub schema: SchemaRouteConfig,
    /// Inputs.
    pub injection: InjectionRouteConfig,
    /// Objects.
    pub ownership: OwnershipRouteConfig,
}

impl RouteConfig {
    /// Every setting of a route, in the order of the documentation.
    pub fn settings() -> impl Iterator<Item = &'static Setting> {
        [
            ScopeConfig::SETTINGS,
            ProtocolRouteConfig::SETTINGS,
            HeadersRouteConfig::SETTINGS,
            RateRouteConfig::SETTINGS,
            AuthRouteConfig::SETTINGS,
            SchemaRouteConfig::SETTINGS,
            InjectionRouteConfig::SETTINGS,
            OwnershipRouteConfig::SETTINGS,
        ]
        .into_iter()
        .flatten()
    }

    /// The name of a setting, given that or an old spelling.
    pub(crate) fn name_of(written: &str) -> Option<&'static str> {
        let mut settings = RouteConfig::settings();
        settings.find(|s| s.name == written || s.formerly == Some(written)).map(|s| s.name)
    }

    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        Ok(self.scope.read(name, map)?
            || self.protocol.read(name, map)?
            || self.headers.read(name, map)?
            || self.rate.read(name, map)?
            || self.auth.read(name, map)?
            || self.schema.read(name, map)?
            || self.injection.read(name, map)?
            || self.ownership.read(name, map)?)
    }
}

static NAMES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| RouteConfig::settings().map(|s| s.name).collect());

impl<'de> Deserialize<'de> for RouteConfig {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = RouteConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of route settings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RouteConfig, A::Error> {
                let mut route = RouteConfig::default();
                let mut seen: Vec<&str> = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    if seen.contains(&name) {
                        return Err(A::Error::duplicate_field(name));
                    }
                    seen.push(name);
                    route.read(name, &mut map)?;
                }
                if !seen.contains(&"path") {
                    return Err(A::Error::missing_field("path"));
                }
                Ok(route)
            }
        }
        d.deserialize_map(Table)
    }
}

/// The name of a route's setting. An unknown one is an error of the key, so that the error has the key's place.
struct Name(&'static str);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let written = String::deserialize(d)?;
        RouteConfig::name_of(&written).map(Name).ok_or_else(|| D::Error::unknown_field(&written, &NAMES))
    }
}
