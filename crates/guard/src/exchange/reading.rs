//! Readings: what a request is to servers that read its path or its method in other ways than the gate. Each one that has
//! another route or another operation holds as well.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use http::Method;
use inputs::{ParsedBody, byte_pairs};
use openapi::{Captures, Document, Found};
use policy::{PathMatching, Policy, RoutePolicy};

use super::target::Target;
use super::{Declared, Exchange, HeldBody};
use crate::engine::Engine;

/// A request as one server reads it.
#[derive(Debug)]
pub(crate) struct Reading<'e> {
    pub(crate) method: Method,
    pub(crate) route: &'e Arc<RoutePolicy>,
    pub(crate) declared: Declared<'e>,
    /// Path parameters by name, of route and operation.
    pub(crate) parameters: Vec<(&'e str, String)>,
    /// The score of what detectors found in it.
    suspicion: AtomicU32,
}

impl<'e> Reading<'e> {
    /// Every reading of a method and a target: first the one as it came, then those that differ from it.
    pub(crate) fn all(
        engine: &'e Engine,
        method: &Method,
        target: &Target,
        has_body: bool,
    ) -> (Reading<'e>, Vec<Reading<'e>>) {
        let policy = &engine.policy;
        let (first, mut others) = Reading::of_path(policy, method, target.path(), has_body, true);
        if policy.protocol.paths == PathMatching::Loose {
            for path in target.with_slashes() {
                let (reading, more) = Reading::of_path(policy, method, &path, has_body, false);
                others.push(reading);
                others.extend(more);
            }
        }
        let mut readings: Vec<Reading<'e>> = Vec::new();
        for other in others {
            if !std::iter::once(&first).chain(&readings).any(|known| known.holds_for(&other)) {
                readings.push(other);
            }
        }
        (first, readings)
    }

    /// The readings of one spelling of a path. Only the path as it came has to be declared.
    fn of_path(
        policy: &'e Policy,
        method: &Method,
        path: &str,
        has_body: bool,
        is_as_it_came: bool,
    ) -> (Reading<'e>, Vec<Reading<'e>>) {
        let found = policy.readings(method, path, has_body);
        let (declared, captures) = declared(policy.document.as_ref(), method, path, is_as_it_came);
        let mut others = Vec::new();
        // An undeclared path is forwarded where the policy says so. It may be a declared one all the same.
        if let (Declared::Nothing | Declared::OtherMethods(_), Some(document)) = (&declared, &policy.document)
            && let Some((operation, template, captures)) = document.find_loosely(method, path)
        {
            others.push(Reading {
                method: method.clone(),
                route: found.first.route,
                declared: Declared::Operation(operation, template),
                parameters: parameters(&found.first.captures, &captures),
                suspicion: AtomicU32::new(0),
            });
        }
        for other in &found.others {
            others.push(Reading {
                method: method.clone(),
                route: other.route,
                declared: Declared::NoDocument,
                parameters: parameters(&other.captures, &captures),
                suspicion: AtomicU32::new(0),
            });
        }
        let first = Reading {
            method: method.clone(),
            route: found.first.route,
            declared,
            parameters: parameters(&found.first.captures, &captures),
            suspicion: AtomicU32::new(0),
        };
        (first, others)
    }

    /// Whether what holds for another reading holds for this one already.
    fn holds_for(&self, other: &Reading<'e>) -> bool {
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

impl<'e> Exchange<'e> {
    /// The places of the readings: the first one is the request as it came.
    pub(crate) fn readings(&self) -> std::ops::RangeInclusive<usize> {
        0..=self.others.len()
    }

    /// Shows the request as one of its readings.
    pub(crate) fn read_as(&mut self, place: usize) {
        if place == self.current {
            return;
        }
        self.swap(self.current);
        self.swap(place);
        self.current = place;
    }

    /// Changes places with another reading; the first one is at home where it is.
    fn swap(&mut self, place: usize) {
        let Some(other) = place.checked_sub(1).and_then(|at| self.others.get_mut(at)) else { return };
        std::mem::swap(&mut self.method, &mut other.method);
        std::mem::swap(&mut self.route, &mut other.route);
        std::mem::swap(&mut self.declared, &mut other.declared);
        std::mem::swap(&mut self.parameters, &mut other.parameters);
        std::mem::swap(&mut self.suspicion, &mut other.suspicion);
    }

    /// The routes of all readings.
    pub(crate) fn routes(&self) -> impl Iterator<Item = &'e Arc<RoutePolicy>> {
        std::iter::once(self.route).chain(self.others.iter().map(|reading| reading.route))
    }

    /// The reading of the request as it came, while it is shown as another one.
    pub(crate) fn as_it_came(&self) -> Option<&Reading<'e>> {
        self.current.checked_sub(1).and_then(|at| self.others.get(at))
    }

    /// Adds the readings of servers that take a POST for the method in its field `_method` (Rails, Laravel, Symfony,
    /// Express), where routes or operations tell methods apart. Returns the places of what is new.
    pub(crate) fn read_method_fields(&mut self, engine: &'e Engine) -> std::ops::RangeInclusive<usize> {
        let before = self.others.len();
        if self.method == Method::POST {
            for method in self.method_fields() {
                let (first, others) = Reading::all(engine, &method, &self.target, true);
                for reading in std::iter::once(first).chain(others) {
                    let is_held = Arc::ptr_eq(self.route, reading.route)
                        && matches!(
                            (&self.declared, &reading.declared),
                            (
                                Declared::NoDocument | Declared::Nothing,
                                Declared::NoDocument | Declared::Nothing
                            )
                        );
                    if !is_held && !self.others.iter().any(|known| known.holds_for(&reading)) {
                        self.others.push(reading);
                    }
                }
            }
        }
        before + 1..=self.others.len()
    }

    /// The methods that fields `_method` of query and body name.
    fn method_fields(&self) -> Vec<Method> {
        /// More than one is no request of an honest client.
        const MOST: usize = 4;
        let mut methods: Vec<Method> = Vec::new();
        let mut note = |name: &str, value: &str| {
            let is_override =
                name.trim_matches([' ', '.']).trim_start_matches('_').eq_ignore_ascii_case("method")
                    && !name.eq_ignore_ascii_case("method");
            let method = value.trim().to_ascii_uppercase().parse::<Method>().ok();
            if let Some(method) = method.filter(|method| is_override && *method != Method::POST)
                && methods.len() < MOST
                && !methods.contains(&method)
            {
                methods.push(method);
            }
        };
        for (name, value) in byte_pairs(self.target.query().unwrap_or("").trim_start_matches('?').as_bytes())
        {
            note(&String::from_utf8_lossy(&name), &String::from_utf8_lossy(&value));
        }
        for parsed in self.body.iter().flat_map(HeldBody::readings) {
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
                    if let Some(value) = value.get("_method").and_then(serde_json::Value::as_str) {
                        note("_method", value);
                    }
                }
                _ => {}
            }
        }
        methods
    }
}
