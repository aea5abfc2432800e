//! Cedar policies: who may do what with which object, beyond one owner.
//!
//! The schema is made from the OpenAPI document: a policy that names an operation, a parameter or a property that does
//! not exist is an error at start, with file and line. The principal is the caller, the action is the operation, the
//! resource is the request: its path, query and body, and the object that it reads or changes. A request that no
//! policy permits is refused; so is a request for which a policy fails, whatever the effect of that policy.
//!
//! Without the feature `cedar` there are the types alone: compiling policies is an error then.
//!
//! ```
//! # #[cfg(feature = "cedar")] {
//! use std::collections::BTreeMap;
//!
//! use authorization::{Requester, Cedar, AuthorizationDecision, ObjectFrom, AuthorizationRequest, Visibility};
//! use http::Method;
//! use openapi::{Document, Source};
//! use serde_json::{Map, json};
//!
//! let api = "
//! openapi: 3.1.0
//! info: { title: shop, version: '1' }
//! paths:
//!   /orders/{id}:
//!     get:
//!       operationId: getOrder
//!       parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
//!       responses: { '200': { description: one order } }
//! ";
//! let document = Document::parse(&Source::new("api.yaml", api), None)?;
//! let policies = r#"permit (principal in Role::"staff", action == Action::"getOrder", resource);"#;
//! let cedar = Cedar::compile(
//!     &document,
//!     &BTreeMap::new(),
//!     &[Source::new("shop.cedar", policies)],
//!     &|_, _| Visibility { body: true, object: ObjectFrom::Nowhere },
//! )
//! .map_err(|problems| problems[0].clone())?;
//!
//! let decide = |role: &str| {
//!     let claims = Map::from_iter([("role".to_owned(), json!(role))]);
//!     cedar.decide(
//!         "getOrder",
//!         &AuthorizationRequest {
//!             requester: Some(Requester { subject: "7", scopes: &[], claims: &claims, role_claim: "role" }),
//!             client: "192.0.2.1".parse().unwrap(),
//!             unix_millis: 0,
//!             method: &Method::GET,
//!             route: "/orders/{id}",
//!             path: &json!({ "id": 1 }),
//!             query: &json!({}),
//!             body: None,
//!             object: None,
//!         },
//!     )
//! };
//! assert_eq!(decide("staff"), AuthorizationDecision::Permitted);
//! assert_eq!(decide("guest"), AuthorizationDecision::Denied("no policy permits getOrder".into()));
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(not(feature = "cedar"))]
mod absent;
#[cfg(feature = "cedar")]
mod cedar;
mod claim_type;
mod request;
mod visibility;

#[cfg(not(feature = "cedar"))]
pub use absent::Cedar;
#[cfg(feature = "cedar")]
pub use cedar::Cedar;
pub use claim_type::ClaimType;
pub use request::{AuthorizationDecision, AuthorizationRequest, Needs, Requester};
pub use visibility::{ObjectFrom, Visibility, VisibilityOf};
