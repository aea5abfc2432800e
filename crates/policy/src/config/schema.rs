//! `[schema]` and `[injection]`.

use std::collections::BTreeMap;

use detect::Class;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// `[schema]`: the OpenAPI document as the allowlist.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SchemaConfig {
    /// Body properties that the document does not have, or has as `readOnly`.
    pub unknown_properties: UnknownProperties,
    /// Query parameters that the document does not have.
    pub unknown_parameters: UnknownProperties,
    /// Paths and methods that the document does not have.
    pub undeclared: UndeclaredOperation,
    /// Response properties that the document does not have, or has as `writeOnly`.
    pub responses: ResponseProperties,
    /// Operations that the document calls `deprecated`.
    pub deprecated: DeprecatedOperation,
    /// Answers of the API with a status of 500 and above that the document does not declare.
    pub server_errors: ServerErrors,
}

impl Default for SchemaConfig {
    fn default() -> Self {
        SchemaConfig {
            unknown_properties: UnknownProperties::Strip,
            unknown_parameters: UnknownProperties::Strip,
            undeclared: UndeclaredOperation::Refuse,
            responses: ResponseProperties::Strip,
            deprecated: DeprecatedOperation::Report,
            server_errors: ServerErrors::Mask,
        }
    }
}

/// What happens to fields that nobody declared ([guide §6]).
///
/// [guide §6]: https://github.com/doorward/doorward/blob/main/docs/guide.md#6-mass-assignment
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownProperties {
    /// Removed silently, as the guide does.
    Strip,
    /// The request is refused with 422.
    Refuse,
    /// They pass.
    Allow,
}

/// What happens to requests for operations that nobody declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UndeclaredOperation {
    /// 404, or 405 with Allow.
    Refuse,
    /// They pass, with an event.
    Report,
}

/// What happens to requests for operations that should no longer be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeprecatedOperation {
    /// They pass, with an event.
    Report,
    /// 404.
    Refuse,
    /// They pass.
    Allow,
}

/// What happens to undeclared properties of responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponseProperties {
    /// Removed.
    Strip,
    /// They pass.
    Allow,
}

/// What happens to the words in which an API fails: stack traces, SQL, paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerErrors {
    /// The client gets the status and an event id, not the words.
    Mask,
    /// They pass.
    Allow,
}

/// `[injection]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InjectionConfig {
    /// Parameters and fields, by name, that may hold anything.
    pub exempt: Vec<String>,
    /// Parameters and fields, by name, that hold what people write: words of SQL are no attack there, markup is.
    pub prose: Vec<String>,
    /// Parameters and fields, by name, in which markup is taken away instead of refused.
    pub sanitize: BTreeMap<String, Sanitize>,
    /// Detectors, by name, and how far each is believed.
    #[serde(deserialize_with = "detectors")]
    pub detectors: BTreeMap<Class, Belief>,
    /// How many times a value is decoded before it is judged.
    pub decode_rounds: usize,
}

/// How far a detector is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Belief {
    /// It is not asked.
    Off,
    /// What it finds is an event, and counts for nothing.
    Observe,
    /// What it is sure of refuses a request. So it is where nothing is said.
    Sure,
    /// What it suspects refuses a request.
    Suspect,
}

/// Reads `{ shell = "observe" }`.
pub(super) fn detectors<'de, D: Deserializer<'de>>(input: D) -> Result<BTreeMap<Class, Belief>, D::Error> {
    let named = BTreeMap::<String, Belief>::deserialize(input)?;
    let class = |(name, belief): (String, Belief)| match Class::from_name(&name) {
        Some(class) => Ok((class, belief)),
        None => {
            let known: Vec<&str> = detect::ALL.iter().map(|class| class.name()).collect();
            Err(D::Error::custom(format!("no detector is called {name:?}; there are {}", known.join(", "))))
        }
    };
    named.into_iter().map(class).collect()
}

impl Default for InjectionConfig {
    fn default() -> Self {
        InjectionConfig {
            exempt: Vec::new(),
            prose: Vec::new(),
            sanitize: BTreeMap::new(),
            detectors: BTreeMap::new(),
            decode_rounds: 3,
        }
    }
}

/// What is left of markup in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sanitize {
    /// Its text.
    Strip,
    /// Words, lists, links and code: `a b blockquote br code em i li ol p pre strong u ul`.
    Basic,
}
