//! `[[route]]`: what differs on some paths.

use std::collections::BTreeMap;

use detect::Class;
use serde::Deserialize;

use super::{
    AuthRequirement, BeforeWrite, Belief, DoorName, ObjectConfig, OwnerConfig, ResponseProperties, Sanitize,
    UnknownProperties,
};
use crate::Mode;
use crate::units::{ByteSize, Limit};
use openapi::Pointer;

/// `[[route]]`. What is not said is as everywhere. The most specific path wins; entries do not add up.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteConfig {
    /// Path template: `/api/users/{id}`, `/files/**`.
    pub path: String,
    /// Methods; all when empty.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Modes of doors here.
    #[serde(default)]
    pub doors: BTreeMap<DoorName, Mode>,
    /// Held-back limit of request bodies here.
    pub max_body: Option<ByteSize>,
    /// Whether bodies are held back or streamed.
    #[serde(default)]
    pub body: BodyHandling,
    /// Limits here, beside the global ones.
    #[serde(default)]
    pub limits: Vec<Limit>,
    /// Whether a principal is needed here.
    pub auth: Option<AuthRequirement>,
    /// Scopes that the principal needs here.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Roles of which the principal needs one here.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Body fields that may be assigned here, where there is no OpenAPI document.
    pub fields: Option<Vec<String>>,
    /// What happens to other fields here.
    pub unknown_properties: Option<UnknownProperties>,
    /// Parameters and fields, by name, that may hold anything here.
    #[serde(default)]
    pub exempt: Vec<String>,
    /// Parameters and fields, by name, that hold what people write here.
    #[serde(default)]
    pub prose: Vec<String>,
    /// Detectors, by name, and how far each is believed here.
    #[serde(default, deserialize_with = "super::schema::detectors")]
    pub detectors: BTreeMap<Class, Belief>,
    /// Parameters and fields, by name, in which markup is taken away instead of refused here.
    #[serde(default)]
    pub sanitize: BTreeMap<String, Sanitize>,
    /// Values that must equal a claim: `{ "path.id" = "sub", "query.user" = "sub", "body./owner" = "sub" }`.
    #[serde(default)]
    pub bind: BTreeMap<String, String>,
    /// Where the response says whose object it is.
    pub owner: Option<OwnerConfig>,
    /// Whether the object is read, and its owner checked, before a write is forwarded.
    pub before_write: Option<BeforeWrite>,
    /// Objects that a request names beside the one of its path.
    #[serde(default)]
    pub objects: Vec<ObjectConfig>,
    /// Ids of a response that the caller is given, by kind: `{ order = ["/id", "/items/*/id"] }`.
    #[serde(default)]
    pub remember: BTreeMap<String, Vec<Pointer>>,
    /// What happens to response properties that nobody declared here.
    pub responses: Option<ResponseProperties>,
    /// What happens to query parameters that nobody declared here.
    pub unknown_parameters: Option<UnknownProperties>,
    /// What a JSON Patch (RFC 6902) may change here: JSON Pointers, `*` for any item. Anything when not said.
    pub patch_paths: Option<Vec<Pointer>>,
    /// Properties and parameters, by name, that may be sent here though nobody declared them.
    #[serde(default)]
    pub allow_properties: Vec<String>,
}

/// What happens to a request body before there is a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyHandling {
    /// Held back whole, up to the limit; the upstream sees nothing of a refused request.
    #[default]
    Hold,
    /// Passed on piece by piece, each inspected together with the end of the one before.
    Stream,
}
