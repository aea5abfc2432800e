//! What a new policy protects less than the one in force. A reload names it, so that nobody opens a door by mistake.
//!
//! Settings are compared as they are written ([`settings`]), routes as they hold ([`routes`]): a global setting that routes
//! inherit is told for the routes where it acts. What a document declares anew, operations and properties, is not told:
//! that is how an API grows.

mod document;
mod issuers;
mod lists;
mod providers;
mod routes;
mod settings;
mod words;

use words::changed;

use crate::policy::Policy;

pub use settings::{EFFECTS, Effect};

/// Sentences about what a new policy protects less, the most general first.
pub fn weaker(old: &Policy, new: &Policy) -> Vec<String> {
    let mut found = settings::weaker(old, new);
    found.extend(issuers::weaker(&old.auth, &new.auth));
    found.extend(lists::weaker(&old.network, &new.network));
    found.extend(document::weaker(old, new));
    found.extend(routes::weaker(old, new));
    if old.gateway.tls.is_some() && new.gateway.tls.is_none() {
        found.push("[gateway.tls] is gone: clients are served without TLS".into());
    }
    for (name, was, is) in [
        ("max_held", old.gateway.held.total, new.gateway.held.total),
        ("max_held_per_client", old.gateway.held.per_client, new.gateway.held.per_client),
    ] {
        if is > was {
            found.push(changed(format_args!("[gateway] {name}"), was, is));
        }
    }
    if old.injection.core_rule_set.is_some() && new.injection.core_rule_set.is_none() {
        found.push("[waf.crs] is gone: no rule set runs".into());
    }
    found
}

#[cfg(test)]
mod tests;
