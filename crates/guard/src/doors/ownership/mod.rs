//! Ownership: "if I change the id in the URL, do I see somebody else's object?" ([guide §2])
//!
//! On the way in, bound inputs must equal a claim. Objects that the request names must be known to be the caller's:
//! from the ledger of ids that they were given, or by reading them (`read_first`) through the owner check. On the
//! way out, the owner that the response names must be the caller, before a byte of it leaves; objects of others are
//! filtered out of lists.
//!
//! [guide §2]: https://github.com/doorward/doorward/blob/main/docs/guide.md#2-broken-object-level-authorization

pub(crate) mod answers;
pub(crate) mod bindings;
pub(crate) mod cedar;
mod conditions;
pub(crate) mod enumeration;
pub(crate) mod issued;
pub(crate) mod named;
mod owner;
mod owner_scan;
pub(crate) mod read_first;

use http::{Method, StatusCode};
use identity::Principal;
use policy::{ForbiddenStatus, Owner, RoutePolicy};
use serde_json::Value;

use crate::decision::Refusal;
use crate::engine::Engine;
use crate::events::evidence::{Evidence, Side};

/// What a check says of an answer.
pub(crate) enum Released {
    /// It leaves as it is.
    Unchanged,
    /// It leaves without so many objects of others.
    Filtered(usize),
    /// It does not leave.
    Refused(Refusal),
}

/// Whether a method may change what it names.
pub(crate) fn writes(method: &Method) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// Owners of one object that an event shows.
const MOST_OWNERS: usize = 10;

/// The refusal of an object that names another owner, or none.
pub(crate) fn not_owner(engine: &Engine, owner: &Owner, principal: &Principal, object: &Value) -> Refusal {
    let mut evidence = Evidence::default();
    for pointer in &owner.fields {
        pointer.visit(object, &mut |value| {
            if evidence.compared.len() < MOST_OWNERS {
                let named = std::mem::take(&mut evidence);
                evidence = named.compared(Side::Object, pointer, Some(&value.to_string()));
            }
        });
    }
    if evidence.compared.is_empty() {
        evidence = "no owner is named".into();
    }
    let claim = claim_text(principal, &owner.claim);
    refusal(engine, "owner", evidence.compared(Side::Caller, &owner.claim, claim.as_deref()))
}

/// What is said of an object that is not there. It is said at the length of what [`not_owner`] says, so that the time that
/// this takes does not tell the two apart.
pub(crate) fn absent(owner: &Owner, principal: &Principal, why: String) -> Evidence {
    let evidence = match owner.fields.first() {
        Some(field) => Evidence::from(why).compared(Side::Object, field, None),
        None => Evidence::from(why),
    };
    evidence.compared(Side::Caller, &owner.claim, claim_text(principal, &owner.claim).as_deref())
}

/// The refusal of a response that cannot be held, so that its owner cannot be checked.
pub(crate) fn unreadable(engine: &Engine, why: &str) -> Refusal {
    refusal(engine, "owner-unreadable", why.to_owned())
}

/// A refusal in the form that the policy gives to what is somebody else's.
pub(crate) fn refusal(engine: &Engine, rule: &'static str, evidence: impl Into<Evidence>) -> Refusal {
    let status = match engine.policy.ownership.forbidden_status {
        ForbiddenStatus::NotFound => StatusCode::NOT_FOUND,
        ForbiddenStatus::Forbidden => StatusCode::FORBIDDEN,
    };
    Refusal::new(status, rule, evidence)
}

/// Whether this route compares anything with the principal.
pub(crate) fn compares(route: &RoutePolicy) -> bool {
    !route.ownership.bind.is_empty()
        || route.ownership.owner.is_some()
        || route.ownership.check_owner_before_write.is_some()
        || !route.ownership.objects.is_empty()
        || !route.auth.roles.is_empty()
        || !route.auth.permissions.is_empty()
}

pub(crate) fn is_exempt(principal: &Principal, engine: &Engine) -> bool {
    engine.policy.ownership.exempt.iter().any(|exempt| principal.has(&exempt.claim, &exempt.value))
}

fn claim_text(principal: &Principal, claim: &str) -> Option<String> {
    principal.claim(claim).map(ToString::to_string)
}
