//! `[ownership]` and `owner` of a route: whose object it is.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::units::Period;
use openapi::Pointer;

/// `[ownership]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OwnershipConfig {
    /// What somebody else's object looks like.
    pub foreign: ForeignStatus,
    /// Principals that may see everybody's objects: `role=admin`.
    pub exempt: Vec<ClaimMatch>,
    /// The claim that names a principal's role, or a list of them.
    pub role_claim: Option<String>,
    /// How long a read that passed the owner check stands for the next write to the same object.
    pub look_cache: Option<Period>,
    /// A credential of the gate's own, with which objects are read before a request about them is forwarded; those of
    /// the caller when not set.
    pub read_as: Option<ReadAsConfig>,
    /// Where ids that callers were given are remembered.
    pub ledger: LedgerConfig,
    /// Callers that try many ids which are not theirs.
    pub enumeration: EnumerationConfig,
}

/// `[ownership.read_as]`: a header that the API takes for a credential.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadAsConfig {
    /// The header's name.
    #[serde(default = "authorization")]
    pub header: String,
    /// A file that holds its value: `Bearer ...`.
    pub secret_file: Option<PathBuf>,
    /// An environment variable that holds it.
    pub secret_env: Option<String>,
}

fn authorization() -> String {
    "authorization".into()
}

/// `[ownership.ledger]`: ids that callers received. In memory, where neither a file nor a server is named.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LedgerConfig {
    /// A file that survives a restart.
    pub file: Option<PathBuf>,
    /// A server that gateways share: `redis://host:6379/0`, `rediss://` with TLS, `postgres://user@host/database`.
    pub url: Option<String>,
    /// A file that holds the address, when there is a password in it.
    pub url_file: Option<PathBuf>,
    /// An environment variable that holds the address.
    pub url_env: Option<String>,
    /// How long an id is remembered.
    pub keep: Period,
    /// Ids remembered; the oldest go first.
    pub max_ids: usize,
}

impl Default for LedgerConfig {
    fn default() -> Self {
        let keep = Period(std::time::Duration::from_secs(30 * 24 * 3600));
        LedgerConfig { file: None, url: None, url_file: None, url_env: None, keep, max_ids: 1_000_000 }
    }
}

/// `[ownership.enumeration]`: distinct ids that were not the caller's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EnumerationConfig {
    /// How many are no accident.
    pub ids: u32,
    /// In which time.
    pub window: Period,
    /// What happens then.
    pub then: EnumerationAction,
}

impl Default for EnumerationConfig {
    fn default() -> Self {
        let window = Period(std::time::Duration::from_secs(300));
        EnumerationConfig { ids: 30, window, then: EnumerationAction::Report }
    }
}

/// What happens to a caller that tries many ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnumerationAction {
    /// An event.
    Report,
    /// An event, and 429 on routes with an owner until the time is over.
    Throttle,
}

/// The answer for an object that is not the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum ForeignStatus {
    /// 404: it does not exist for them ([guide §2]).
    ///
    /// [guide §2]: https://github.com/doorward/doorward/blob/main/docs/guide.md#2-broken-object-level-authorization
    #[default]
    #[serde(rename = "404")]
    NotFound,
    /// 403: it exists, and is not theirs.
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
            _ => Err(serde::de::Error::custom(format!("`{text}` is not of the form `claim=value`"))),
        }
    }
}

/// `owner = "/user_id"`, or `owner = { field = ["/author", "/editors/*"], claim = "sub" }` of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerConfig {
    /// Where an object names its owner; several, of which any must equal the claim, or all.
    pub field: Vec<Pointer>,
    /// Whether one of the fields is enough.
    pub when: Quantifier,
    /// The claim that must equal it.
    pub claim: String,
    /// Where the objects are when the response holds a list; a response that is an array needs none.
    pub list: Option<Pointer>,
    /// Where counts of the list are, which are lowered by what was filtered out.
    pub counts: Vec<Pointer>,
}

/// How many of several fields must name the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantifier {
    /// One is enough.
    #[default]
    Any,
    /// Every one.
    All,
}

impl<'de> Deserialize<'de> for OwnerConfig {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            field: OneOrMany,
            #[serde(default)]
            when: Quantifier,
            #[serde(default = "sub")]
            claim: String,
            list: Option<Pointer>,
            #[serde(default)]
            counts: Vec<Pointer>,
        }
        let table = match Shorthand::<Table>::deserialize(d)? {
            Shorthand::Text(text) => Table {
                field: OneOrMany(vec![text.parse().map_err(D::Error::custom)?]),
                when: Quantifier::Any,
                claim: sub(),
                list: None,
                counts: Vec::new(),
            },
            Shorthand::Table(table) => table,
        };
        let Table { field: OneOrMany(field), when, claim, list, counts } = table;
        Ok(OwnerConfig { field, when, claim, list, counts })
    }
}

fn sub() -> String {
    "sub".into()
}

/// An object that a request names by its id: `objects = [{ id = "query.ids", read = "/api/orders/{id}" }]`. The id
/// must be one that the caller was given before (`kind`), or the object must pass the owner check when it is read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectConfig {
    /// Where the id stands: `path.id`, `query.ids`, `header.x-order`, `body./items/*/order_id`,
    /// `graphql.order.id`. Lists may be arrays, repeated, or separated by commas.
    pub id: String,
    /// The type that a global id names: of `T3JkZXI6Nw` (base64 of `Order:7`) or `gid://shop/Order/7`, the id is 7.
    pub node: Option<String>,
    /// The kind of object, under which responses were remembered.
    pub kind: Option<String>,
    /// Where an object can be read to see whose it is; `{id}` stands for the id, other names for path parameters.
    pub read: Option<String>,
}

/// `before_write = true`: the object is read at the path of the request first; a text names another path.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "`true`, `false` or the path where the object is read")]
pub enum BeforeWrite {
    /// At the request's own path, or not at all.
    Flag(bool),
    /// At this path; names in braces are those of the route.
    Read(String),
}

/// One value, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOrMany(pub Vec<Pointer>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a JSON Pointer or a list of them")]
        enum Raw {
            One(String),
            Many(Vec<String>),
        }
        let texts = match Raw::deserialize(d)? {
            Raw::One(text) => vec![text],
            Raw::Many(texts) => texts,
        };
        if texts.is_empty() {
            return Err(D::Error::custom("an empty list names no field"));
        }
        texts.iter().map(|t| t.parse().map_err(D::Error::custom)).collect::<Result<_, _>>().map(OneOrMany)
    }
}

/// A text for the usual case, a table for the others; errors of the table are told as such.
enum Shorthand<T> {
    Text(String),
    Table(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shorthand<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Shorthand<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON Pointer or a table")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Shorthand::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Shorthand::Table)
            }
        }
        d.deserialize_any(Either(PhantomData))
    }
}
