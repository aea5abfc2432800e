//! What holds on routes. Each path that is written down in one of the policies, or declared by a document, is looked up in
//! both: a route that is gone leaves its path to another one, and a new route takes it from another one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use detect::Class;
use http::Method;
use openapi::canonical_path;

use super::words::{changed, missing};
use crate::doors::{
    AuthRequirement, AuthRoute, BodyHandling, BuiltInDoor, CountedOutcome, HeadersRoute, InjectionRoute,
    Limit, LimitAlgorithm, LimitKey, MinConfidence, OtherCharsets, OwnershipRoute, PagePolicy, ProtocolRoute,
    RateRoute, ResponseProperties, Sanitize, SchemaRoute, UnknownProperties, UnreadableResponses,
};
use crate::policy::Policy;
use crate::route::RoutePolicy;

/// Places that one sentence names.
const MOST_PLACES: usize = 3;

pub(super) fn weaker(old: &Policy, new: &Policy) -> Vec<String> {
    let methods = || {
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
    };
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut tell = |place: &str, before: &RoutePolicy, after: &RoutePolicy| {
        for what in of_route(before, after) {
            let places = found.entry(what).or_default();
            if !places.iter().any(|known| known == place) {
                places.push(place.to_owned());
            }
        }
    };
    let written = |policy: &Policy| {
        let templates =
            policy.routes().filter_map(|route| Some(route.template.as_ref()?.as_str().to_owned()));
        let declared = policy.documents().flat_map(|(_, document)| document.operations());
        let declared = declared.map(|(path, ..)| path.as_str().to_owned());
        templates.chain(declared).collect::<BTreeSet<String>>()
    };
    let known = |policy: &Policy| policy.routes().flat_map(|route| route.methods.clone()).collect::<Vec<_>>();
    let mut all: Vec<Method> = methods().into_iter().chain(known(old)).chain(known(new)).collect();
    all.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    all.dedup();
    let paths: BTreeSet<String> = written(old).union(&written(new)).cloned().collect();
    let hosts = |policy: &Policy| {
        policy.tables().map(|(host, _)| host.map(str::to_owned)).collect::<BTreeSet<Option<String>>>()
    };
    for host in hosts(old).union(&hosts(new)) {
        // A name that the pattern covers.
        let example = host.as_ref().map(|host| host.replace('*', "any"));
        let (before, after) = (old.table(example.as_deref()), new.table(example.as_deref()));
        let at = |path: &str| format!("{}{path}", host.as_deref().unwrap_or_default());
        // What holds where nothing is written down, and on logins there.
        tell("*", before.fallback(), after.fallback());
        tell("login", before.login(), after.login());
        for path in &paths {
            for method in &all {
                // Braces stand for themselves.
                let place = canonical_path(path);
                // What the user service reads before it stores it is no business of detectors.
                let is_new = new.is_accounts(after.destination(method, &place).group)
                    && !old.is_accounts(before.destination(method, &place).group);
                if is_new {
                    continue;
                }
                tell(&at(path), before.route(method, &place).0, after.route(method, &place).0);
            }
        }
    }
    let sentence = |(what, places): (String, Vec<String>)| {
        let more = places.len().saturating_sub(MOST_PLACES);
        let named: Vec<&str> = places.iter().take(MOST_PLACES).map(String::as_str).collect();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}: {what}", named.join(", "))
    };
    found.into_iter().map(sentence).collect()
}

/// What a route protects less. A field that is new has to be thought of here.
fn of_route(before: &RoutePolicy, after: &RoutePolicy) -> Vec<String> {
    let RoutePolicy {
        name: _,
        template: _,
        hosts: _,
        methods: _,
        destination: _,
        deny,
        is_login,
        is_no_login,
        logins: _,
        modes,
        protocol,
        headers,
        rate,
        auth,
        schema,
        injection,
        ownership,
    } = after;
    let mut found = Vec::new();
    if before.deny && !deny {
        found.push("it was denied, and is open".into());
    }
    if before.is_login && !is_login {
        found.push("it was a login, and is none".into());
    }
    if !before.is_no_login && *is_no_login {
        found.push("its requests are taken for no logins".into());
    }
    let rank = |html: PagePolicy| match html {
        PagePolicy::Enforce => 2,
        PagePolicy::Report => 1,
        PagePolicy::Off => 0,
    };
    let HeadersRoute { html } = headers;
    if rank(*html) < rank(before.headers.html) {
        found.push("pages get less of a content security policy (`html`)".into());
    }
    for door in BuiltInDoor::ALL {
        let (was, is) = (before.modes.of(door), modes.of(door));
        if is < was {
            found.push(changed(door, was.name(), is.name()));
        }
    }
    found.extend(of_bodies(&before.protocol, protocol));
    found.extend(of_pages(&before.headers, headers));
    found.extend(of_limits(&before.rate, rate));
    found.extend(of_callers(&before.auth, auth));
    found.extend(of_fields(&before.schema, schema));
    found.extend(of_inputs(&before.injection, injection));
    found.extend(of_objects(&before.ownership, ownership));
    found
}

fn of_bodies(before: &ProtocolRoute, after: &ProtocolRoute) -> Vec<String> {
    let ProtocolRoute { max_body, body, other_charsets } = after;
    let mut found = Vec::new();
    if *max_body > before.max_body {
        found.push(changed("max_body", before.max_body, max_body));
    }
    if before.body == BodyHandling::Hold && *body == BodyHandling::Stream {
        found.push("bodies were held until they were judged, and are streamed".into());
    }
    if before.other_charsets == OtherCharsets::Refuse && *other_charsets == OtherCharsets::Pass {
        found.push("bodies in other charsets were refused, and pass unread".into());
    }
    found
}

fn of_pages(before: &HeadersRoute, after: &HeadersRoute) -> Option<String> {
    let HeadersRoute { html } = after;
    (*html > before.html).then(|| changed("html", before.html.name(), html.name()))
}

fn of_limits(before: &RateRoute, after: &RateRoute) -> Vec<String> {
    let RateRoute { limits, failure } = after;
    let holds = |limit: &Limit| limits.iter().any(|now| is_as_strict(limit, now));
    let gone = before.limits.iter().filter(|limit| !holds(limit));
    let mut found: Vec<String> =
        gone.map(|limit| format!("the limit `{limit}` is gone, or looser")).collect();
    let counts_failures = limits.iter().any(|limit| limit.counting == CountedOutcome::Failures);
    if counts_failures && *failure != before.failure {
        found.push("another `failure` is counted, which may protect less".into());
    }
    found
}

/// Whether one limit lets no more through than another.
fn is_as_strict(before: &Limit, now: &Limit) -> bool {
    let Limit { permits, period, burst, algorithm, keys, counting, cost, blocking, is_observed } = now;
    let has = |key: &LimitKey| before.keys.contains(key);
    let rate = |permits: u32, period: Duration| u128::from(permits) * period.as_millis();
    keys.iter().all(has)
        && before.keys.iter().all(|key| keys.contains(key))
        && (*counting == CountedOutcome::All || *counting == before.counting)
        && (*algorithm == LimitAlgorithm::AtOnce) == (before.algorithm == LimitAlgorithm::AtOnce)
        && *cost == before.cost
        && *blocking >= before.blocking
        && (!is_observed || before.is_observed)
        && rate(*permits, before.period) <= rate(before.permits, *period)
        && *burst <= before.burst
}

fn of_callers(before: &AuthRoute, after: &AuthRoute) -> Vec<String> {
    let AuthRoute { require, scopes, roles, permissions, assurance, max_auth_age } = after;
    let rank = |require: AuthRequirement| match require {
        AuthRequirement::Required => 2,
        AuthRequirement::Optional => 1,
        AuthRequirement::Off => 0,
    };
    let mut found = Vec::new();
    if rank(*require) < rank(before.require) {
        found.push(changed("auth", before.require.name(), require.name()));
    }
    let lost = missing(&before.scopes, scopes);
    found.extend(lost.map(|scope| format!("the scope {scope} is no longer asked for")));
    let lost = missing(&before.permissions, permissions);
    found.extend(lost.map(|permission| format!("the permission {permission} is no longer asked for")));
    if before.assurance.iter().any(|wanted| !assurance.contains(wanted)) {
        found.push("a second factor is no longer asked for".into());
    }
    let longest = |age: Option<Duration>| age.unwrap_or(Duration::MAX);
    if longest(*max_auth_age) > longest(before.max_auth_age) {
        found.push("an older authentication is enough (max_auth_age)".into());
    }
    found.extend(opened(
        "roles",
        Some(&before.roles).filter(|r| !r.is_empty()),
        Some(roles).filter(|r| !r.is_empty()),
    ));
    found
}

/// A list of what is allowed, where no list allows everything.
fn opened<T: PartialEq + ToString>(
    what: &str,
    before: Option<&Vec<T>>,
    after: Option<&Vec<T>>,
) -> Option<String> {
    let before = before?;
    let Some(after) = after else { return Some(format!("{what} are no longer restricted")) };
    let gained: Vec<String> = missing(after, before).map(ToString::to_string).collect();
    (!gained.is_empty()).then(|| format!("{what} gain {}", gained.join(", ")))
}

fn of_fields(before: &SchemaRoute, after: &SchemaRoute) -> Vec<String> {
    let SchemaRoute {
        fields,
        unknown_properties,
        unknown_parameters,
        responses,
        unreadable,
        patch_paths,
        allow_properties,
    } = after;
    let mut found = Vec::new();
    for (what, was, is) in [
        ("properties", before.unknown_properties, *unknown_properties),
        ("parameters", before.unknown_parameters, *unknown_parameters),
    ] {
        if was != UnknownProperties::Allow && is == UnknownProperties::Allow {
            found.push(format!("undeclared {what} are allowed"));
        }
    }
    if before.responses == ResponseProperties::Strip && *responses == ResponseProperties::Allow {
        found.push("undeclared properties of responses are allowed".into());
    }
    if before.unreadable == UnreadableResponses::Refuse && *unreadable == UnreadableResponses::Report {
        found.push("responses that cannot be read are only reported".into());
    }
    found.extend(opened("fields", before.fields.as_ref(), fields.as_ref()));
    found.extend(opened(
        "patch_paths",
        pointers(&before.patch_paths).as_ref(),
        pointers(patch_paths).as_ref(),
    ));
    let gained = missing(allow_properties, &before.allow_properties);
    found.extend(gained.map(|name| format!("allow_properties gains {name}")));
    found
}

fn pointers(list: &Option<Vec<openapi::Pointer>>) -> Option<Vec<String>> {
    list.as_ref().map(|list| list.iter().map(|pointer| pointer.as_str().to_owned()).collect())
}

fn of_inputs(before: &InjectionRoute, after: &InjectionRoute) -> Vec<String> {
    let InjectionRoute { exempt, prose, detectors, sanitize } = after;
    let mut found: Vec<String> =
        missing(exempt, &before.exempt).map(|name| format!("the field {name} is not inspected")).collect();
    let gained = missing(prose, &before.prose).filter(|name| !before.exempt.contains(name));
    found.extend(gained.map(|name| format!("the field {name} is inspected as prose only")));
    let rank = |level: MinConfidence| match level {
        MinConfidence::Medium => 3,
        MinConfidence::High => 2,
        MinConfidence::Observe => 1,
        MinConfidence::Off => 0,
    };
    let looser = detect::ALL.into_iter().filter_map(|class: Class| {
        let (was, is) = (before.detectors.of(class), detectors.of(class));
        (rank(is) < rank(was))
            .then(|| changed(format_args!("the detector {}", class.name()), was.name(), is.name()))
    });
    found.extend(looser);
    let how = |list: &[(String, Sanitize)], name: &str| {
        list.iter().find(|(known, _)| known == name).map(|(_, how)| *how)
    };
    let basic = sanitize.iter().filter(|(name, _)| {
        how(sanitize, name) == Some(Sanitize::Basic) && how(&before.sanitize, name) != Some(Sanitize::Basic)
    });
    found.extend(basic.map(|(name, _)| format!("the field {name} keeps simple markup")));
    found
}

fn of_objects(before: &OwnershipRoute, after: &OwnershipRoute) -> Vec<String> {
    let OwnershipRoute { bind, owner, check_owner_before_write, objects, remember } = after;
    let mut found: Vec<String> = missing(&before.bind, bind)
        .map(|binding| format!("{} is no longer bound to {}", binding.input, binding.claim))
        .collect();
    if let Some(was) = before.owner.as_ref().filter(|was| owner.as_ref() != Some(was)) {
        found.push(match owner {
            Some(owner) => changed("the owner", was, owner),
            None => format!("the owner {was} is no longer compared"),
        });
    }
    if before.check_owner_before_write.is_some()
        && *check_owner_before_write != before.check_owner_before_write
    {
        found.push("the owner is no longer read there before a write".into());
    }
    let gone = missing(&before.objects, objects);
    found.extend(
        gone.map(|object| format!("the objects of {} are no longer looked at as before", object.input)),
    );
    let gained =
        remember.iter().filter(|entry| !before.remember.contains(entry) && !before.remember.is_empty());
    found.extend(gained.map(|(kind, _)| format!("more ids are remembered as {kind}")));
    found
}
