//! `[schema]`: what the OpenAPI document means for requests and responses.

use openapi::Pointer;
use serde::{Deserialize, Serialize};

use crate::settings::{route_settings, settings};

settings! {
    /// `[schema]`: the OpenAPI document as the allowlist.
    pub struct SchemaConfig {
        /// Body properties that the document does not have, or has as `readOnly`: `strip`, `refuse` with 422, or
        /// `allow`.
        pub unknown_properties: UnknownProperties = UnknownProperties::Strip,
        /// Query parameters that the document does not have: `strip`, `refuse` or `allow`.
        pub unknown_parameters: UnknownProperties = UnknownProperties::Strip,
        /// Paths and methods that the document does not have: `refuse` with 404 or 405, or `report` only.
        pub undeclared: UndeclaredOperation = UndeclaredOperation::Refuse,
        /// Response properties that the document does not have, or has as `writeOnly`: `strip` or `allow`.
        pub responses: ResponseProperties = ResponseProperties::Strip,
        /// Responses whose properties have to be stripped and cannot be seen, because they are not JSON that everybody reads
        /// alike (`NaN`, a key twice, a byte order mark), in an unknown content coding, nested too deep or larger than
        /// `max_decoded_body`: `refuse` with 502, or `report` only.
        pub unreadable: UnreadableResponses = UnreadableResponses::Refuse,
        /// Operations that the document calls `deprecated`: `report`, `refuse` with 404, or `allow`.
        pub deprecated: DeprecatedOperation = DeprecatedOperation::Report,
        /// Responses of the API with a status of 500 and above that the document does not declare: `mask` replaces the
        /// error details by an event id, `allow` passes them.
        pub server_errors: ServerErrors = ServerErrors::Mask,
    }
}

/// What happens to undeclared fields of a request (guide §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownProperties {
    /// Removed silently, as the guide does.
    Strip,
    /// The request is refused with 422.
    Refuse,
    /// They pass.
    Allow,
}

/// What happens to requests for undeclared operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UndeclaredOperation {
    /// 404, or 405 with Allow.
    Refuse,
    /// They pass, with an event.
    Report,
}

/// What happens to requests for deprecated operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponseProperties {
    /// Removed.
    Strip,
    /// They pass.
    Allow,
}

/// What happens to responses that have to be stripped and cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UnreadableResponses {
    /// The client gets 502 instead.
    Refuse,
    /// They pass, with an event.
    Report,
}

/// What happens to the error details of an API: stack traces, SQL, paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerErrors {
    /// The client gets the status and an event id instead.
    Mask,
    /// They pass.
    Allow,
}

route_settings! {
    /// What a route may say of fields and parameters.
    pub struct SchemaRouteConfig {
        /// Body fields that may be assigned here, where there is no OpenAPI document.
        pub fields: Option<Vec<String>>,
        /// What happens to undeclared body properties here: `strip`, `refuse` or `allow`.
        pub unknown_properties: Option<UnknownProperties>,
        /// What happens to undeclared query parameters here: `strip`, `refuse` or `allow`.
        pub unknown_parameters: Option<UnknownProperties>,
        /// What happens to undeclared response properties here: `strip` or `allow`.
        pub responses: Option<ResponseProperties>,
        /// What happens here to responses that have to be stripped and cannot be read: `refuse` or `report`.
        pub unreadable: Option<UnreadableResponses>,
        /// What a JSON Patch (RFC 6902) may change here, with or without an OpenAPI document: JSON Pointers, `*` for any
        /// item. Anything when not set.
        pub patch_paths: Option<Vec<Pointer>>,
        /// Properties and parameters, by name, that may be sent here though the document does not have them.
        pub allow_properties: Vec<String>,
    }
}

/// Fields and parameters of one route.
#[derive(Debug, Clone)]
pub struct SchemaRoute {
    /// Fields that may be assigned, where no document declares them.
    pub fields: Option<Vec<String>>,
    /// Undeclared body properties.
    pub unknown_properties: UnknownProperties,
    /// Undeclared query parameters.
    pub unknown_parameters: UnknownProperties,
    /// Undeclared response properties.
    pub responses: ResponseProperties,
    /// Responses that have to be stripped and cannot be read.
    pub unreadable: UnreadableResponses,
    /// What a JSON Patch may change; anything when not set.
    pub patch_paths: Option<Vec<Pointer>>,
    /// Names that may be sent though undeclared.
    pub allow_properties: Vec<String>,
}

impl SchemaRoute {
    /// What holds where no route says otherwise.
    pub(crate) fn everywhere(config: &SchemaConfig) -> Self {
        SchemaRoute {
            fields: None,
            unknown_properties: config.unknown_properties,
            unknown_parameters: config.unknown_parameters,
            responses: config.responses,
            unreadable: config.unreadable,
            patch_paths: None,
            allow_properties: Vec::new(),
        }
    }

    /// The same with what a route says.
    pub(crate) fn on_route(&self, route: &SchemaRouteConfig) -> Self {
        SchemaRoute {
            fields: route.fields.clone(),
            unknown_properties: route.unknown_properties.unwrap_or(self.unknown_properties),
            unknown_parameters: route.unknown_parameters.unwrap_or(self.unknown_parameters),
            responses: route.responses.unwrap_or(self.responses),
            unreadable: route.unreadable.unwrap_or(self.unreadable),
            patch_paths: route.patch_paths.clone(),
            allow_properties: route.allow_properties.clone(),
        }
    }

    /// The lines of `doorward check`; what is stripped, as everywhere by default, is not listed.
    pub fn rows(&self) -> Vec<String> {
        let mut rows = Vec::new();
        for (what, action) in
            [("properties", self.unknown_properties), ("parameters", self.unknown_parameters)]
        {
            match action {
                UnknownProperties::Strip => {}
                UnknownProperties::Refuse => rows.push(format!("undeclared {what}: refused")),
                UnknownProperties::Allow => rows.push(format!("undeclared {what}: allowed")),
            }
        }
        if self.responses == ResponseProperties::Allow {
            rows.push("undeclared response properties: allowed".into());
        }
        if self.unreadable == UnreadableResponses::Report {
            rows.push("unreadable responses: reported".into());
        }
        if let Some(fields) = &self.fields {
            rows.push(format!("only the fields {}", fields.join(" ")));
        }
        if let Some(pointers) = &self.patch_paths {
            let pointers: Vec<&str> = pointers.iter().map(Pointer::as_str).collect();
            rows.push(format!("JSON Patch changes only {}", pointers.join(" ")));
        }
        if !self.allow_properties.is_empty() {
            rows.push(format!("also allowed: {}", self.allow_properties.join(" ")));
        }
        rows
    }
}
