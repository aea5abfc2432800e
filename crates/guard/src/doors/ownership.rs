//! Ownership: "if I change the id in the URL, do I see somebody else's object?" (guide §2)
//!
//! On the way in, bound inputs must equal a claim. On the way out, the owner that the response names must be the
//! caller, before a byte of it leaves; objects of others are filtered out of lists.

use http::StatusCode;
use identity::Principal;
use policy::config::ForeignStatus;
use policy::{Binding, BoundInput};
use serde_json::Value;

use crate::exchange::Exchange;
use crate::guard::Engine;
use crate::inputs::{ParsedBody, pairs};
use crate::owner::{self, Ownership};
use crate::refusal::{Decision, Refusal};

/// Compares bound parameters of path, query and headers.
pub(crate) fn admit_head(x: &Exchange<'_>, engine: &Engine) -> Decision {
    if x.route.bind.is_empty() && x.route.owner.is_none() {
        return Decision::Pass;
    }
    // Whose objects they are cannot be said of nobody.
    let Some(principal) = &x.principal else {
        return Decision::Refuse(Refusal::new(StatusCode::UNAUTHORIZED, "no-principal", "nobody is asking"));
    };
    if is_exempt(principal, engine) {
        return Decision::Pass;
    }
    for binding in &x.route.bind {
        let equal = match &binding.input {
            BoundInput::Path(name) => x.parameter(name).is_some_and(|v| principal.has(&binding.claim, v)),
            BoundInput::Query(name) => pairs(x.target.query().unwrap_or("").as_bytes())
                .filter(|(key, _)| key == name)
                .all(|(_, v)| principal.has(&binding.claim, &v)),
            BoundInput::Header(name) => x
                .headers
                .get_all(name)
                .iter()
                .all(|v| v.to_str().is_ok_and(|v| principal.has(&binding.claim, v))),
            BoundInput::Body(_) => true,
        };
        if !equal {
            return foreign(engine, "bind", describe(binding));
        }
    }
    Decision::Pass
}

/// Compares bound fields of the body.
pub(crate) fn admit_body(x: &Exchange<'_>, engine: &Engine) -> Decision {
    let (Some(principal), Some(body)) = (&x.principal, &x.body) else { return Decision::Pass };
    if is_exempt(principal, engine) {
        return Decision::Pass;
    }
    for binding in &x.route.bind {
        let BoundInput::Body(pointer) = &binding.input else { continue };
        let equal = match &body.parsed {
            ParsedBody::Json(value) => match value.pointer(pointer) {
                None | Some(Value::Null) => true,
                Some(Value::String(text)) => principal.has(&binding.claim, text),
                Some(Value::Number(number)) => principal.has(&binding.claim, &number.to_string()),
                Some(_) => false,
            },
            ParsedBody::Form(fields) => fields
                .iter()
                .filter(|(name, _)| Some(name.as_str()) == pointer.strip_prefix('/'))
                .all(|(_, value)| principal.has(&binding.claim, value)),
            ParsedBody::Empty => true,
            // A body whose fields cannot be seen cannot be compared.
            _ => false,
        };
        if !equal {
            return foreign(engine, "bind", describe(binding));
        }
    }
    Decision::Pass
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

/// Whether the response of this exchange must be held for the owner check.
pub(crate) fn needs_body(x: &Exchange<'_>, engine: &Engine) -> bool {
    x.route.owner.is_some() && !x.principal.as_deref().is_some_and(|p| is_exempt(p, engine))
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
        Ownership::Foreign => {
            let evidence = format!("{} is not the claim {}", owner.field, owner.claim);
            Released::Refused(refusal(engine, "owner", evidence))
        }
    }
}

/// The refusal of a response that cannot be held, so that nobody can say whose it is.
pub(crate) fn unreadable(engine: &Engine, why: &str) -> Refusal {
    refusal(engine, "owner-unreadable", why.into())
}

fn is_exempt(principal: &Principal, engine: &Engine) -> bool {
    engine.policy.exempt.iter().any(|exempt| principal.has(&exempt.claim, &exempt.value))
}

fn describe(binding: &Binding) -> String {
    let input = match &binding.input {
        BoundInput::Path(name) => format!("path.{name}"),
        BoundInput::Query(name) => format!("query.{name}"),
        BoundInput::Header(name) => format!("header.{name}"),
        BoundInput::Body(pointer) => format!("body.{pointer}"),
    };
    format!("{input} is not the claim {}", binding.claim)
}

fn foreign(engine: &Engine, rule: &'static str, evidence: String) -> Decision {
    Decision::Refuse(refusal(engine, rule, evidence))
}

fn refusal(engine: &Engine, rule: &'static str, evidence: String) -> Refusal {
    let status = match engine.policy.foreign {
        ForeignStatus::NotFound => StatusCode::NOT_FOUND,
        ForeignStatus::Forbidden => StatusCode::FORBIDDEN,
    };
    Refusal::new(status, rule, evidence)
}
