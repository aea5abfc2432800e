//! Streamed bodies that can ask for another method: frameworks take a field `_method` of a POST for its method.

use std::sync::Arc;

use http::Method;

use crate::doors::{AuthRequirement, AuthRoute, BodyHandling};
use crate::route::{RoutePolicy, Routes, written as written_route};

/// The routes whose POST is streamed, although another method of the same path, which a field of the body may ask for
/// instead, has a route that asks for more; with that method.
pub(super) fn overridden(routes: &Routes) -> Vec<(&Arc<RoutePolicy>, &Method)> {
    let all = routes.iter().flat_map(|(_, list)| list);
    let mut methods: Vec<&Method> = all.flat_map(|route| &route.methods).collect();
    methods.sort_by_key(|method| method.as_str());
    methods.dedup();
    let mut found: Vec<(&Arc<RoutePolicy>, &Method)> = Vec::new();
    for (template, _) in routes.iter() {
        let Some(posted) = written_route(routes, &Method::POST, template.as_str()) else { continue };
        let streams = posted.protocol.body == BodyHandling::Stream;
        if !streams || found.iter().any(|(known, _)| Arc::ptr_eq(known, posted)) {
            continue;
        }
        let asks_more = methods.iter().find(|method| {
            written_route(routes, method, template.as_str()).is_some_and(|other| asks_more(other, posted))
        });
        found.extend(asks_more.map(|method| (posted, *method)));
    }
    found
}

/// Whether a route asks for something that another does not.
fn asks_more(route: &RoutePolicy, other: &RoutePolicy) -> bool {
    let (own, others) = (&route.auth, &other.auth);
    let needs_caller = |auth: &AuthRoute| auth.require == AuthRequirement::Required;
    let is_compared = |route: &RoutePolicy| {
        let ownership = &route.ownership;
        (ownership.bind.clone(), ownership.objects.clone(), ownership.check_owner_before_write.is_some())
    };
    (route.deny && !other.deny)
        || (needs_caller(own) && !needs_caller(others))
        || own.scopes.iter().any(|scope| !others.scopes.contains(scope))
        || (!own.roles.is_empty() && own.roles != others.roles)
        || own.permissions.iter().any(|permission| !others.permissions.contains(permission))
        || own.assurance.iter().any(|assurance| !others.assurance.contains(assurance))
        || own.max_auth_age.is_some_and(|age| others.max_auth_age.is_none_or(|other| age < other))
        || (is_compared(route) != Default::default() && is_compared(route) != is_compared(other))
}
