//! Routes: what differs from what holds everywhere.

use std::sync::Arc;

use http::Method;

use super::Compiler;
use super::written::{Place, Written};
use crate::Modes;
use crate::compiled::{Auth, Binding, Input, ObjectReference, Owner, ReadPath, RoutePolicy};
use crate::config::{AuthRequirement, BeforeWrite, BodyHandling, Config, DoorName};
use openapi::Document;
use openapi::{PathTemplate, Router, Spelling};

impl Compiler {
    pub(super) fn fallback(&mut self, config: &Config, modes: Modes, auth: &Auth) -> RoutePolicy {
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
            roles: Vec::new(),
            fields: None,
            unknown_properties: config.schema.unknown_properties,
            unknown_parameters: config.schema.unknown_parameters,
            responses: config.schema.responses,
            exempt_inputs: config.injection.exempt.clone(),
            prose_inputs: config.injection.prose.clone(),
            detectors: config.injection.detectors.clone(),
            sanitize: config.injection.sanitize.iter().map(|(name, how)| (name.clone(), *how)).collect(),
            bind: Vec::new(),
            owner: None,
            before_write: None,
            objects: Vec::new(),
            remember: Vec::new(),
            patch_paths: None,
            allow_properties: Vec::new(),
        }
    }

    /// Every route of file and document.
    pub(super) fn routes(
        &mut self,
        config: &Config,
        document: Option<&Document>,
        fallback: &RoutePolicy,
        login: &RoutePolicy,
    ) -> Router<Vec<Arc<RoutePolicy>>> {
        let mut routes: Router<Vec<Arc<RoutePolicy>>> = Router::new(Spelling::Loose);
        let mut in_file: Vec<(PathTemplate, Vec<Method>)> = Vec::new();
        let mut reads: Vec<(Place, &str, String)> = Vec::new();
        for written in self.written_routes(config, document) {
            let Some(compiled) = self.route(&written, document, config, fallback, login) else { continue };
            let Some(template) = compiled.template.clone() else { continue };
            // What an operation says is merged with what the file says of it, and stands beside that entry.
            if written.place.is_in_file() {
                let taken = in_file.iter().any(|(other, methods)| {
                    let same_methods = methods.is_empty() && compiled.methods.is_empty()
                        || methods.iter().any(|m| compiled.methods.contains(m));
                    same_methods && other.has_shape_of(&template)
                });
                if taken {
                    let message =
                        format!("`{}` has a second entry for the same methods", written.config.path);
                    let mend = "join the two entries, or give each its own `methods`";
                    self.wrong_at(&written.place, document, &["path"], message, mend);
                }
                in_file.push((template.clone(), compiled.methods.clone()));
            }
            if compiled.owner.is_none() {
                let objects = compiled.objects.iter().filter_map(|object| object.read.as_ref());
                let read = compiled.before_write.iter().map(|read| ("before_write", read));
                for (field, read) in read.chain(objects.map(|read| ("objects", read))) {
                    reads.push((written.place.clone(), field, read.to_string()));
                }
            }
            let siblings = routes.entry(template, Vec::new);
            siblings.push(Arc::new(compiled));
            // An operation's entry comes before one for several methods, and that before one for all.
            siblings.sort_by_key(|r| if r.methods.is_empty() { usize::MAX } else { r.methods.len() });
        }
        for (place, field, path) in reads {
            // Braces stand for themselves here: a template matches its own text.
            let read_by = routes.find(&path).map(|(_, candidates, _)| candidates);
            let route = read_by.and_then(|candidates| RoutePolicy::pick(candidates, &Method::GET, &path));
            // Cedar policies may say whose it is instead.
            let cedar = field == "before_write" && !config.cedar.policies.is_empty();
            if !cedar && route.is_none_or(|route| route.owner.is_none()) {
                let message = format!("nothing says where the answer of GET {path} names its owner");
                self.wrong_at(&place, document, &[field], message, "give that path an `owner`");
            }
        }
        routes
    }

    fn route(
        &mut self,
        written: &Written,
        document: Option<&Document>,
        config: &Config,
        fallback: &RoutePolicy,
        login: &RoutePolicy,
    ) -> Option<RoutePolicy> {
        let route = &written.config;
        let template = match PathTemplate::parse(&route.path) {
            Ok(template) => template,
            Err(e) => {
                let mend = "write `/users/{id}` or `/files/**`";
                self.wrong_at(&written.place, document, &["path"], e.to_string(), mend);
                return None;
            }
        };
        let mut methods = Vec::new();
        for (m, text) in route.methods.iter().enumerate() {
            match text.to_ascii_uppercase().parse::<Method>() {
                Ok(method) => methods.push(method),
                Err(_) => {
                    let at = ["methods", &m.to_string()];
                    self.wrong_at(&written.place, document, &at, format!("`{text}` is not a method"), "");
                }
            }
        }
        let serves_login = crate::compiled::is_login(&Method::POST, &route.path, &config.rate.login_paths)
            && (methods.is_empty() || methods.contains(&Method::POST));
        let base = if serves_login { login } else { fallback };
        let auth = route.auth.unwrap_or(base.auth);
        let names: Vec<&str> =
            template.parameters().chain(written.names.iter().map(String::as_str)).collect();
        let bind = self.bindings(written, document, &names);
        let objects = self.objects(written, document, &names);
        let before_write = self.before_write(written, document, &names);
        let mut contradictions: Vec<(&str, &str, &str)> = Vec::new();
        let compares = !route.bind.is_empty()
            || route.owner.is_some()
            || !route.scopes.is_empty()
            || !route.roles.is_empty()
            || !route.objects.is_empty()
            || route.before_write.is_some();
        if compares && config.auth.issuers.is_empty() && config.auth.api_keys.is_empty() {
            contradictions.push((
                "",
                "this route compares with claims, and there is nobody whose claims are believed",
                "add `[[auth.issuer]]` or `[[auth.api_key]]`",
            ));
        }
        if compares && auth == AuthRequirement::Off {
            contradictions.push((
                "auth",
                "this route compares with claims but looks at no credential",
                "set `auth = \"required\"`",
            ));
        }
        if route.owner.is_some() && route.body == BodyHandling::Stream {
            contradictions.push((
                "body",
                "the owner of a streamed response cannot be checked before it leaves",
                "remove `body = \"stream\"` or `owner`",
            ));
        }
        let reads_body =
            bind.iter().any(|b| b.input.is_in_body()) || objects.iter().any(|o| o.input.is_in_body());
        if reads_body && route.body == BodyHandling::Stream {
            contradictions.push((
                "body",
                "what is compared in a body has to be read before the body is passed on",
                "remove `body = \"stream\"`, or what names `body.`",
            ));
        }
        for (field, message, mend) in contradictions {
            self.wrong_at(&written.place, document, &[field], message, mend);
        }
        Some(RoutePolicy {
            name: written.name().into(),
            methods,
            modes: modes(base.modes, &route.doors),
            max_body: route.max_body.unwrap_or(base.max_body),
            body: route.body,
            limits: sorted(base.limits.iter().map(|l| (**l).clone()).chain(route.limits.iter().cloned())),
            auth,
            scopes: route.scopes.clone(),
            roles: route.roles.clone(),
            fields: route.fields.clone(),
            unknown_properties: route.unknown_properties.unwrap_or(base.unknown_properties),
            unknown_parameters: route.unknown_parameters.unwrap_or(base.unknown_parameters),
            responses: route.responses.unwrap_or(base.responses),
            exempt_inputs: base.exempt_inputs.iter().chain(&route.exempt).cloned().collect(),
            prose_inputs: base.prose_inputs.iter().chain(&route.prose).cloned().collect(),
            // What the route says of a detector holds.
            detectors: base
                .detectors
                .iter()
                .chain(&route.detectors)
                .map(|(class, belief)| (*class, *belief))
                .collect(),
            // What the route says of a field comes first, and holds.
            sanitize: route
                .sanitize
                .iter()
                .map(|(name, how)| (name.clone(), *how))
                .chain(base.sanitize.iter().cloned())
                .collect(),
            bind,
            owner: route.owner.clone().map(|o| Owner {
                fields: o.field,
                when: o.when,
                claim: o.claim,
                list: o.list,
                counts: o.counts,
            }),
            before_write,
            objects,
            remember: route.remember.iter().map(|(kind, at)| (kind.clone(), at.clone())).collect(),
            patch_paths: route.patch_paths.clone(),
            allow_properties: route.allow_properties.clone(),
            template: Some(template),
        })
    }

    fn bindings(&mut self, written: &Written, document: Option<&Document>, names: &[&str]) -> Vec<Binding> {
        let mut bind = Vec::new();
        for (input, claim) in &written.config.bind {
            match parse_input(input, names) {
                Some(input) => bind.push(Binding { input, claim: claim.clone() }),
                None => self.no_input(written, document, &["bind", input], input),
            }
        }
        bind
    }

    fn objects(
        &mut self,
        written: &Written,
        document: Option<&Document>,
        names: &[&str],
    ) -> Vec<ObjectReference> {
        let mut objects = Vec::new();
        for (i, object) in written.config.objects.iter().enumerate() {
            let at = i.to_string();
            let Some(input) = parse_input(&object.id, names) else {
                self.no_input(written, document, &["objects", &at, "id"], &object.id);
                continue;
            };
            if object.kind.is_none() && object.read.is_none() {
                self.wrong_at(
                    &written.place,
                    document,
                    &["objects", &at],
                    "nothing says whose this object is",
                    "add `kind` (an id that was remembered) or `read` (a path where it can be read)",
                );
            }
            let read = object.read.as_deref().and_then(|read| {
                self.read_path(written, document, &["objects", &at, "read"], read, |name| {
                    name == "id" || names.contains(&name)
                })
            });
            objects.push(ObjectReference {
                input,
                node: object.node.clone(),
                kind: object.kind.clone(),
                read,
            });
        }
        objects
    }

    fn before_write(
        &mut self,
        written: &Written,
        document: Option<&Document>,
        names: &[&str],
    ) -> Option<ReadPath> {
        let read = match written.config.before_write.as_ref()? {
            BeforeWrite::Flag(false) => return None,
            BeforeWrite::Flag(true) => &written.config.path,
            BeforeWrite::Read(path) => path,
        };
        self.read_path(written, document, &["before_write"], read, |name| names.contains(&name))
    }

    fn read_path(
        &mut self,
        written: &Written,
        document: Option<&Document>,
        at: &[&str],
        text: &str,
        is_known: impl Fn(&str) -> bool,
    ) -> Option<ReadPath> {
        let parsed = ReadPath::parse(text).and_then(|path| {
            let unknown = path.names().find(|name| !is_known(name)).map(str::to_owned);
            match unknown {
                Some(unknown) => Err(format!("nothing says what `{{{unknown}}}` is")),
                None => Ok(path),
            }
        });
        match parsed {
            Ok(path) => Some(path),
            Err(message) => {
                self.wrong_at(&written.place, document, at, message, "use names of this route's path");
                None
            }
        }
    }

    fn no_input(&mut self, written: &Written, document: Option<&Document>, at: &[&str], input: &str) {
        self.wrong_at(
            &written.place,
            document,
            at,
            format!("`{input}` is no input of `{}`", written.config.path),
            "write `path.NAME` for a parameter of the path, `query.NAME`, `header.NAME`, `body./pointer` or `graphql.FIELD.ARGUMENT`",
        );
    }
}

fn parse_input(text: &str, names: &[&str]) -> Option<Input> {
    match text.split_once('.')? {
        ("path", name) if names.contains(&name) => Some(Input::Path(name.into())),
        ("query", name) => Some(Input::Query(name.into())),
        ("header", name) => name.parse().ok().map(Input::Header),
        ("graphql", path) => path.parse().ok().map(Input::Graphql),
        ("body", pointer) if pointer.starts_with('/') => pointer.parse().ok().map(Input::Body),
        _ => None,
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
