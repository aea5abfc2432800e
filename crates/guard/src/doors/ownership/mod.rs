//! Ownership: "if I change the id in the URL, do I see somebody else's object?" ([guide §2])
//!
//! On the way in, bound inputs must equal a claim. Objects that the request names must be known to be the caller's:
//! from the ledger of ids that they were given, or by reading them (`look`) through the owner check. On the
//! way out, the owner that the response names must be the caller, before a byte of it leaves; objects of others are
//! filtered out of lists.
//!
//! [guide §2]: https://github.com/doorward/doorward/blob/main/docs/guide.md#2-broken-object-level-authorization

pub(crate) mod cedar;
pub(crate) mod enumeration;
mod named;
mod owner;
mod owner_scan;
pub(crate) mod read_first;

use http::{Method, StatusCode};
use identity::Principal;
use policy::config::ForeignStatus;
use policy::{Binding, Owner, RoutePolicy};
use serde_json::Value;

use crate::decision::{Decision, Refusal};
use crate::engine::Engine;
use crate::exchange::Exchange;
use named::texts;
use owner::Ownership;

/// Compares bound parameters of path, query and headers.
pub(crate) fn admit_head(x: &Exchange<'_>, engine: &Engine) -> Decision {
    if !compares(x.route) {
        return Decision::Pass;
    }
    // Whose objects they are cannot be said of nobody.
    let Some(principal) = &x.principal else {
        return Decision::Refuse(Refusal::new(StatusCode::UNAUTHORIZED, "no-principal", "nobody is asking"));
    };
    // A role is needed of everybody, whoever may see whose objects.
    let claim = &engine.policy.role_claim;
    if !x.route.roles.is_empty() && !x.route.roles.iter().any(|role| principal.has(claim, role)) {
        let evidence = format!(
            "needs one of {}; the caller's {claim} is {}",
            x.route.roles.join(", "),
            claim_text(principal, claim)
        );
        let evidence = crate::events::redact::excerpt(evidence.as_bytes());
        return Decision::Refuse(Refusal::new(StatusCode::FORBIDDEN, "role", evidence));
    }
    if is_exempt(principal, engine) {
        return Decision::Pass;
    }
    let foreign = x.route.bind.iter().filter(|b| !b.input.is_in_body()).find(|binding| {
        !texts(x, &binding.input)
            .is_some_and(|texts| texts.iter().all(|text| principal.has(&binding.claim, text)))
    });
    foreign.map_or(Decision::Pass, |binding| unbound(x, engine, principal, binding))
}

/// Compares bound fields of the body.
pub(crate) fn admit_body(x: &Exchange<'_>, engine: &Engine) -> Decision {
    let Some(principal) = &x.principal else { return Decision::Pass };
    if is_exempt(principal, engine) {
        return Decision::Pass;
    }
    let foreign = x.route.bind.iter().filter(|b| b.input.is_in_body()).find(|binding| {
        !texts(x, &binding.input)
            .is_some_and(|texts| texts.iter().all(|text| principal.has(&binding.claim, text)))
    });
    foreign.map_or(Decision::Pass, |binding| unbound(x, engine, principal, binding))
}

/// What the owner check says of a response.
pub(crate) enum Released {
    /// It leaves as it is.
    Unchanged,
    /// It leaves without so many objects of others.
    Filtered(usize),
    /// It does not leave.
    Refused(Refusal),
}

/// Whether the response of this exchange must be held for the owner check. What answers a write says what was done,
/// and its object was read before.
pub(crate) fn needs_body(x: &Exchange<'_>, engine: &Engine) -> bool {
    let looked = x.route.before_write.is_some() && writes(&x.method);
    x.route.owner.is_some() && !looked && !x.principal.as_deref().is_some_and(|p| is_exempt(p, engine))
}

/// Whether a method may change what it names.
pub(crate) fn writes(method: &Method) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// Whether the response names ids that the caller is given.
pub(crate) fn remembers(x: &Exchange<'_>) -> bool {
    !x.route.remember.is_empty() && x.principal.is_some()
}

/// Whether a held response is the caller's as a whole, by one look over its text.
pub(crate) fn is_all_own(x: &Exchange<'_>, text: &[u8]) -> bool {
    match (&x.route.owner, &x.principal) {
        (Some(owner), Some(principal)) => owner_scan::is_all_own(owner, principal, text),
        _ => false,
    }
}

/// Checks the owner of a held response.
pub(crate) fn release(x: &Exchange<'_>, engine: &Engine, response: Option<&mut Value>) -> Released {
    let (Some(owner), Some(principal)) = (&x.route.owner, &x.principal) else { return Released::Unchanged };
    let Some(response) = response else {
        return Released::Refused(refusal(engine, "owner-unreadable", "a response that is not JSON".into()));
    };
    match owner::check(owner, principal, response) {
        Ownership::Own => Released::Unchanged,
        Ownership::Filtered(count) => Released::Filtered(count),
        Ownership::Foreign => Released::Refused(not_owner(engine, owner, principal, response)),
    }
}

/// The refusal of an object that names another owner, or none.
pub(crate) fn not_owner(engine: &Engine, owner: &Owner, principal: &Principal, object: &Value) -> Refusal {
    let mut named: Vec<String> = Vec::new();
    for pointer in &owner.fields {
        pointer.visit(object, &mut |value| named.push(format!("{pointer} is {value}")));
    }
    let named = if named.is_empty() { "no owner is named".to_owned() } else { named.join(", ") };
    let evidence =
        format!("{named}; the caller's {} is {}", owner.claim, claim_text(principal, &owner.claim));
    refusal(engine, "owner", crate::events::redact::excerpt(evidence.as_bytes()))
}

/// The refusal of a response that cannot be held, so that nobody can say whose it is.
pub(crate) fn unreadable(engine: &Engine, why: &str) -> Refusal {
    refusal(engine, "owner-unreadable", why.into())
}

/// A refusal in the form that the policy gives to what is somebody else's.
pub(crate) fn refusal(engine: &Engine, rule: &'static str, evidence: String) -> Refusal {
    let status = match engine.policy.foreign {
        ForeignStatus::NotFound => StatusCode::NOT_FOUND,
        ForeignStatus::Forbidden => StatusCode::FORBIDDEN,
    };
    Refusal::new(status, rule, evidence)
}

/// Whether this route compares anything with whoever asks.
pub(crate) fn compares(route: &RoutePolicy) -> bool {
    !route.bind.is_empty()
        || route.owner.is_some()
        || route.before_write.is_some()
        || !route.objects.is_empty()
        || !route.roles.is_empty()
}

pub(crate) fn is_exempt(principal: &Principal, engine: &Engine) -> bool {
    engine.policy.exempt.iter().any(|exempt| principal.has(&exempt.claim, &exempt.value))
}

fn unbound(x: &Exchange<'_>, engine: &Engine, principal: &Principal, binding: &Binding) -> Decision {
    let Binding { input, claim } = binding;
    let found = texts(x, input).map_or("unreadable".into(), |texts| texts.join(", "));
    let evidence = format!("{input} is {found}; the caller's {claim} is {}", claim_text(principal, claim));
    Decision::Refuse(refusal(engine, "bind", crate::events::redact::excerpt(evidence.as_bytes())))
}

fn claim_text(principal: &Principal, claim: &str) -> String {
    principal.claim(claim).map_or("not there".into(), ToString::to_string)
}
