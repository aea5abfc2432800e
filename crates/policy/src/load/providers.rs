//! The providers with which people log in: what their tables say.

use std::collections::BTreeSet;

use crate::doors::{AuthConfig, ClientSecret, Provider, ProviderConfig, is_loopback};
use crate::reader::Reader;

/// The providers of a policy, those that are wrong left out.
pub(super) fn providers(auth: &AuthConfig, reader: &mut Reader) -> Vec<Provider> {
    if !auth.service && !auth.provider.is_empty() {
        let message = "people who log in with a provider are users of the built-in service, which is off";
        let help = "write `service = true` and `public_url = \"https://shop.example\"` below `[auth]`";
        reader.wrong(&["auth", "provider", "0", "name"], message, help);
        return Vec::new();
    }
    let mut names = BTreeSet::new();
    let each = auth.provider.iter().enumerate();
    each.filter_map(|(index, provider)| {
        let index = index.to_string();
        let found = one(provider, &index, reader)?;
        if !names.insert(found.name.clone()) {
            let help = "give each a name of its own: it is part of the callback's address";
            reader.wrong(&["auth", "provider", &index, "name"], "two providers have this name", help);
            return None;
        }
        Some(found)
    })
    .collect()
}

fn one(config: &ProviderConfig, index: &str, reader: &mut Reader) -> Option<Provider> {
    let at = |field: &'static str| ["auth", "provider", index, field];
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let problems = reader.problems.len();
    if !(1..=32).contains(&config.name.len()) || !config.name.bytes().all(is_name) {
        let help = "write up to 32 small letters, digits and `-`, as in `google`";
        reader.wrong(&at("name"), "this is no name of a provider", help);
    }
    issuer(&config.issuer, &at("issuer"), reader);
    if config.client_id.trim().is_empty() {
        reader.wrong(&at("client_id"), "this is empty", "write what the provider calls this client");
    }
    if !config.scopes.iter().any(|scope| scope == "openid") {
        let message = "without `openid`, a provider gives no ID token";
        reader.wrong(&at("scopes"), message, "write `scopes = [\"openid\", \"email\", \"profile\"]`");
    }
    if !config.domains.is_empty() && !config.create {
        let message = "these domains say who gets an account at his first log in, and nobody does";
        reader.wrong(&at("domains"), message, "write `create = true`, or remove `domains`");
    }
    let is_domain = |text: &str| {
        let is_inner = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
        !text.is_empty() && text.chars().all(is_inner) && !text.starts_with('.')
    };
    if !config.domains.iter().all(|domain| is_domain(domain)) {
        let help = "write what stands behind the `@` of an address, as in `shop.example`";
        reader.wrong(&at("domains"), "one of these is no domain", help);
    }
    let client_secret = secret(config, index, reader);
    let client_secret = client_secret.filter(|_| reader.problems.len() == problems)?;
    Some(Provider {
        name: config.name.clone(),
        issuer: config.issuer.clone(),
        client_id: config.client_id.clone(),
        client_secret,
        client_auth: config.client_auth,
        scopes: config.scopes.clone(),
        label: config.label.clone().unwrap_or_else(|| config.name.clone()),
        roles: config.roles.clone(),
        groups: config.groups.clone(),
        create: config.create,
        domains: config.domains.iter().map(|domain| domain.to_lowercase()).collect(),
        trust_email: config.trust_email,
        mfa_acr: config.mfa_acr.clone(),
        forward: config.forward,
    })
}

/// An issuer is an address without query and fragment (OpenID Connect Discovery 1.0 §2), behind TLS unless it is on this machine.
fn issuer(text: &str, at: &[&str], reader: &mut Reader) {
    let url =
        text.parse::<http::Uri>().ok().filter(|url| url.scheme().is_some() && url.authority().is_some());
    let Some(url) = url.filter(|url| url.query().is_none() && !text.contains('#')) else {
        let help = "write it as the provider's discovery document does, as in `https://accounts.google.com`";
        reader.wrong(at, "this is no issuer", help);
        return;
    };
    let is_local = url.host().is_some_and(is_loopback);
    if url.scheme_str() != Some("https") && !(url.scheme_str() == Some("http") && is_local) {
        let message = "without TLS, anybody on the way can say who somebody is";
        reader.wrong(at, message, "write `https://`; `http://` does on this machine alone");
    }
}

fn secret(config: &ProviderConfig, index: &str, reader: &mut Reader) -> Option<ClientSecret> {
    let at = |field: &'static str| ["auth", "provider", index, field];
    let secret = match (&config.client_secret_file, &config.client_secret_env) {
        (Some(file), None) => {
            let bytes = reader.secret_file(file, &at("client_secret_file"))?;
            String::from_utf8_lossy(&bytes).trim().to_owned()
        }
        (None, Some(variable)) => reader.secret_env(variable, &at("client_secret_env"))?.trim().to_owned(),
        (file, _) => {
            let message = match file {
                Some(_) => "the client's secret is in one place",
                None => "the gate shows a secret to this provider, and none is named",
            };
            let help = "write `client_secret_file = \"provider.secret\"`, or `client_secret_env`";
            reader.wrong(&["auth", "provider", index, "client_id"], message, help);
            return None;
        }
    };
    if secret.is_empty() {
        let help = "put into it what the provider has given to this client";
        reader.wrong(&at("client_id"), "the client's secret is empty", help);
        return None;
    }
    Some(ClientSecret::new(secret))
}
