//! Readings: what a request is to servers that read its path or its method in other ways than the gate. Each one that has
//! another route or another operation holds as well.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use http::Method;
use inputs::{InputKind, ParsedBody, byte_pairs, top_names};
use openapi::{Captures, Document, Found};
use policy::{Carries, PathMatching, Policy, RouteMatch, RoutePolicy, RouteTable};
use serde_json::Value;

use super::declared::Declared;
use super::held_body::HeldBody;
use super::target::Target;

/// Where a request is: whose routes hold for its host, and what the upstream declares that it goes to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site<'e> {
    pub(crate) policy: &'e Policy,
    pub(crate) table: &'e RouteTable,
    pub(crate) document: Option<&'e Document>,
}

/// A request as one server reads it.
#[derive(Debug)]
pub(crate) struct Reading<'e> {
    pub(crate) method: Method,
    pub(crate) route: &'e Arc<RoutePolicy>,
    pub(crate) declared: Declared<'e>,
    /// Path parameters by name, of route and operation.
    pub(crate) parameters: Vec<(&'e str, String)>,
    /// The score of what detectors found in it.
    pub(crate) suspicion: AtomicU32,
}

/// Every reading of a method and a target.
pub(crate) struct Readings<'e> {
    /// The one as it came.
    pub(crate) first: Reading<'e>,
    /// Those that differ from it.
    pub(crate) others: Vec<Reading<'e>>,
    /// Whether the request is a login if its body looks like one, in some reading of its path.
    pub(crate) may_be_login: bool,
}

impl<'e> IntoIterator for Readings<'e> {
    type Item = Reading<'e>;
    type IntoIter = std::iter::Chain<std::iter::Once<Reading<'e>>, std::vec::IntoIter<Reading<'e>>>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self.first).chain(self.others)
    }
}

impl<'e> Reading<'e> {
    /// Every reading of a method and a target.
    pub(crate) fn all(site: Site<'e>, method: &Method, target: &Target, carries: Carries) -> Readings<'e> {
        let Readings { first, mut others, mut may_be_login } =
            Reading::of_path(site, method, &target.canonical(), carries, true);
        if site.policy.protocol.paths == PathMatching::Loose {
            for path in target.others() {
                let found = Reading::of_path(site, method, &path, carries, false);
                may_be_login |= found.may_be_login;
                others.extend(found);
            }
        }
        if site.policy.protocol.paths == PathMatching::Loose
            && let Some(path) = target.without_format()
        {
            // On the same route it is a part of a name; and so it is where the route with the format is the one that is
            // written down.
            let found = Reading::of_path(site, method, &path, carries, false);
            may_be_login |= found.may_be_login;
            let is_new = |other: &Reading<'e>| {
                !first.is_on_the_place_of(other) && (other.is_somewhere() || !first.is_somewhere())
            };
            others.extend(found.into_iter().filter(is_new));
        }
        // Also where spellings are told apart. On the same route the escapes mean what they always mean.
        for path in target.undecoded().into_iter().chain(target.with_nothing()) {
            let found = Reading::of_path(site, method, &path, carries, false);
            others.extend(found.into_iter().filter(|other| !first.is_on_the_place_of(other)));
        }
        let mut readings: Vec<Reading<'e>> = Vec::new();
        for other in others {
            if !std::iter::once(&first).chain(&readings).any(|known| known.holds_for(&other)) {
                readings.push(other);
            }
        }
        Readings { first, others: readings, may_be_login }
    }

    /// The readings of one spelling of a path. Only the path as it came has to be declared.
    fn of_path(
        site: Site<'e>,
        method: &Method,
        path: &str,
        carries: Carries,
        is_as_it_came: bool,
    ) -> Readings<'e> {
        let found = site.table.readings(method, path, carries);
        let (declared, captures) = declared(site.document, method, path, is_as_it_came);
        let mut others = Vec::new();
        // A server may take the path for that of another operation, also where it is not declared and forwarded all the same.
        let loosely = site.document.filter(|_| site.policy.protocol.paths == PathMatching::Loose);
        for (operation, template, captures) in
            loosely.into_iter().flat_map(|document| document.find_loosely(method, path))
        {
            // Nearly always it is the declared one.
            if matches!(declared, Declared::Operation(known, _) if std::ptr::eq(known, operation)) {
                continue;
            }
            let declared = Declared::Operation(operation, template);
            others.push(Reading::new(method, &found.first, declared, &captures));
        }
        for other in &found.others {
            others.push(Reading::new(method, other, Declared::NoDocument, &captures));
        }
        let first = Reading::new(method, &found.first, declared, &captures);
        Readings { first, others, may_be_login: found.may_be_login }
    }

    fn new(
        method: &Method,
        on: &RouteMatch<'e, '_>,
        declared: Declared<'e>,
        of_operation: &Captures<'e, '_>,
    ) -> Self {
        Reading {
            method: method.clone(),
            route: on.route,
            declared,
            parameters: parameters(&on.captures, of_operation),
            suspicion: AtomicU32::new(0),
        }
    }

    /// Whether what holds for another reading holds for this one already.
    pub(crate) fn holds_for(&self, other: &Reading<'e>) -> bool {
        self.is_on_the_place_of(other) && self.parameters == other.parameters
    }

    /// Whether a route or an operation is written down for it.
    fn is_somewhere(&self) -> bool {
        self.route.template.is_some()
            || self.route.is_login
            || matches!(self.declared, Declared::Operation(..) | Declared::OtherMethods(_))
    }

    /// Whether another reading is of the same route and operation, or of the same route and none.
    fn is_on_the_place_of(&self, other: &Reading<'e>) -> bool {
        let is_same_operation = match (&self.declared, &other.declared) {
            (_, Declared::NoDocument) => true,
            (Declared::Operation(one, _), Declared::Operation(other, _)) => std::ptr::eq(*one, *other),
            (Declared::OtherMethods(_), Declared::OtherMethods(_))
            | (Declared::Nothing, Declared::Nothing) => true,
            _ => false,
        };
        Arc::ptr_eq(self.route, other.route) && is_same_operation
    }
}

/// What the document says, and the path parameters of what it declares.
fn declared<'e, 'p>(
    document: Option<&'e Document>,
    method: &Method,
    path: &'p str,
    is_as_it_came: bool,
) -> (Declared<'e>, Captures<'e, 'p>) {
    let Some(document) = document else { return (Declared::NoDocument, Captures::new()) };
    match document.find(method, path) {
        Found::Operation(operation, template, captures) => {
            (Declared::Operation(operation, template), captures)
        }
        // What is shut is shut in every reading; what is not declared need not be declared in this one.
        _ if !is_as_it_came && document.is_shut(method, path) => (Declared::Nothing, Captures::new()),
        _ if !is_as_it_came => (Declared::NoDocument, Captures::new()),
        Found::Method(methods) => (Declared::OtherMethods(methods), Captures::new()),
        Found::Nothing => (Declared::Nothing, Captures::new()),
    }
}

/// The path parameters of a route, decoded, and those of an operation under other names.
fn parameters<'e>(of_route: &Captures<'e, '_>, of_operation: &Captures<'e, '_>) -> Vec<(&'e str, String)> {
    let mut parameters: Vec<(&'e str, String)> = Vec::new();
    for (name, value) in of_route.iter().chain(of_operation) {
        if !parameters.iter().any(|(known, _)| known == name) {
            let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
            parameters.push((name, value));
        }
    }
    parameters
}

/// Whether a body has the fields of a login, in some reading of it.
pub(crate) fn logs_in(body: &HeldBody) -> bool {
    /// Parts of the names of what a caller proves who it is by, and whole names of it.
    const PARTS: [&str; 8] =
        ["passw", "passphrase", "passcode", "pwd", "secret", "otp", "credential", "assertion"];
    const NAMES: [&str; 11] = [
        "pass",
        "pin",
        "token",
        "idtoken",
        "accesstoken",
        "refreshtoken",
        "apikey",
        "key",
        "ticket",
        "samlresponse",
        "jwt",
    ];
    /// A code proves nothing but beside the name of somebody.
    const CODES: [&str; 2] = ["code", "verificationcode"];
    const WHO: [&str; 7] = ["user", "username", "login", "email", "phone", "phonenumber", "mobile"];
    let (mut has_code, mut has_who) = (false, false);
    let mut proves = |name: &str| {
        let last = name.trim_end_matches(']').rsplit(['[', '.', '/', ':']).next().unwrap_or(name);
        let mut plain: String = last.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
        plain.make_ascii_lowercase();
        has_code |= CODES.contains(&&*plain);
        has_who |= WHO.contains(&&*plain);
        NAMES.contains(&&*plain) || PARTS.iter().any(|part| plain.contains(part)) || has_code && has_who
    };
    body.readings().any(|parsed| {
        let found = parsed.find_input(&body.decoded, |input| {
            let name = match input.kind {
                InputKind::Name => std::str::from_utf8(input.value).unwrap_or(input.name),
                _ => input.name,
            };
            proves(name).then_some(())
        });
        found.is_some()
    })
}

/// The methods that fields `_method` of query and body name.
pub(crate) fn named_methods(query: &str, body: Option<&HeldBody>) -> Vec<Method> {
    /// Methods without a standard that are looked at. More than one is no request of an honest client.
    const MOST: usize = 4;
    const STANDARD: [Method; 6] =
        [Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let mut methods: Vec<Method> = Vec::new();
    let mut note = |name: &str, value: &str| {
        let is_one = |name: &str| {
            !name.eq_ignore_ascii_case("method")
                && name.trim_matches([' ', '.']).trim_start_matches('_').eq_ignore_ascii_case("method")
        };
        let is_override = is_one(name) || top_names(name).any(is_one);
        let method = value.trim().to_ascii_uppercase().parse::<Method>().ok();
        if let Some(method) = method.filter(|method| is_override && *method != Method::POST)
            && (STANDARD.contains(&method) || methods.len() < MOST)
            && !methods.contains(&method)
        {
            methods.push(method);
        }
    };
    for (name, value) in byte_pairs(query.trim_start_matches('?').as_bytes()) {
        note(&String::from_utf8_lossy(&name), &String::from_utf8_lossy(&value));
    }
    for parsed in body.into_iter().flat_map(HeldBody::readings) {
        match parsed {
            ParsedBody::Form(fields) => fields.iter().for_each(|(name, value)| note(name, value)),
            ParsedBody::Multipart(parts) => {
                for part in parts.iter().filter(|part| part.is_field()) {
                    note(&part.name, &String::from_utf8_lossy(&part.content));
                }
            }
            ParsedBody::Mixed(parts) => {
                for part in parts {
                    note(&part.part.name, &String::from_utf8_lossy(&part.part.content));
                }
            }
            ParsedBody::Json(value) => {
                let named = value.get("_method");
                let texts = named.into_iter().flat_map(|value| match value {
                    Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>(),
                    value => value.as_str().into_iter().collect(),
                });
                texts.for_each(|value| note("_method", value));
            }
            _ => {}
        }
    }
    methods
}
