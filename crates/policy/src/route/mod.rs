//! What holds on one route: a part for each door that may differ by route.

mod config;
mod destination;
mod login;
mod route_policy;
mod table;

use authorization::{ObjectFrom, Visibility};
use http::Method;
use openapi::{Document, Found};

pub use config::{RedirectConfig, RedirectWithStatus, RouteConfig, ScopeConfig};
pub(crate) use destination::Destinations;
pub use destination::{Destination, Redirect};
pub use login::{Carries, is_token_endpoint};
pub(crate) use login::{LoginPath, login_path};
pub use route_policy::RoutePolicy;
pub use table::{RouteMatch, RouteMatches, RouteTable};
pub(crate) use table::{Routes, written};

use crate::doors::BodyHandling;

/// What Cedar policies can see of an operation's requests: the object in the response to a read, or the object that is
/// read before a write.
pub(crate) fn visibility<'d>(
    document: &'d Document,
    routes: &'d Routes,
    method: &Method,
    path: &str,
) -> Visibility<'d> {
    let route = written(routes, method, path);
    let held = route.is_none_or(|route| route.protocol.body == BodyHandling::Hold);
    let object = if [Method::GET, Method::HEAD].contains(method) {
        let list =
            route.and_then(|route| route.ownership.owner.as_ref()).and_then(|owner| owner.list.as_ref());
        if held { ObjectFrom::Response(list.map(|list| list.as_str())) } else { ObjectFrom::Nowhere }
    } else {
        let read = route.and_then(|route| route.ownership.check_owner_before_write.as_ref());
        let read = read.map(ToString::to_string);
        match read.as_deref().map(|read| document.find(&Method::GET, read)) {
            Some(Found::Operation(operation, ..)) => ObjectFrom::Read(operation),
            _ => ObjectFrom::Nowhere,
        }
    };
    Visibility { body: held, object }
}
