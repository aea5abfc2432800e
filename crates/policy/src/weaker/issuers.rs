//! Who is believed: issuers, their keys, API keys.

use super::words::{changed, missing};
use crate::doors::{Auth, Issuer, KeySource};

pub(super) fn weaker(old: &Auth, new: &Auth) -> Vec<String> {
    let mut found = Vec::new();
    if old.service.is_some() && new.service.is_none() {
        found.push("the user service is off: nobody verifies its tokens".into());
    }
    if let (Some(old), Some(new)) = (&old.service, &new.service) {
        found.extend(super::providers::weaker(old, new));
    }
    if !old.issuers.is_empty() && new.issuers.is_empty() {
        found.push("no [[auth.issuer]] is left: nobody verifies a token".into());
    }
    if !old.api_keys.is_empty() && new.api_keys.is_empty() {
        found.push("no [[auth.api_key]] is left: nobody verifies an API key".into());
    }
    for after in &new.issuers {
        let name = after.issuer.as_deref().unwrap_or("(any)");
        match old.issuers.iter().find(|before| before.issuer == after.issuer) {
            Some(before) => found.extend(of_issuer(name, before, after)),
            None if old.issuers.is_empty() => {}
            None => found.push(format!("the issuer {name} is trusted, too")),
        }
    }
    for key in &new.api_keys {
        let known = old.api_keys.iter().find(|known| known.sha256 == key.sha256);
        let Some(known) = known else {
            if !old.api_keys.is_empty() {
                found.push(format!("a key of {} is trusted, too", key.subject));
            }
            continue;
        };
        if known.subject != key.subject {
            found.push(changed("the subject of a key", &known.subject, &key.subject));
        }
        for scope in missing(&key.scopes, &known.scopes) {
            found.push(format!("the key of {} gains the scope {scope}", key.subject));
        }
        if key.expires.unwrap_or(u64::MAX) > known.expires.unwrap_or(u64::MAX) {
            found.push(format!("the key of {} expires later", key.subject));
        }
    }
    found
}

fn of_issuer(name: &str, before: &Issuer, after: &Issuer) -> Vec<String> {
    let Issuer { issuer: _, audiences, types, keys, max_lifetime } = after;
    let mut found = Vec::new();
    if audiences.is_empty() && !before.audiences.is_empty() {
        found.push(format!("the issuer {name}: any audience is accepted"));
    }
    if !before.audiences.is_empty() {
        let gained = missing(audiences, &before.audiences);
        found.extend(
            gained.map(|audience| format!("the issuer {name}: the audience {audience} is accepted, too")),
        );
    }
    let gained = missing(types, &before.types);
    found.extend(
        gained.map(|typ| format!("the issuer {name}: tokens with the typ `{typ}` are accepted, too")),
    );
    let longest = std::time::Duration::MAX;
    if max_lifetime.unwrap_or(longest) > before.max_lifetime.unwrap_or(longest) {
        found.push(format!("the issuer {name}: tokens are accepted for longer"));
    }
    for key in keys {
        let is_known = |known: &KeySource| match (known, key) {
            (
                KeySource::Key { algorithm: one, material, .. },
                KeySource::Key { algorithm: other, material: same, .. },
            ) => one == other && material == same,
            // The sets of one place change by themselves.
            (KeySource::Set(_), KeySource::Set(_)) => true,
            (KeySource::Url(one, was), KeySource::Url(other, is)) => one == other && is <= was,
            _ => false,
        };
        if !before.keys.iter().any(is_known) {
            found.push(format!("the issuer {name}: other keys are accepted, or are fetched less often"));
        }
    }
    found
}
