//! Routes: what differs from what holds everywhere.

use std::sync::Arc;

use http::Method;

use super::Compiler;
use crate::Modes;
use crate::compiled::{Auth, Binding, BoundInput, Owner, RoutePolicy};
use crate::config::{BodyHandling, Config, DoorName, RouteConfig};
use crate::router::PathTemplate;

impl Compiler {
    pub(super) fn fallback(&mut self, config: &Config, modes: Modes, auth: &Auth) -> RoutePolicy {
        use crate::config::AuthRequirement;
        if config.auth.require == AuthRequirement::Required && auth.is_empty() && self.problems.is_empty() {
            self.wrong(
                &["auth", "require"],
                "no token and no key could ever be valid",
                "add `[[auth.issuer]]` or `[[auth.api_key]]`",
            );
        }
        RoutePolicy {
            name: "*".into(),
            template: None,
            methods: Vec::new(),
            modes,
            max_body: config.protocol.max_body,
            body: BodyHandling::Hold,
            limits: sorted(config.rate.limits.iter().cloned()),
            auth: config.auth.require,
            scopes: Vec::new(),
            fields: None,
            unknown_properties: config.schema.unknown_properties,
            unknown_parameters: config.schema.unknown_parameters,
            responses: config.schema.responses,
            exempt_inputs: config.injection.exempt.clone(),
            bind: Vec::new(),
            owner: None,
        }
    }

    pub(super) fn route(
        &mut self,
        index: &str,
        route: &RouteConfig,
        config: &Config,
        fallback: &RoutePolicy,
        login: &RoutePolicy,
    ) -> Option<RoutePolicy> {
        let template = match PathTemplate::parse(&route.path) {
            Ok(template) => template,
            Err(e) => {
                self.wrong(&["route", index, "path"], e.to_string(), "write `/users/{id}` or `/files/**`");
                return None;
            }
        };
        let mut methods = Vec::new();
        for (m, text) in route.methods.iter().enumerate() {
            match text.to_ascii_uppercase().parse::<Method>() {
                Ok(method) => methods.push(method),
                Err(_) => self.wrong(
                    &["route", index, "methods", &m.to_string()],
                    format!("`{text}` is not a method"),
                    "",
                ),
            }
        }
        let serves_login = crate::compiled::is_login(&Method::POST, &route.path, &config.rate.login_paths)
            && (methods.is_empty() || methods.contains(&Method::POST));
        let base = if serves_login { login } else { fallback };
        let mut bind = Vec::new();
        for (input, claim) in &route.bind {
            let parsed = match input.split_once('.') {
                Some(("path", name)) if template.parameters().any(|p| p == name) => {
                    Some(BoundInput::Path(name.into()))
                }
                Some(("query", name)) => Some(BoundInput::Query(name.into())),
                Some(("header", name)) => name.parse().ok().map(BoundInput::Header),
                Some(("body", pointer)) if pointer.starts_with('/') => Some(BoundInput::Body(pointer.into())),
                _ => None,
            };
            match parsed {
                Some(input) => bind.push(Binding { input, claim: claim.clone() }),
                None => self.wrong(&["route", index, "bind", input], format!("`{input}` is no input of `{}`", route.path), "write `path.NAME` for a parameter of the path, `query.NAME`, `header.NAME` or `body./pointer`"),
            }
        }
        if let Some(owner) = &route.owner {
            for pointer in
                [Some(&owner.field), owner.list.as_ref()].into_iter().flatten().chain(&owner.counts)
            {
                if !pointer.is_empty() && !pointer.starts_with('/') {
                    self.wrong(
                        &["route", index, "owner"],
                        format!("`{pointer}` is not a JSON Pointer (RFC 6901)"),
                        format!("write `/{pointer}`"),
                    );
                }
            }
        }
        let auth = route.auth.unwrap_or(base.auth);
        let needs_claims = !bind.is_empty() || route.owner.is_some() || !route.scopes.is_empty();
        if needs_claims && config.auth.issuers.is_empty() && config.auth.api_keys.is_empty() {
            self.wrong(
                &["route", index],
                "this route compares with claims, and there is nobody whose claims are believed",
                "add `[[auth.issuer]]` or `[[auth.api_key]]`",
            );
        }
        if needs_claims && auth == crate::config::AuthRequirement::Off {
            self.wrong(
                &["route", index, "auth"],
                "this route compares with claims but looks at no credential",
                "set `auth = \"required\"`",
            );
        }
        if route.owner.is_some() && route.body == BodyHandling::Stream {
            self.wrong(
                &["route", index, "body"],
                "the owner of a streamed response cannot be checked before it leaves",
                "remove `body = \"stream\"` or `owner`",
            );
        }
        Some(RoutePolicy {
            name: route.path.as_str().into(),
            methods,
            modes: modes(base.modes, &route.doors),
            max_body: route.max_body.unwrap_or(base.max_body),
            body: route.body,
            limits: sorted(base.limits.iter().map(|l| (**l).clone()).chain(route.limits.iter().cloned())),
            auth,
            scopes: route.scopes.clone(),
            fields: route.fields.clone(),
            unknown_properties: route.unknown_properties.unwrap_or(base.unknown_properties),
            unknown_parameters: base.unknown_parameters,
            responses: base.responses,
            exempt_inputs: base.exempt_inputs.iter().chain(&route.exempt).cloned().collect(),
            bind,
            owner: route.owner.clone().map(|o| Owner {
                field: o.field,
                claim: o.claim,
                list: o.list,
                counts: o.counts,
            }),
            template: Some(template),
        })
    }
}

/// The route of every login that has no entry of its own.
pub(super) fn login(config: &Config, fallback: &RoutePolicy) -> RoutePolicy {
    RoutePolicy {
        name: "login".into(),
        max_body: config.protocol.max_login_body,
        limits: sorted(config.rate.limits.iter().chain(&config.rate.login).cloned()),
        ..fallback.clone()
    }
}

pub(super) fn modes(mut modes: Modes, written: &std::collections::BTreeMap<DoorName, crate::Mode>) -> Modes {
    for (DoorName(door), mode) in written {
        modes.set(*door, *mode);
    }
    modes
}

pub(super) fn sorted(limits: impl Iterator<Item = crate::Limit>) -> Vec<Arc<crate::Limit>> {
    let mut limits: Vec<_> = limits.map(Arc::new).collect();
    limits.sort_by_key(|l| l.needs_principal());
    limits
}
