//! From files to a policy in force: everything is read, checked as a whole and compiled, or every problem is reported.

mod accounts;
mod overridden;
mod providers;
mod routes;
mod scope;
mod tables;
mod written;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use authorization::{ObjectFrom, Visibility};
use openapi::{Document, Operation, Problem, SecurityScheme, Source, Spelling};

use crate::admin::AdminConfig;
use crate::config::{Config, renamed};
use crate::doors::{Auth, BodyHandling, Injection, Modes, OwnershipConfig, PathMatching, permits};
use crate::error::ConfigError;
use crate::gateway::{FIRST_GROUP, UpstreamConfig, UpstreamEntry};
use crate::policy::Policy;
use crate::reader::{PolicyFile, Reader};
use crate::renamed::notices;
use crate::route::{RoutePolicy, RouteTable, visibility};
use crate::rows::rows;
use crate::units::ByteSize;
use tables::{Shared, Written};

/// What a policy is made from. Settings of the command line come before those of the file.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// `doorward.toml`, if there is one.
    pub file: Option<PathBuf>,
    /// The text of a policy without a file.
    pub text: Option<String>,
    /// `--upstream`.
    pub upstream: Vec<String>,
    /// `--listen`.
    pub listen: Vec<std::net::SocketAddr>,
    /// `--openapi`.
    pub openapi: Option<PathBuf>,
    /// `--overlay`.
    pub overlay: Vec<PathBuf>,
    /// Leaves Cedar policies out, to make the schema that they are written against.
    pub without_cedar: bool,
}

/// Reads, checks and compiles a policy.
///
/// # Errors
/// Everything that is wrong with it, with positions.
pub fn load(inputs: &Inputs) -> Result<Policy, ConfigError> {
    let mut files = Vec::new();
    let source = match (&inputs.file, &inputs.text) {
        (Some(path), _) => {
            files.push(PolicyFile::at(path.clone()));
            let text = std::fs::read_to_string(path).map_err(|e| {
                Source::new(path.display().to_string(), "")
                    .problem(None, format!("cannot be read: {e}"))
                    .with_help("`doorward init` writes one")
            })?;
            Source::new(path.display().to_string(), text)
        }
        (None, Some(text)) => Source::new("policy", text.as_str()),
        (None, None) => Source::new("command line", ""),
    };
    let mut config = Config::parse(&source)?;
    if !inputs.upstream.is_empty() {
        config.gateway.upstream = inputs.upstream.iter().cloned().map(UpstreamEntry::Url).collect();
    }
    if !inputs.listen.is_empty() {
        config.gateway.listen.clone_from(&inputs.listen);
    }
    let settings = rows(&config);
    if config.auth.service {
        accounts::add_routes(&config.auth, &mut config.upstream, &mut config.route);
        if config.ownership.role_claim == OwnershipConfig::default().role_claim {
            // Its tokens name roles as RFC 9068 §2.2.3.1 does.
            config.ownership.role_claim = "roles".into();
        }
    }
    let directory = inputs.file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    let openapi = match (&inputs.openapi, &config.gateway.openapi) {
        (Some(given), _) => Some(given.clone()),
        (None, Some(path)) => Some(directory.join(path)),
        (None, None) => None,
    };
    let overlays: Vec<PathBuf> = match inputs.overlay.is_empty() {
        true => config.gateway.overlay.iter().map(|path| directory.join(path)).collect(),
        false => inputs.overlay.clone(),
    };
    let mut reader = Reader::new(source, directory.to_owned(), files, renamed());
    if openapi.is_none() && !overlays.is_empty() {
        reader.wrong(
            &["gateway", "overlay"],
            "an overlay without a document changes nothing",
            "name the document too: `openapi`",
        );
    }
    let document = openapi.and_then(|path| reader.document(&path, &overlays, &config.gateway.references));
    let mut documents = vec![document];
    for (i, upstream) in config.upstream.iter().enumerate() {
        documents.push(document_of(upstream, i, &mut reader));
    }
    let cors = config.cors.compile(&mut reader);
    let mut auth = config.auth.compile(&config.ownership.role_claim, &mut reader);
    auth.service = accounts::user_service(&config.auth, &mut reader);
    let headers = config.headers.compile(&mut reader);
    let network = config.network.compile(&mut reader);
    let bots = config.bots.compile(&config.under_attack, &mut reader);
    let rate = config.rate.compile(&mut reader);
    for (field, limits) in [("limits", &config.rate.limits), ("login", &config.rate.login)] {
        if let Some((message, help)) = routes::of_databases(&config, limits) {
            reader.wrong(&["rate", field], message, help);
        }
    }
    if rate.store.is_some() && network.bans.file.is_some() {
        reader.wrong(
            &["network", "bans", "file"],
            "bans are kept on the server of `[rate.store]`, which all gateways share",
            "remove `file`",
        );
    }
    let modes = Modes::default().changed_by(&config.doors);
    let fallback = routes::fallback(&config, modes, &auth, &mut reader);
    let login = Arc::new(routes::login(&config, &fallback));
    let fallback = Arc::new(fallback);
    let spelling = match config.protocol.paths {
        PathMatching::Loose => Spelling::Loose,
        PathMatching::Exact => Spelling::Exact,
    };
    let names = config.upstream.iter().map(|upstream| upstream.name.trim());
    let shared = Shared {
        config: &config,
        documents: &documents,
        spelling,
        groups: &std::iter::once(FIRST_GROUP).chain(names).map(Arc::from).collect::<Vec<_>>(),
        fallback: &fallback,
        login: &login,
    };
    let written = tables::written(&shared, &mut reader);
    let gateway = config.gateway.compile(&config.upstream, largest_held(&config, &written), &mut reader);
    let proxy_only_headers = config.protocol.proxy_only(&mut reader);
    config.cedar.check_claims(&mut reader);
    let routes = written.first().map(|table| &table.routes);
    let visibility = |method: &http::Method, path: &str| match (documents.first(), routes) {
        (Some(Some(document)), Some(routes)) => visibility(document, routes, method, path),
        _ => Visibility { body: fallback.protocol.body == BodyHandling::Hold, object: ObjectFrom::Nowhere },
    };
    let cedar = if inputs.without_cedar {
        None
    } else {
        config.cedar.compile(documents.first().and_then(Option::as_ref), &visibility, &mut reader)
    };
    if !config.cedar.policies.is_empty() && documents.iter().skip(1).any(Option::is_some) {
        reader.notice(
            &["cedar", "policies"],
            "these policies judge the requests that go to `[gateway] upstream`, and no others",
            "give the routes to other upstreams `owner`, `bind` or `roles`",
        );
    }
    let ownership = config.ownership.compile(cedar, config.cedar.claims.clone(), &mut reader);
    let injection = Injection {
        max_decode_depth: config.injection.max_decode_depth,
        detectors: config.waf.detectors,
        core_rule_set: config.waf.compile(&mut reader),
    };
    let mut tables = written.into_iter().map(|written| written.table(&shared));
    let routes = tables.next().map(|(_, table)| table);
    let hosts: Vec<(String, RouteTable)> = tables.filter_map(|(host, table)| Some((host?, table))).collect();
    let log = config.log.compile(&mut reader);
    let (Some(cors), Some(routes), true) = (cors, routes, reader.problems.is_empty()) else {
        return Err(ConfigError::of(reader.problems));
    };
    let all = routes.iter().chain(hosts.iter().flat_map(|(_, table)| table.iter()));
    roles_of_nobody(&auth, all, &mut reader);
    let mut notices = notices(reader.source(), documents.iter().flatten());
    notices.append(&mut reader.notices);
    notices.extend(documents.iter().flatten().flat_map(|document| nobody_verifies(document, &auth)));
    Ok(Policy {
        settings,
        notices,
        gateway,
        admin: AdminConfig {
            socket: config.admin.socket.as_ref().map(|socket| directory.join(socket)),
            ..config.admin
        },
        log,
        documents,
        protocol: config.protocol,
        proxy_only_headers,
        network,
        bots,
        cors,
        rate,
        auth,
        schema: config.schema,
        injection,
        ownership,
        headers,
        cookies: config.cookies,
        files: reader.files,
        routes,
        hosts,
    })
}

/// What a document asks for that nobody is configured to verify.
fn nobody_verifies(document: &Document, auth: &Auth) -> Vec<Problem> {
    let notice = |what: &str, mend: &str, is: fn(&SecurityScheme) -> bool| {
        let asks =
            |operation: &Operation| operation.security.is_needed() && operation.security.schemes().any(is);
        let asking = document.operations().filter(|(_, _, operation)| asks(operation)).count();
        (asking > 0).then(|| {
            let operations = if asking == 1 { "1 operation asks".into() } else { format!("{asking} operations ask") };
            let message = format!(
                "{operations} for {what}, and nothing is configured that verifies one: a request without any is \
                 refused, and whatever a request has is left to the API"
            );
            document.problem("/components/securitySchemes", message).with_help(mend)
        })
    };
    let tokens = || {
        notice("a bearer token", "name who signs tokens: `[[auth.issuer]]`", |scheme| {
            matches!(scheme, SecurityScheme::Bearer)
        })
    };
    let keys = || {
        notice("an API key", "name the keys that are known: `[[auth.api_key]]`, or `issued_keys`", |scheme| {
            matches!(scheme, SecurityScheme::ApiKey(..))
        })
    };
    let tokens = (!auth.verifies_tokens()).then(tokens).flatten();
    tokens.into_iter().chain((!auth.knows_keys()).then(keys).flatten()).collect()
}

/// Tells of roles and permissions that routes ask for and that `[auth.roles]` gives nobody.
fn roles_of_nobody<'r>(auth: &Auth, routes: impl Iterator<Item = &'r Arc<RoutePolicy>>, reader: &mut Reader) {
    let known: Vec<&str> = auth.permissions.roles().collect();
    if known.is_empty() {
        return;
    }
    let mut told = HashSet::new();
    for route in routes {
        let given = |wanted: &String| {
            known
                .iter()
                .any(|role| permits(auth.permissions.of_role(role).iter().map(String::as_str), wanted))
        };
        let roles =
            route.auth.roles.iter().filter(|role| !known.contains(&role.as_str())).map(|role| ("role", role));
        let wanted = route.auth.permissions.iter().filter(|wanted| !given(wanted));
        for (what, name) in roles.chain(wanted.map(|name| ("permission", name))) {
            if told.insert((what, name.clone())) {
                let message =
                    format!("the route {} asks for the {what} `{name}`, which no role here has", route.name);
                reader.notice(
                    &["auth", "roles"],
                    &message,
                    "add it, or mend the name; roles of other issuers may have it",
                );
            }
        }
    }
}

/// The largest body or answer that is held anywhere.
fn largest_held(config: &Config, tables: &[Written]) -> ByteSize {
    let protocol = &config.protocol;
    let on_routes = tables.iter().flat_map(|table| table.routes.iter());
    let on_routes = on_routes.flat_map(|(_, routes)| routes).map(|route| route.protocol.max_body);
    let longest = on_routes.fold(protocol.max_body, ByteSize::max);
    protocol.max_held_body.min(longest).max(protocol.max_decoded_body)
}

/// The document of an `[[upstream]]`.
fn document_of(upstream: &UpstreamConfig, i: usize, reader: &mut Reader) -> Option<Document> {
    let Some(path) = &upstream.openapi else {
        if !upstream.overlay.is_empty() {
            reader.wrong(
                &["upstream", &i.to_string(), "overlay"],
                "an overlay without a document changes nothing",
                "name the document too: `openapi`",
            );
        }
        return None;
    };
    let overlays: Vec<PathBuf> = upstream.overlay.iter().map(|path| reader.path(path)).collect();
    reader.document(&reader.path(path), &overlays, &upstream.references)
}

#[cfg(test)]
mod tests;
