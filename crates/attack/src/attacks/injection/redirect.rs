//! A link of the site that leads to any other.

use report::Level;

use super::location::{host_of, is_target_name};
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop, token};
use crate::request::{Draft, Slot};
use crate::surface::{Endpoint, Place};
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "open-redirect",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "Does a link of this site lead to mine?",
    level: Level::Medium,
    references: &["CWE-601", "API8:2023"],
    mend_in_code: "Redirect to paths of the site only: one slash, then neither a slash nor a backslash; or to a list.",
    mend_at_gate: "A pattern or an enum in the document makes [schema] refuse other values.",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    for (draft, who, slot) in targets(p).await? {
        let result = try_slot(p, &draft, who, &slot, tried).await;
        tried.take(result)?;
    }
    if tried.holes.is_empty() && tried.shut == 0 {
        tried.not_tried("no operation redirects to where a slot says");
    }
    Ok(())
}

/// Requests with a slot that says where to go next. A redirect is no success, so that what only redirects has no control:
/// its draft is that of the request that was not served.
pub(super) async fn targets(p: &Prober<'_>) -> Result<Vec<(Draft, Who, Slot)>, Stop> {
    let mut targets = Vec::new();
    for at in 0..p.surface.endpoints.len() {
        let endpoint = p.surface.endpoint(at);
        if !p.may_ask(at) || endpoint.is_removal() || endpoint.graphql.is_some() {
            continue;
        }
        let names = names(endpoint);
        if names.is_empty() {
            continue;
        }
        let order = [Who::Attacker, Who::Victim, Who::Nobody];
        let control = order
            .iter()
            .find_map(|who| p.control(at, *who))
            .map(|control| (control.draft.clone(), control.who));
        let refused = || {
            order
                .iter()
                .find_map(|who| p.refused(at, *who))
                .map(|refused| (refused.reply.draft.clone(), refused.who))
        };
        let Some((draft, who)) = control.or_else(refused) else { continue };
        targets.extend(names.into_iter().map(|slot| (draft.clone(), who, slot)));
    }
    Ok(targets)
}

fn names(endpoint: &Endpoint) -> Vec<Slot> {
    let parameters =
        endpoint.parameters.iter().filter(|parameter| matches!(parameter.place, Place::Query | Place::Path));
    let mut slots: Vec<Slot> =
        parameters.map(|parameter| Slot::of(parameter.place, &parameter.name)).collect();
    if let Some(body) = &endpoint.body {
        slots.extend(body.shape.leaves().into_iter().map(|(at, _)| Slot::Body(at)));
    }
    slots.retain(|slot| is_target_name(slot.name()));
    slots
}

async fn try_slot(
    p: &Prober<'_>,
    draft: &Draft,
    who: Who,
    slot: &Slot,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let is_tls = p.client.is_tls();
    let operation = p.surface.endpoint(draft.endpoint).name();
    // The control: a path of the site, to which it redirects.
    let local = format!("/{}", token());
    let control = p.ask(&draft.with(slot, local.clone()), who).await?;
    let goes =
        |reply: &Reply, part: &str| reply.answer.header("location").is_some_and(|to| to.contains(part));
    let is_local = control.answer.status.is_redirection() && goes(&control, &local);
    for nth in 0..payloads("", "").len() {
        let mut shown = None;
        for _ in 0..2 {
            let host = format!("{}.example", token());
            let Some(payload) = payloads(&host, p.client.authority()).into_iter().nth(nth) else { break };
            let reply = p.ask(&draft.with(slot, payload), who).await?;
            let leads = host_of(&reply.answer, is_tls)
                .is_some_and(|to| to == host || to.ends_with(&format!(".{host}")));
            match (leads, shown.is_some()) {
                (true, true) => {
                    let location = reply.answer.header("location").unwrap_or("Refresh").to_owned();
                    let message = format!("leads to any other site: `{location}`");
                    tried.open(Hole::shown(operation, slot, message, &control, &reply));
                    return Ok(());
                }
                (true, false) => shown = Some(()),
                (false, _) => {
                    if is_local {
                        tried.shut(&reply.seen);
                    } else if nth == 0 {
                        // It redirects neither to a path of its own nor to another site: it is no redirect.
                        return Ok(());
                    }
                    break;
                }
            }
        }
    }
    Ok(())
}

/// References to a host, from the plain one to what filters forget. `own` is the host of the API.
fn payloads(host: &str, own: &str) -> Vec<String> {
    vec![
        format!("https://{host}/"),
        format!("//{host}/"),
        format!("/\\{host}/"),
        format!("https:{host}/"),
        format!("/\t/{host}/"),
        format!("http://{own}@{host}/"),
        format!("http://{own}.{host}/"),
    ]
}
