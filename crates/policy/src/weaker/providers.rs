//! Whom others' providers let in, and what is believed of what they say.

use super::words::{changed, missing};
use crate::doors::{ForwardedToken, Provider, UserService};

pub(super) fn weaker(old: &UserService, new: &UserService) -> Vec<String> {
    let mut found = Vec::new();
    for after in &new.providers {
        let name = &after.name;
        match old.providers.iter().find(|before| before.name == *name) {
            Some(before) => found.extend(of_provider(before, after)),
            None => found.push(format!("the provider {name} lets people in, too")),
        }
    }
    found
}

fn of_provider(before: &Provider, after: &Provider) -> Vec<String> {
    let name = &after.name;
    let mut found = Vec::new();
    let claim = |claim: &Option<String>| claim.clone().unwrap_or_else(|| "none".into());
    for (what, was, is) in [
        ("the issuer", before.issuer.clone(), after.issuer.clone()),
        ("the client", before.client_id.clone(), after.client_id.clone()),
        ("the claim with roles", claim(&before.roles), claim(&after.roles)),
        ("the claim with groups", claim(&before.groups), claim(&after.groups)),
    ] {
        if was != is {
            found.push(format!("the provider {name}: {}", changed(what, was, is)));
        }
    }
    if after.create && !before.create {
        found.push(format!("the provider {name}: whoever comes for the first time gets an account"));
    }
    if !before.domains.is_empty() && after.domains.is_empty() && after.create {
        found.push(format!("the provider {name}: addresses of every domain get an account"));
    }
    if !before.domains.is_empty() {
        let gained = missing(&after.domains, &before.domains);
        found.extend(
            gained.map(|domain| format!("the provider {name}: addresses of {domain} get an account, too")),
        );
    }
    if after.trust_email && !before.trust_email {
        found.push(format!("the provider {name}: addresses count that nobody has verified"));
    }
    let gained = missing(&after.mfa_acr, &before.mfa_acr);
    found.extend(gained.map(|acr| format!("the provider {name}: {acr} counts as a second factor, too")));
    if after.forward != before.forward && after.forward != ForwardedToken::None {
        found.push(format!("the provider {name}: the upstream gets its tokens"));
    }
    found
}
