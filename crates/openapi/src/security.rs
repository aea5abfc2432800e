//! `security`: which credentials an operation asks for (OpenAPI 3.1 §4.8.30).

use serde_json::{Map, Value};

use crate::parameter::Location;
use crate::shape::resolve;

/// What an operation asks for: one of several alternatives.
#[derive(Debug, Clone, Default)]
pub struct Security(Vec<Alternative>);

/// Credentials that are needed together.
pub type Alternative = Vec<Need>;

/// A credential of a scheme, with scopes (or roles, for schemes that know no scopes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// How it is presented.
    pub scheme: SecurityScheme,
    /// What it has to allow.
    pub scopes: Vec<Box<str>>,
}

/// How a credential is presented (OpenAPI 3.1 §4.8.27).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecurityScheme {
    /// `Authorization: Bearer`: `http` with `bearer`, `oauth2`, `openIdConnect`.
    Bearer,
    /// `Authorization` with another scheme, which is named: `basic`, `digest`.
    Http(Box<str>),
    /// A key in a header, a query parameter or a cookie.
    ApiKey(Location, Box<str>),
    /// A client certificate.
    MutualTls,
    /// The document does not say what the scheme is.
    Unknown,
}

impl Security {
    /// Of an operation, or of the document where the operation says nothing.
    pub(crate) fn read(root: &Value, operation: &Value) -> Self {
        let Some(Value::Array(list)) = operation.get("security").or(root.get("security")) else {
            return Security::default();
        };
        let alternatives = list.iter().filter_map(Value::as_object);
        Security(alternatives.map(|schemes| alternative(root, schemes)).collect())
    }

    /// Whether a credential is needed: there are alternatives, and none of them is empty.
    pub fn is_needed(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|alternative| !alternative.is_empty())
    }

    /// The alternatives, of which one has to be fulfilled.
    pub fn alternatives(&self) -> &[Alternative] {
        &self.0
    }

    /// Every scheme that some alternative names.
    pub fn schemes(&self) -> impl Iterator<Item = &SecurityScheme> {
        self.0.iter().flatten().map(|need| &need.scheme)
    }
}

fn alternative(root: &Value, schemes: &Map<String, Value>) -> Alternative {
    let need = |(name, scopes): (&String, &Value)| Need {
        scheme: SecurityScheme::read(root, name),
        scopes: scopes
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|scope| Some(scope.as_str()?.into()))
            .collect(),
    };
    schemes.iter().map(need).collect()
}

impl SecurityScheme {
    fn read(root: &Value, name: &str) -> Self {
        let schemes = root.pointer("/components/securitySchemes");
        let Some(scheme) = schemes.and_then(|schemes| schemes.get(name)) else {
            return SecurityScheme::Unknown;
        };
        let scheme = resolve(root, scheme);
        let text = |field: &str| scheme.get(field).and_then(Value::as_str).unwrap_or("");
        match text("type") {
            "oauth2" | "openIdConnect" => SecurityScheme::Bearer,
            "mutualTLS" => SecurityScheme::MutualTls,
            "http" if text("scheme").eq_ignore_ascii_case("bearer") => SecurityScheme::Bearer,
            "http" => SecurityScheme::Http(text("scheme").into()),
            "apiKey" => match text("in") {
                "query" => SecurityScheme::ApiKey(Location::Query, text("name").into()),
                "cookie" => SecurityScheme::ApiKey(Location::Cookie, text("name").into()),
                _ => SecurityScheme::ApiKey(Location::Header, text("name").into()),
            },
            _ => SecurityScheme::Unknown,
        }
    }
}
