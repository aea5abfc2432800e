//! Other methods that get around a refusal, or that should not be there.

use http::Method;
use report::Level;

use crate::answer::{Likeness, Reply};
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::probe::{Probe, Root};
use crate::prober::{Prober, Stop, token};
use crate::who::Who;

pub(super) const TAMPER: Attack = Attack {
    name: "method-tamper",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "Is what a GET refuses me served to another method?",
    level: Level::High,
    references: &["CWE-650", "API5:2023"],
    mend_in_code: "Ask for the credential before the method is looked at, and do not take the method from a header.",
    mend_at_gate: "With a document, [schema] undeclared refuses other methods; auth = \"required\" of a [[route]] holds for every method.",
    run: |p, tried| Box::pin(tamper(p, tried)),
};

pub(super) const TRACE: Attack = Attack {
    name: "trace-method",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "Does TRACE send my headers back, those that a proxy adds too?",
    level: Level::Low,
    references: &["CWE-489", "API8:2023"],
    mend_in_code: "Switch TRACE off in the server.",
    mend_at_gate: "[schema] undeclared refuses methods that the document does not have.",
    run: |p, tried| Box::pin(trace(p, tried)),
};

/// The most operations that are tried.
const MAX_OPERATIONS: usize = 12;
/// How much of the answer to an account has to come back.
const ALIKE: f64 = 0.8;

async fn tamper(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let mut count = 0;
    for control in p.controls() {
        let at = control.endpoint;
        let endpoint = p.surface.endpoint(at);
        let is_read = endpoint.is_read() && endpoint.graphql.is_none() && control.reply.value.is_some();
        let is_refused =
            p.refused(at, Who::Nobody).is_some_and(|refused| matches!(refused.reply.status(), 401 | 403));
        if !is_read || !is_refused || count == MAX_OPERATIONS {
            continue;
        }
        count += 1;
        for way in ways(&control.reply.probe, p) {
            let sent = p.ask_as(control.draft.clone(), way.clone(), Who::Nobody).await;
            let Some(reply) = tried.take(sent)? else { continue };
            if !is_same(&reply, &control.reply, &control.mask) {
                tried.shut(&reply.seen);
                continue;
            }
            // Twice, and still refused as it is.
            let again = p.ask_as(control.draft.clone(), way, Who::Nobody).await?;
            let plain = p.ask(&control.draft, Who::Nobody).await?;
            if is_same(&again, &control.reply, &control.mask) && !plain.is_served {
                let message = format!("nobody is refused, and served with {}", again.probe.method);
                tried.open(Hole::shown(endpoint.name(), "", message, &plain, &again));
            }
        }
    }
    if count == 0 {
        tried.not_tried("no read is refused to those without an account");
    }
    Ok(())
}

/// The same request with another method, without the credential.
fn ways(ordinary: &Probe, p: &Prober<'_>) -> Vec<Probe> {
    let credentials: Vec<String> = p
        .people()
        .iter()
        .filter_map(|who| p.identity(*who))
        .flat_map(|identity| identity.headers.into_iter().map(|(name, _)| name))
        .collect();
    let mut plain = ordinary.clone();
    plain.headers.retain(|(name, _)| !credentials.contains(name));
    let with = |method: Method| Probe { method, ..plain.clone() };
    let mut ways = vec![
        with(Method::POST).header("x-http-method-override", "GET"),
        plain.clone().header("x-original-method", "OPTIONS"),
    ];
    // A method that nobody knows: some rules name those that they are for, and let others through.
    ways.extend(Method::from_bytes(b"DOORWARD").ok().map(with));
    ways
}

fn is_same(reply: &Reply, ordinary: &Reply, mask: &crate::answer::Mask) -> bool {
    let alike = || Likeness::of(reply, mask, &[]).ratio(&Likeness::of(ordinary, mask, &[]));
    reply.is_served && reply.value.is_some() && alike() >= ALIKE
}

async fn trace(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let mark = token();
    let probe =
        Probe { method: Method::TRACE, root: Root::Server, ..Probe::get("/") }.header("x-doorward", &mark);
    let sent = p.send_as(probe.clone(), Who::Nobody).await?;
    if !sent.answer.is_success() || !sent.answer.text().contains(&mark) {
        tried.shut(&sent.seen);
        return Ok(());
    }
    let again = p.send_as(probe, Who::Nobody).await?;
    if again.answer.text().contains(&mark) {
        tried.open(again.hole("", "TRACE sends the headers of the request back", &sent));
    }
    Ok(())
}
