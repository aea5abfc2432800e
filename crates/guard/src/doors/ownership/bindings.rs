//! Inputs that must equal a claim of the caller, and roles that a route asks for.

use http::StatusCode;
use http::response::Parts;
use identity::Principal;
use policy::{Binding, BuiltInDoor, PERMISSIONS_CLAIM, permits};
use serde_json::Value;

use super::answers;
use super::named::{texts, texts_elsewhere};
use super::{claim_text, compares, is_exempt, refusal};
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::decision::{Decision, Refusal};
use crate::doors::Step;
use crate::engine::Engine;
use crate::events::evidence::{Evidence, Side};
use crate::exchange::Exchange;
use crate::forward::Reader;

/// The part of the ownership door that compares inputs with claims.
pub(crate) struct Bindings;

impl crate::doors::Door for Bindings {
    fn id(&self) -> DoorId {
        BuiltInDoor::Ownership.into()
    }

    fn judges_by_route(&self) -> bool {
        true
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        admit_head(x, ruling.engine).into()
    }

    fn admit_body<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>, _: &'a Reader) -> Step<'a> {
        admit_body(x, ruling.engine).into()
    }

    fn release_head<'e>(&self, ruling: Ruling<'e>, x: &mut Exchange<'e>, parts: &Parts) -> Decision {
        answers::release_head(x, ruling.engine, parts)
    }
}

/// Compares bound parameters of path, query and headers, and looks whether what follows can be compared at all.
fn admit_head(x: &Exchange<'_>, engine: &Engine) -> Decision {
    if !compares(x.route) {
        return Decision::Pass;
    }
    // Without a principal there is no owner to compare with.
    let Some(principal) = &x.principal else {
        return Decision::Refuse(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "no-principal",
            "no authenticated principal",
        ));
    };
    // The role is required of callers who are exempt from ownership, too.
    let claim = &engine.policy.ownership.role_claim;
    if !x.route.auth.roles.is_empty() && !x.route.auth.roles.iter().any(|role| principal.has(claim, role)) {
        let evidence = Evidence::from(format!("needs one of {}", x.route.auth.roles.join(", ")));
        let evidence = evidence.compared(Side::Caller, claim, claim_text(principal, claim).as_deref());
        return Decision::Refuse(Refusal::new(StatusCode::FORBIDDEN, "role", evidence));
    }
    if let Some(wanted) = not_permitted(x, principal) {
        let evidence = Evidence::from(format!("needs the permission {wanted}"));
        let held = claim_text(principal, PERMISSIONS_CLAIM);
        let evidence = evidence.compared(Side::Caller, PERMISSIONS_CLAIM, held.as_deref());
        return Decision::Refuse(Refusal::new(StatusCode::FORBIDDEN, "permission", evidence));
    }
    if is_exempt(principal, engine) {
        return Decision::Pass;
    }
    let foreign = x.route.ownership.bind.iter().filter(|b| !b.input.is_in_body()).find(|binding| {
        !texts(x, &binding.input)
            .is_some_and(|texts| texts.iter().all(|text| principal.has(&binding.claim, text)))
    });
    foreign
        .map_or_else(|| answers::admit_upgrade(x, engine), |binding| unbound(x, engine, principal, binding))
}

/// What the route asks for and no role of the principal gives.
fn not_permitted<'r>(x: &Exchange<'r>, principal: &Principal) -> Option<&'r str> {
    let held = match principal.claim(PERMISSIONS_CLAIM) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one.as_str()],
        _ => Vec::new(),
    };
    let is_missing = |wanted: &&String| !permits(held.iter().copied(), wanted);
    x.route.auth.permissions.iter().find(is_missing).map(String::as_str)
}

/// Compares bound fields of the body.
fn admit_body(x: &Exchange<'_>, engine: &Engine) -> Decision {
    let Some(principal) = &x.principal else { return Decision::Pass };
    if is_exempt(principal, engine) {
        return Decision::Pass;
    }
    let is_own = |binding: &Binding, texts: Option<Vec<String>>| {
        texts.is_some_and(|texts| texts.iter().all(|text| principal.has(&binding.claim, text)))
    };
    let foreign = x.route.ownership.bind.iter().find(|binding| {
        let input = &binding.input;
        let is_own_here = !input.is_in_body() || is_own(binding, texts(x, input));
        !(is_own_here && is_own(binding, Some(texts_elsewhere(x, input))))
    });
    foreign.map_or(Decision::Pass, |binding| unbound(x, engine, principal, binding))
}

fn unbound(x: &Exchange<'_>, engine: &Engine, principal: &Principal, binding: &Binding) -> Decision {
    let Binding { input, claim } = binding;
    let found = texts(x, input).unwrap_or_else(|| vec!["unreadable".into()]);
    let found = [found, texts_elsewhere(x, input)].concat().join(", ");
    let evidence = Evidence::default().compared(Side::Request, input, Some(&found));
    let evidence = evidence.compared(Side::Caller, claim, claim_text(principal, claim).as_deref());
    Decision::Refuse(refusal(engine, "bind", evidence))
}
