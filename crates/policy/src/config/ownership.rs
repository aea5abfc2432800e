//! `[ownership]` and `owner` of a route: whose object it is.

use serde::Deserialize;

/// `[ownership]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OwnershipConfig {
    /// What somebody else's object looks like.
    pub foreign: ForeignStatus,
    /// Principals that may see everybody's objects: `role=admin`.
    pub exempt: Vec<ClaimMatch>,
}

/// The answer for an object that is not the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum ForeignStatus {
    /// 404: it does not exist for them (guide §2).
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
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        match text.split_once('=') {
            Some((claim, value)) if !claim.trim().is_empty() && !value.trim().is_empty() => {
                Ok(ClaimMatch { claim: claim.trim().into(), value: value.trim().into() })
            }
            _ => Err(serde::de::Error::custom(format!("`{text}` is not of the form `claim=value`"))),
        }
    }
}

/// `owner = { field = "/user_id", claim = "sub" }` of a route.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerConfig {
    /// JSON Pointer (RFC 6901) to the owner, from the object.
    pub field: String,
    /// The claim that must equal it.
    #[serde(default = "sub")]
    pub claim: String,
    /// JSON Pointer to the list of objects when the response holds one; a response that is an array needs none.
    pub list: Option<String>,
    /// JSON Pointers to counts of the list, which are lowered by what was filtered out.
    #[serde(default)]
    pub counts: Vec<String>,
}

fn sub() -> String {
    "sub".into()
}
