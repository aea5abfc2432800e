//! Routes: what differs from what holds everywhere, and what two settings of one route must not say together.

use std::sync::Arc;

use http::Method;
use openapi::{Document, MediaType, PathTemplate, Spelling, canonical_path};

use super::overridden::overridden;
use super::scope::Scope;
use super::written::{Written, written_routes};
use crate::config::Config;
use crate::doors::{
    Auth, AuthRequirement, AuthRoute, BodyHandling, BuiltInDoor, HeadersRoute, InjectionRoute, Limits, Mode,
    Modes, OwnershipRoute, ProtocolRoute, RateRoute, SchemaRoute,
};
use crate::methods::method;
use crate::reader::{Place, Reader, RouteSource};
use crate::route::{Destination, LoginPath, RoutePolicy, Routes, login_path, written as written_route};

/// What holds where no route says otherwise.
pub(super) fn fallback(config: &Config, modes: Modes, auth: &Auth, reader: &mut Reader) -> RoutePolicy {
    if config.auth.require == AuthRequirement::Required && auth.is_empty() && reader.problems.is_empty() {
        reader.wrong(
            &["auth", "require"],
            "no token and no key could ever be valid",
            "add `[[auth.issuer]]` or `[[auth.api_key]]`",
        );
    }
    RoutePolicy {
        name: "*".into(),
        template: None,
        hosts: Vec::new(),
        methods: Vec::new(),
        destination: None,
        deny: false,
        is_login: false,
        is_no_login: false,
        logins: None,
        modes,
        protocol: ProtocolRoute::everywhere(&config.protocol),
        headers: HeadersRoute::everywhere(&config.headers),
        rate: RateRoute::everywhere(&config.rate),
        auth: AuthRoute::everywhere(&config.auth),
        schema: SchemaRoute::everywhere(&config.schema),
        injection: InjectionRoute::everywhere(&config.injection),
        ownership: OwnershipRoute::default(),
    }
}

/// The route of every login without an entry of its own.
pub(super) fn login(config: &Config, fallback: &RoutePolicy) -> RoutePolicy {
    RoutePolicy {
        name: "login".into(),
        is_login: true,
        protocol: ProtocolRoute { max_body: config.protocol.max_login_body, ..fallback.protocol.clone() },
        rate: RateRoute::on_login(&config.rate),
        ..fallback.clone()
    }
}

/// Every route of a table.
pub(super) fn routes(scope: &Scope<'_>, reader: &mut Reader) -> Routes {
    let mut routes = Routes::default();
    let mut in_file: Vec<(PathTemplate, Vec<Method>)> = Vec::new();
    let mut reads: Vec<Read<'_>> = Vec::new();
    let mut streamed: Vec<Streamed<'_>> = Vec::new();
    for written in written_routes(scope, reader) {
        let Some(compiled) = route(&written, scope, reader) else { continue };
        let Some(template) = compiled.template.clone() else { continue };
        // What an operation says is merged with what the file says of it, and stands beside that entry.
        if written.is_in_file() {
            let taken = in_file.iter().any(|(other, methods)| {
                let same_methods = methods.is_empty() && compiled.methods.is_empty()
                    || methods.iter().any(|m| compiled.methods.contains(m));
                same_methods && other.has_shape_of(&template)
            });
            if taken {
                let message = format!("`{}` has a second entry for the same methods", written.path());
                let help = "join the two entries, or give each its own `methods`";
                reader.wrong_at(written.source(&[]), &["path"], message, help);
            }
            in_file.push((template.clone(), compiled.methods.clone()));
        }
        let ownership = &compiled.ownership;
        if ownership.owner.is_none() {
            let objects = ownership.objects.iter().filter_map(|object| object.read.as_ref());
            let read =
                ownership.check_owner_before_write.iter().map(|read| ("check_owner_before_write", read));
            for (field, read) in read.chain(objects.map(|read| ("objects", read))) {
                let (place, route) = (written.place.clone(), written.path().to_owned());
                reads.push(Read { place, document: written.document, route, field, path: read.to_string() });
            }
        }
        let compiled = Arc::new(compiled);
        if compiled.protocol.body == BodyHandling::Stream {
            let (route, place) = (Arc::clone(&compiled), written.place.clone());
            streamed.push(Streamed { route, place, document: written.document });
        }
        let siblings = routes.entry(template, Vec::new);
        siblings.push(compiled);
        // An operation's entry comes before one for several methods, and that before one for all.
        siblings.sort_by_key(|r| if r.methods.is_empty() { usize::MAX } else { r.methods.len() });
    }
    for Read { place, document, route: route_path, field, path } in reads {
        let route = written_route(&routes, &Method::GET, &path);
        // Cedar policies may say whose it is instead.
        let cedar = field == "check_owner_before_write" && !scope.config.cedar.policies.is_empty();
        if !cedar && route.is_none_or(|route| route.ownership.owner.is_none()) {
            let message = format!("nothing says where the answer of GET {path} names its owner");
            let source = RouteSource { path: &route_path, parameters: &[], place: &place, document };
            reader.wrong_at(source, &[field], message, "give that path an `owner`");
        }
    }
    for (route, method) in overridden(&routes) {
        let message = format!(
            "the body of this POST is streamed, so that nobody sees a field `_method` in it; {method} asks for more here"
        );
        let help = "remove `body = \"stream\"`, use PUT for what is streamed, or give it a path of its own";
        Streamed::wrong(&streamed, route, message, help, reader);
    }
    let documents =
        scope.documents.iter().enumerate().filter_map(|(at, document)| Some((at, document.as_ref()?)));
    for (group, document) in documents {
        for (operation, route) in unchecked(document, group, scope, &routes) {
            let message = format!("the body of {operation} is streamed, and cannot be held to the document");
            let help = "remove `body = \"stream\"`, or say that nothing is checked here: `doors = { schema = \"off\" }`";
            Streamed::wrong(&streamed, route, message, help, reader);
        }
    }
    routes
}

/// A path where objects are read for the sake of a route.
struct Read<'d> {
    place: Place,
    document: Option<&'d Document>,
    route: String,
    field: &'static str,
    path: String,
}

/// A route with streamed bodies.
struct Streamed<'d> {
    route: Arc<RoutePolicy>,
    place: Place,
    document: Option<&'d Document>,
}

impl Streamed<'_> {
    /// Says that a route must not stream.
    fn wrong(all: &[Self], route: &Arc<RoutePolicy>, message: String, help: &str, reader: &mut Reader) {
        let Some(Streamed { place, document, .. }) = all.iter().find(|one| Arc::ptr_eq(&one.route, route))
        else {
            return;
        };
        let path = route.template.as_ref().map_or("", PathTemplate::as_str);
        let source = RouteSource { path, parameters: &[], place, document: *document };
        reader.wrong_at(source, &["body"], message, help);
    }
}

/// The operations whose bodies the document describes and whose routes do not hold them, with these routes.
fn unchecked<'r>(
    document: &Document,
    group: usize,
    scope: &Scope<'_>,
    routes: &'r Routes,
) -> Vec<(String, &'r Arc<RoutePolicy>)> {
    let leads_there =
        |method: &Method, path: &str| scope.destinations.find(method, &canonical_path(path)).group == group;
    let operations = document.operations().filter(|(path, method, _)| leads_there(method, path.as_str()));
    let unchecked = operations.filter_map(|(template, method, operation)| {
        let is_described = operation.body.as_ref()?.content.iter().any(is_read);
        let path = template.as_str();
        let route = written_route(routes, method, path)?;
        let streams = route.protocol.body == BodyHandling::Stream;
        let is_checked = route.modes.of(BuiltInDoor::Schema) != Mode::Off;
        (is_described && streams && is_checked).then(|| (format!("{method} {path}"), route))
    });
    unchecked.collect()
}

/// Whether bodies of a media type are read as values and held to their schema. A file is not.
fn is_read(media: &MediaType) -> bool {
    let range = media.range.to_ascii_lowercase();
    let is_structured = media.is_json()
        || media.is_xml()
        || range.ends_with("/*")
        || ["application/x-www-form-urlencoded", "multipart/form-data"].contains(&range.as_str());
    is_structured && media.schema.is_some()
}

fn route(written: &Written<'_>, scope: &Scope<'_>, reader: &mut Reader) -> Option<RoutePolicy> {
    let Scope { config, fallback, login, .. } = scope;
    let route = &written.config;
    let template = match PathTemplate::parse(&route.scope.path) {
        Ok(template) => template,
        Err(e) => {
            let help = "write `/users/{id}` or `/files/**`";
            reader.wrong_at(written.source(&[]), &["path"], e.to_string(), help);
            return None;
        }
    };
    let parameters: Vec<&str> =
        template.parameters().chain(written.names.iter().map(String::as_str)).collect();
    let source = written.source(&parameters);
    let methods = methods(written, source, reader);
    let auth = fallback.auth.on_route(&route.auth);
    let ownership = route.ownership.compile(source, reader);
    for (field, message, help) in contradictions(written, &auth, &ownership, config) {
        reader.wrong_at(source, &[field], message, help);
    }
    // What is wrong with it has been said.
    let destination = Destination::compile(&route.scope, &template, scope.groups).ok().flatten();
    let destination = destination.map(Arc::new);
    let on_route = |base: &RoutePolicy| RoutePolicy {
        name: written.name().into(),
        hosts: written.hosts.clone(),
        destination: destination.clone(),
        methods: methods.clone(),
        deny: route.scope.deny,
        is_login: base.is_login,
        is_no_login: route.scope.login == Some(false),
        logins: None,
        modes: base.modes.changed_by(&route.scope.doors),
        protocol: base.protocol.on_route(&route.protocol),
        headers: base.headers.on_route(&route.headers),
        rate: base.rate.on_route(&route.rate),
        auth: auth.clone(),
        schema: base.schema.on_route(&route.schema),
        injection: base.injection.on_route(&route.injection),
        ownership: ownership.clone(),
        template: Some(template.clone()),
    };
    let has_bodies = methods.is_empty() || methods.iter().any(|m| ![Method::GET, Method::HEAD].contains(m));
    let by_path = match route.scope.login {
        Some(false) => return Some(on_route(fallback)),
        Some(true) => Some(LoginPath::Sure),
        None => login_path(written.path(), &config.rate.login_paths).filter(|_| has_bodies),
    };
    // A body that is streamed cannot be asked whether it is a login.
    let streams = route.protocol.body == BodyHandling::Stream;
    if by_path == Some(LoginPath::Sure) || (by_path == Some(LoginPath::ByBody) && streams) {
        return Some(on_route(login));
    }
    let has_logins = has_bodies && (template.ends_open() || by_path == Some(LoginPath::ByBody));
    Some(RoutePolicy { logins: has_logins.then(|| Arc::new(on_route(login))), ..on_route(fallback) })
}

fn methods(written: &Written<'_>, source: RouteSource<'_>, reader: &mut Reader) -> Vec<Method> {
    let mut methods = Vec::new();
    for (m, text) in written.config.scope.methods.iter().enumerate() {
        match method(text) {
            Ok(method) => methods.push(method),
            Err(help) => {
                let at = ["methods", &m.to_string()];
                reader.wrong_at(source, &at, format!("`{text}` is not a method"), &help);
            }
        }
    }
    methods
}

/// What limits count by and no database tells: the problem, and the help.
pub(super) fn of_databases(config: &Config, limits: &Limits) -> Option<(&'static str, &'static str)> {
    let network = &config.network;
    limits.lack(network.countries.database.is_some(), network.asns.database.is_some())
}

/// What a route says in one setting and makes impossible in another: the setting, the problem, the help.
fn contradictions(
    written: &Written<'_>,
    auth: &AuthRoute,
    ownership: &OwnershipRoute,
    config: &Config,
) -> Vec<(&'static str, &'static str, &'static str)> {
    let route = &written.config;
    let streams = route.protocol.body == BodyHandling::Stream;
    let compares = route.ownership.compares()
        || !route.auth.scopes.is_empty()
        || !route.auth.roles.is_empty()
        || !route.auth.permissions.is_empty()
        || !route.auth.require.is_empty()
        || route.auth.max_auth_age.is_some();
    let mut contradictions = Vec::new();
    if let Some((message, help)) = of_databases(config, &route.rate.limits) {
        contradictions.push(("limits", message, help));
    }
    let is_listed =
        |path: &String| Spelling::Loose.segments(path).eq(Spelling::Loose.segments(written.path()));
    if route.scope.login == Some(false) && config.rate.login_paths.iter().any(is_listed) {
        contradictions.push((
            "login",
            "this is a login by `[rate] login_paths`",
            "remove it there, or remove `login = false`",
        ));
    }
    let shows_certificates = config.gateway.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some());
    let knows_callers =
        !config.auth.issuer.is_empty() || !config.auth.api_key.is_empty() || config.auth.service;
    if compares && !knows_callers && !shows_certificates {
        contradictions.push((
            "",
            "this route compares with the caller's claims, and no token issuer or API key is configured",
            "add `[[auth.issuer]]` or `[[auth.api_key]]`",
        ));
    }
    if compares && auth.require == AuthRequirement::Off {
        contradictions.push((
            "auth",
            "this route compares with claims but looks at no credential",
            "set `auth = \"required\"`",
        ));
    }
    if route.ownership.owner.is_some() && streams {
        contradictions.push((
            "body",
            "the owner of a streamed response cannot be checked before it leaves",
            "remove `body = \"stream\"` or `owner`",
        ));
    }
    if ownership.reads_body() && streams {
        contradictions.push((
            "body",
            "what is compared in a body has to be read before the body is passed on",
            "remove `body = \"stream\"`, or what names `body.`",
        ));
    }
    let bodies = [
        ("fields", route.schema.fields.is_some()),
        ("patch_paths", route.schema.patch_paths.is_some()),
        ("sanitize", !route.injection.sanitize.is_empty()),
    ];
    for (field, _) in bodies.into_iter().filter(|(_, is_set)| *is_set && streams) {
        contradictions.push((
            field,
            "the fields of a body have to be read before the body is passed on",
            "remove `body = \"stream\"`, or this setting",
        ));
    }
    contradictions
}
