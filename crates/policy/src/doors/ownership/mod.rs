//! `[ownership]`: whose object it is. What a route compares with claims on the way in, and checks on the way out.

mod cedar;
mod input;
mod ledger;
mod owner;
mod read_path;
mod service_credential;

use std::collections::BTreeMap;
use std::time::Duration;

use authorization::{Cedar, ClaimType};
use http::header::{HeaderName, HeaderValue};
use openapi::Pointer;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

pub use cedar::CedarConfig;
pub use input::Input;
pub use ledger::{Ledger, LedgerConfig};
pub use owner::{Owner, OwnerConfig, Quantifier};
pub use read_path::ReadPath;
pub use service_credential::ServiceCredentialConfig;

use crate::reader::{Reader, RouteSource};
use crate::settings::{route_settings, serialize_as_text, settings};
use crate::units::Period;

settings! {
    /// `[ownership]`: whose object it is.
    pub struct OwnershipConfig {
        /// The status for an object of somebody else: `"404"` hides that it exists, `"403"` admits it.
        #[formerly("foreign")]
        pub forbidden_status: ForbiddenStatus = ForbiddenStatus::NotFound,
        /// Principals that may see everybody's objects: `role=admin`.
        pub exempt: Vec<ClaimMatch> = Vec::new(),
        /// The claim that names a principal's role, or a list of them; `roles` where it is not set and `[auth] service` is on.
        pub role_claim: String = "role".into(),
        /// How long a passed owner check holds for the next write to the same object; not at all when not set.
        #[formerly("look_cache")]
        pub check_cache_ttl: Option<Period> = None,
        /// A credential of the gateway's own, to read objects before a request about them is forwarded; the caller's
        /// credentials when not set.
        #[formerly("read_as")]
        pub service_credential: Option<ServiceCredentialConfig> = None,
        /// The ids that callers received.
        pub ledger: LedgerConfig = LedgerConfig::default(),
        /// Detection of callers that try many ids of others.
        pub enumeration: EnumerationConfig = EnumerationConfig::default(),
    }
}

settings! {
    /// `[ownership.enumeration]`: detects callers that try many ids of others.
    pub struct EnumerationConfig {
        /// How many distinct ids of others are no accident.
        pub ids: u32 = 30,
        /// The time in which they are counted.
        pub window: Period = Period(Duration::from_secs(300)),
        /// What follows: `report` writes an event, `throttle` also answers 429 on routes with an owner until the window
        /// has passed.
        pub then: EnumerationAction = EnumerationAction::Report,
    }
}

/// What happens to a caller that tries many ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EnumerationAction {
    /// An event.
    Report,
    /// An event, and 429 on routes with an owner until the time is over.
    Throttle,
}

/// The status for an object of somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub enum ForbiddenStatus {
    /// 404: the object does not exist for this caller ([guide §2]).
    ///
    /// [guide §2]: https://github.com/doorward/doorward/blob/main/docs/guide.md#2-broken-object-level-authorization
    #[serde(rename = "404")]
    NotFound,
    /// 403: the object exists and belongs to somebody else.
    #[serde(rename = "403")]
    Forbidden,
}

/// A claim with a value, written `role=admin`. A claim that is a list matches when it holds the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimMatch {
    /// Name of the claim.
    pub claim: String,
    /// Its value, or one of its values.
    pub value: String,
}

impl<'de> Deserialize<'de> for ClaimMatch {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        match text.split_once('=') {
            Some((claim, value)) if !claim.trim().is_empty() && !value.trim().is_empty() => {
                Ok(ClaimMatch { claim: claim.trim().into(), value: value.trim().into() })
            }
            _ => Err(D::Error::custom(format!("`{text}` is not of the form `claim=value`"))),
        }
    }
}

impl std::fmt::Display for ClaimMatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.claim, self.value)
    }
}

serialize_as_text!(ClaimMatch);

route_settings! {
    /// What a route may say of its objects.
    pub struct OwnershipRouteConfig {
        /// Values that must equal a claim: `{ "path.id" = "sub", "query.user" = "sub", "body./owner" = "sub" }`.
        pub bind: BTreeMap<String, String>,
        /// Where the response names the owner of an object: `"/user_id"`, or
        /// `{ field = ["/author", "/editors/*"], when = "any", claim = "sub", list = "/items", counts = ["/total"] }`.
        pub owner: Option<OwnerConfig>,
        /// Whether the object is read, and its owner checked, before a write is forwarded: `true` reads at the path of
        /// the request, a text at another path.
        #[formerly("before_write")]
        pub check_owner_before_write: Option<CheckOwnerBeforeWrite>,
        /// Objects that a request names beside the one of its path:
        /// `[{ id = "query.ids", read = "/api/orders/{id}" }]`, or with `kind` for ids that were remembered.
        pub objects: Vec<ObjectConfig>,
        /// Ids of a response that the caller receives, by kind: `{ order = ["/id", "/items/*/id"] }`.
        pub remember: BTreeMap<String, Vec<Pointer>>,
    }
}

/// An object that a request names by its id: `objects = [{ id = "query.ids", read = "/api/orders/{id}" }]`. The id
/// must be one that the caller received before (`kind`), or the object must pass the owner check when it is read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectConfig {
    /// Where the id stands: `path.id`, `query.ids`, `header.x-order`, `body./items/*/order_id`,
    /// `graphql.order.id`. Lists may be arrays, repeated, or separated by commas.
    pub id: String,
    /// The type that a global id names: of `T3JkZXI6Nw` (base64 of `Order:7`) or `gid://shop/Order/7`, the id is 7.
    pub node: Option<String>,
    /// The kind of object, as `remember` names it.
    pub kind: Option<String>,
    /// Where the object can be read to check its owner; `{id}` stands for the id, other names for path parameters.
    pub read: Option<String>,
}

/// `check_owner_before_write = true`: the object is read at the path of the request first; a text names another path.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "`true`, `false` or the path where the object is read")]
pub enum CheckOwnerBeforeWrite {
    /// At the request's own path, or not at all.
    Flag(bool),
    /// At this path; names in braces are those of the route.
    Read(String),
}

/// What holds of objects on every route.
#[derive(Debug)]
pub struct Ownership {
    /// The status for an object of somebody else.
    pub forbidden_status: ForbiddenStatus,
    /// Principals that may see everybody's objects.
    pub exempt: Vec<ClaimMatch>,
    /// The claim that names roles.
    pub role_claim: String,
    /// How long a passed owner check holds for the next write to the same object.
    pub check_cache_ttl: Option<Duration>,
    /// The header with which objects are read before a request is forwarded; the caller's credentials when not set.
    pub service_credential: Option<(HeaderName, HeaderValue)>,
    /// Where the ids that callers received are kept.
    pub ledger: Ledger,
    /// Detection of callers that try many ids of others.
    pub enumeration: EnumerationConfig,
    /// Cedar policies.
    pub cedar: Option<Cedar>,
    /// Claims that Cedar policies may use.
    #[cfg_attr(not(feature = "cedar"), expect(dead_code, reason = "only the text of the schema needs it"))]
    pub(crate) claims: BTreeMap<String, ClaimType>,
}

impl OwnershipConfig {
    pub(crate) fn compile(
        &self,
        cedar: Option<Cedar>,
        claims: BTreeMap<String, ClaimType>,
        reader: &mut Reader,
    ) -> Ownership {
        Ownership {
            forbidden_status: self.forbidden_status,
            exempt: self.exempt.clone(),
            role_claim: self.role_claim.clone(),
            check_cache_ttl: self.check_cache_ttl.map(|period| period.0),
            service_credential: self.service_credential.as_ref().and_then(|c| c.compile(reader)),
            ledger: self.ledger.compile(reader),
            enumeration: self.enumeration.clone(),
            cedar,
            claims,
        }
    }
}

/// An object that a request names by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectReference {
    /// Where the id stands.
    pub input: Input,
    /// The type whose global id it is: what comes after the type is the id.
    pub node: Option<String>,
    /// The kind of object, as `remember` names it.
    pub kind: Option<String>,
    /// Where the object can be read to check its owner.
    pub read: Option<ReadPath>,
}

/// A value that must equal a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Where the value stands.
    pub input: Input,
    /// The claim that it must equal.
    pub claim: String,
}

/// The objects of one route.
#[derive(Debug, Clone, Default)]
pub struct OwnershipRoute {
    /// Values that must equal a claim.
    pub bind: Vec<Binding>,
    /// Where the response names the owner of an object.
    pub owner: Option<Owner>,
    /// Where the object of a write is read first.
    pub check_owner_before_write: Option<ReadPath>,
    /// Objects that a request names.
    pub objects: Vec<ObjectReference>,
    /// Ids of a response that the caller receives, by kind.
    pub remember: Vec<(String, Vec<Pointer>)>,
}

impl OwnershipRoute {
    /// Whether a value of the body is compared or names an object, so that the body has to be read.
    pub fn reads_body(&self) -> bool {
        self.bind.iter().any(|binding| binding.input.is_in_body())
            || self.objects.iter().any(|object| object.input.is_in_body())
    }

    /// The lines of `doorward check`.
    pub fn rows(&self) -> Vec<String> {
        let bind = self.bind.iter().map(|b| format!("{} = {}", b.input, b.claim));
        let owner = self.owner.iter().map(|o| format!("owner {o}"));
        let writes = self.check_owner_before_write.iter().map(|read| format!("writes: read {read} first"));
        let objects = self.objects.iter().map(|object| {
            let kind = object.kind.iter().map(|kind| format!("remembered as {kind}"));
            let read = object.read.iter().map(|read| format!("read at {read}"));
            format!("{}: {}", object.input, kind.chain(read).collect::<Vec<_>>().join(", or "))
        });
        let remember = self.remember.iter().map(|(kind, at)| {
            format!("remembers {kind}: {}", at.iter().map(Pointer::as_str).collect::<Vec<_>>().join(" "))
        });
        bind.chain(owner).chain(writes).chain(objects).chain(remember).collect()
    }
}

impl OwnershipRouteConfig {
    /// Whether something on this route is compared with the caller's claims.
    pub(crate) fn compares(&self) -> bool {
        !self.bind.is_empty()
            || self.owner.is_some()
            || !self.objects.is_empty()
            || self.check_owner_before_write.is_some()
    }

    pub(crate) fn compile(&self, route: RouteSource<'_>, reader: &mut Reader) -> OwnershipRoute {
        OwnershipRoute {
            bind: self.bindings(route, reader),
            objects: self.objects(route, reader),
            check_owner_before_write: self.read_before_write(route, reader),
            owner: self.owner.clone().map(OwnerConfig::compile),
            remember: self.remember.iter().map(|(kind, at)| (kind.clone(), at.clone())).collect(),
        }
    }

    fn bindings(&self, route: RouteSource<'_>, reader: &mut Reader) -> Vec<Binding> {
        let mut bind = Vec::new();
        for (input, claim) in &self.bind {
            match Input::parse(input, route.parameters) {
                Some(input) => bind.push(Binding { input, claim: claim.clone() }),
                None => no_input(route, &["bind", input], input, reader),
            }
        }
        bind
    }

    fn objects(&self, route: RouteSource<'_>, reader: &mut Reader) -> Vec<ObjectReference> {
        let mut objects = Vec::new();
        for (i, object) in self.objects.iter().enumerate() {
            let at = i.to_string();
            let Some(input) = Input::parse(&object.id, route.parameters) else {
                no_input(route, &["objects", &at, "id"], &object.id, reader);
                continue;
            };
            if object.kind.is_none() && object.read.is_none() {
                reader.wrong_at(
                    route,
                    &["objects", &at],
                    "nothing says whose this object is",
                    "add `kind` (an id that was remembered) or `read` (a path where it can be read)",
                );
            }
            let read = object.read.as_deref().and_then(|read| {
                read_path(
                    route,
                    &["objects", &at, "read"],
                    read,
                    |name| name == "id" || route.parameters.contains(&name),
                    reader,
                )
            });
            let (node, kind) = (object.node.clone(), object.kind.clone());
            objects.push(ObjectReference { input, node, kind, read });
        }
        objects
    }

    fn read_before_write(&self, route: RouteSource<'_>, reader: &mut Reader) -> Option<ReadPath> {
        let read = match self.check_owner_before_write.as_ref()? {
            CheckOwnerBeforeWrite::Flag(false) => return None,
            CheckOwnerBeforeWrite::Flag(true) => route.path,
            CheckOwnerBeforeWrite::Read(path) => path,
        };
        let is_known = |name: &str| route.parameters.contains(&name);
        read_path(route, &["check_owner_before_write"], read, is_known, reader)
    }
}

fn read_path(
    route: RouteSource<'_>,
    at: &[&str],
    text: &str,
    is_known: impl Fn(&str) -> bool,
    reader: &mut Reader,
) -> Option<ReadPath> {
    let parsed = ReadPath::parse(text).and_then(|path| {
        let unknown = path.names().find(|name| !is_known(name)).map(str::to_owned);
        match unknown {
            Some(unknown) => Err(format!("nothing says what `{{{unknown}}}` is")),
            None => Ok(path),
        }
    });
    match parsed {
        Ok(path) => Some(path),
        Err(message) => {
            reader.wrong_at(route, at, message, "use names of this route's path");
            None
        }
    }
}

fn no_input(route: RouteSource<'_>, at: &[&str], input: &str, reader: &mut Reader) {
    if input.starts_with("graphql.") && !cfg!(feature = "graphql") {
        let help = "build with the feature `graphql`";
        reader.wrong_at(route, at, format!("`{input}`: this build does not read GraphQL"), help);
        return;
    }
    reader.wrong_at(
        route,
        at,
        format!("`{input}` is no input of `{}`", route.path),
        "write `path.NAME` for a parameter of the path, `query.NAME`, `header.NAME`, `body./pointer` or `graphql.FIELD.ARGUMENT`",
    );
}
