//! Whose object an answer shows: by its owner field, and by Cedar policies.

use http::header::{HOST, LOCATION};
use http::response::Parts;
use http::{Method, StatusCode, Uri};
use policy::{BuiltInDoor, Carries, ForbiddenStatus};
use serde_json::Value;

use super::owner::{self, Ownership};
use super::{
    Released, absent, cedar, compares, is_exempt, not_owner, owner_scan, refusal, unreadable, writes,
};
use crate::decision::door_id::DoorId;
use crate::decision::ruling::{Ruling, enforced};
use crate::decision::{Decision, Refusal, problem};
use crate::doors::Step;
use crate::doors::inspector::{Extent, Head, Held, Inspector};
use crate::engine::Engine;
use crate::events::Verdict;
use crate::events::evidence::Evidence;
use crate::events::redact::excerpt;
use crate::exchange::Exchange;
use crate::exchange::target::Target;
use crate::wire::headers;

/// Refuses an object of somebody else, and filters those out of lists.
pub(crate) struct Answers;

impl Inspector for Answers {
    fn door(&self) -> Option<DoorId> {
        Some(BuiltInDoor::Ownership.into())
    }

    fn judges_by_route(&self) -> bool {
        true
    }

    fn expects(&self, engine: &Engine, x: &Exchange<'_>) -> Option<Extent> {
        is_checked(x, engine).then_some(Extent::Always)
    }

    /// An error or a redirect may hold an object as well, under any media type. A door that observes does not make a
    /// client wait for the end of a stream of events.
    fn wants(&self, engine: &Engine, x: &Exchange<'_>, head: &Head) -> bool {
        let is_endless = head.essence == "text/event-stream" && !enforced(x, BuiltInDoor::Ownership);
        is_checked(x, engine) && !is_endless
    }

    fn inspect<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        held: &'a mut Held,
    ) -> Step<'a> {
        inspect(ruling, x, held).into()
    }

    fn is_clean(&self, engine: &Engine, x: &Exchange<'_>, held: &Held) -> bool {
        if cedar::needs_response(x, engine) || !held.head.is_json || held.is_partial() {
            return false;
        }
        // An error is scanned like an object: the time tells nobody which of the two there is.
        let is_own = match (&x.route.ownership.owner, &x.principal) {
            (Some(owner), Some(principal)) => owner_scan::is_all_own(owner, principal, &held.text),
            _ => false,
        };
        is_own && held.head.status.is_success()
    }

    fn unseen<'e>(&self, ruling: Ruling<'e>, x: &mut Exchange<'e>, head: &Head) -> Decision {
        if is_checked(x, ruling.engine) { not_found(ruling, x, head) } else { Decision::Pass }
    }

    fn too_large<'e>(&self, ruling: Ruling<'e>, _: &mut Exchange<'e>, _: &Head, _: &[u8]) -> Decision {
        let limit = ruling.engine.policy.protocol.max_decoded_body;
        let evidence = format!("a response over {limit} (`max_decoded_body`) cannot be checked");
        Decision::Refuse(unreadable(ruling.engine, &evidence))
    }
}

/// Whether the answer to this request has to be checked.
fn is_checked(x: &Exchange<'_>, engine: &Engine) -> bool {
    has_owner(x, engine) || cedar::needs_response(x, engine)
}

fn inspect(ruling: Ruling<'_>, x: &Exchange<'_>, held: &mut Held) -> Decision {
    type Check = fn(&Exchange<'_>, &Engine, Option<&mut Value>) -> Released;
    let engine = ruling.engine;
    let enforce = enforced(x, BuiltInDoor::Ownership);
    let is_partial = held.is_partial();
    if !held.head.status.is_success() {
        let decision = inspect_error(x, engine, held);
        return if matches!(decision, Decision::Pass) { not_found(ruling, x, &held.head) } else { decision };
    }
    // A door that observes filters a copy.
    let mut copy = if enforce { None } else { held.value().cloned() };
    let checks: [(bool, Check, &str, &str); 2] = [
        (has_owner(x, engine), check_owner, "owner-filter", "objects of others"),
        (cedar::needs_response(x, engine), cedar::release, "cedar-filter", "objects that no policy permits"),
    ];
    let mut filtered = false;
    for (_, check, rule, what) in checks.into_iter().filter(|(is_needed, ..)| *is_needed) {
        let value = if enforce { held.value() } else { copy.as_mut() };
        match check(x, engine, value.filter(|_| !is_partial)) {
            Released::Unchanged => {}
            Released::Filtered(count) => {
                let verdict = if enforce { Verdict::Rewritten } else { Verdict::WouldRewrite };
                ruling.note(
                    x,
                    BuiltInDoor::Ownership.name(),
                    rule,
                    verdict,
                    None,
                    &format!("{count} {what}").into(),
                );
                filtered = true;
            }
            Released::Refused(refusal) => return Decision::Refuse(refusal),
        }
    }
    if filtered && enforce {
        held.change();
    }
    Decision::Pass
}

/// Refuses an error that shows an object of somebody else. An error need not say whose it is.
fn inspect_error(x: &Exchange<'_>, engine: &Engine, held: &mut Held) -> Decision {
    let (Some(owner), Some(principal), true) = (&x.route.ownership.owner, &x.principal, has_owner(x, engine))
    else {
        return Decision::Pass;
    };
    if let Some(why) = held.fault() {
        return Decision::Refuse(unreadable(engine, &format!("an error that cannot be read: {why}")));
    }
    match held.value() {
        Some(value) if owner::shows_foreign(owner, principal, value) => {
            Decision::Refuse(not_owner(engine, owner, principal, value))
        }
        // A page, or an error that shows nobody's object.
        _ => Decision::Pass,
    }
}

/// What an API answers for an object that is not there, or only for one that is: the client gets what it gets for an
/// object of somebody else. Where the policy tells the two apart by their status, the API's answer leaves.
fn not_found(ruling: Ruling<'_>, x: &Exchange<'_>, head: &Head) -> Decision {
    const TELLING: [StatusCode; 5] = [
        StatusCode::NOT_FOUND,
        StatusCode::GONE,
        StatusCode::NOT_ACCEPTABLE,
        StatusCode::PRECONDITION_FAILED,
        StatusCode::RANGE_NOT_SATISFIABLE,
    ];
    let is_told = ruling.engine.policy.ownership.forbidden_status == ForbiddenStatus::NotFound
        && TELLING.contains(&head.status)
        && (head.status == StatusCode::NOT_FOUND || !writes(&x.method));
    if !is_told {
        return Decision::Pass;
    }
    let enforce = enforced(x, BuiltInDoor::Ownership);
    let verdict = if enforce { Verdict::Rewritten } else { Verdict::WouldRewrite };
    let (door, status) = (BuiltInDoor::Ownership.name(), StatusCode::NOT_FOUND);
    let answered = format!("the API answered {}", head.status.as_u16());
    let evidence = match (&x.route.ownership.owner, &x.principal) {
        (Some(owner), Some(principal)) => absent(owner, principal, answered),
        _ => answered.into(),
    };
    ruling.note(x, door, "not-found", verdict, Some(status.as_u16()), &evidence);
    // It counts only where the door enforces.
    Decision::Answer(problem(status, x.id, &[]))
}

/// Whether a request may not ask for an upgrade: what is said behind it, no door could look into.
pub(super) fn admit_upgrade(x: &Exchange<'_>, engine: &Engine) -> Decision {
    let Some(protocol) = headers::upgrade(&x.headers, &engine.policy.gateway.upgrades) else {
        return Decision::Pass;
    };
    let setting = match () {
        () if is_checked(x, engine) => "`owner`, or Cedar policies",
        () if x.route.ownership.reads_body() => "`bind` or `objects` in a body or in GraphQL",
        () => return Decision::Pass,
    };
    let evidence = format!(
        "an upgrade to {protocol} on a route with {setting}: nobody could compare what is said behind it; a path of its \
         own without that setting may upgrade"
    );
    Decision::Refuse(Refusal::new(StatusCode::FORBIDDEN, "upgrade", evidence))
}

/// Whether an answer may not leave by its head: an upgrade, also to what was not asked for, and a redirect of a read to
/// where nobody checks the object.
pub(super) fn release_head(x: &Exchange<'_>, engine: &Engine, parts: &Parts) -> Decision {
    if !is_checked(x, engine) {
        return Decision::Pass;
    }
    if parts.status == StatusCode::SWITCHING_PROTOCOLS {
        return Decision::Refuse(unreadable(engine, "an upgrade on a route whose answers are checked"));
    }
    let location =
        parts.headers.get(LOCATION).filter(|_| parts.status.is_redirection() && !writes(&x.method));
    match location {
        Some(location) if !leads_to_checked(x, location.as_bytes()) => {
            let evidence = Evidence::from(format!("a redirect to {}", excerpt(location.as_bytes())));
            Decision::Refuse(refusal(engine, "owner-redirect", evidence))
        }
        _ => Decision::Pass,
    }
}

/// Whether a redirect leads to a route of this API that checks its answers, or compares what it is asked for.
fn leads_to_checked(x: &Exchange<'_>, location: &[u8]) -> bool {
    let Some(uri) = std::str::from_utf8(location).ok().and_then(|text| text.parse::<Uri>().ok()) else {
        return false;
    };
    // Browsers take these to another host, and servers out of the path.
    let is_odd = location.starts_with(b"//")
        || location.contains(&b'\\')
        || !Target::parse(uri.path(), None).is_ok_and(|target| target.others().is_empty())
        || uri.path().split('/').any(|segment| matches!(segment, "." | ".."));
    if is_odd {
        return false;
    }
    let is_here = uri.authority().is_none_or(|authority| {
        x.header(HOST).is_some_and(|host| host.eq_ignore_ascii_case(authority.as_str()))
    });
    let found = x.site.table.readings(&Method::GET, uri.path(), Carries::Nothing);
    let compares = || std::iter::once(&found.first).chain(&found.others).all(|found| compares(found.route));
    is_here && uri.path().starts_with('/') && compares()
}

/// Whether the owner field of the answer has to be checked. What answers a write says what was done, and its object was
/// read before.
fn has_owner(x: &Exchange<'_>, engine: &Engine) -> bool {
    let was_read = x.route.ownership.check_owner_before_write.is_some() && writes(&x.method);
    x.route.ownership.owner.is_some()
        && !was_read
        && !x.principal.as_deref().is_some_and(|p| is_exempt(p, engine))
}

fn check_owner(x: &Exchange<'_>, engine: &Engine, response: Option<&mut Value>) -> Released {
    let (Some(owner), Some(principal)) = (&x.route.ownership.owner, &x.principal) else {
        return Released::Unchanged;
    };
    let Some(response) = response else {
        return Released::Refused(refusal(engine, "owner-unreadable", "a response that is not JSON"));
    };
    match owner::check(owner, principal, response) {
        Ownership::Own => Released::Unchanged,
        Ownership::Filtered(count) => Released::Filtered(count),
        Ownership::Foreign => Released::Refused(not_owner(engine, owner, principal, response)),
    }
}
