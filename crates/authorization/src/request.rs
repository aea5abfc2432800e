//! The question that policies answer, and their answer.

use std::net::IpAddr;

use http::Method;
use serde_json::{Map, Value};

/// One request to decide about.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizationRequest<'q> {
    /// The caller; `None` is a principal that is not authenticated.
    pub requester: Option<Requester<'q>>,
    /// The client's address.
    pub client: IpAddr,
    /// Milliseconds since 1970.
    pub unix_millis: u64,
    /// The method.
    pub method: &'q Method,
    /// The path template.
    pub route: &'q str,
    /// Path parameters, typed.
    pub path: &'q Value,
    /// Query parameters, typed.
    pub query: &'q Value,
    /// The request's body, when it is JSON.
    pub body: Option<&'q Value>,
    /// The object, once it has been read.
    pub object: Option<&'q Value>,
}

/// An authenticated caller.
#[derive(Debug, Clone, Copy)]
pub struct Requester<'q> {
    /// `sub`.
    pub subject: &'q str,
    /// Scopes.
    pub scopes: &'q [String],
    /// All claims.
    pub claims: &'q Map<String, Value>,
    /// The claim that names roles.
    pub role_claim: &'q str,
}

/// The decision of the policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizationDecision {
    /// A policy permits, and none forbids.
    Permitted,
    /// The reason: which policy forbids or failed, or that none permits.
    Denied(String),
}

/// What a decision about an operation depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// The request's body.
    pub body: bool,
    /// The object that is read or changed.
    pub object: bool,
}
