//! A link whose text becomes a script of the page.

use report::Level;

use super::markup::{Runs, contexts, runs};
use super::page::{ACCEPT, is_page, level_in};
use super::payloads::{fitted, marker};
use crate::attack::{Attack, Hole, Tried};
use crate::census::Control;
use crate::door::{GuideDoor, ShutBy};
use crate::probe::Probe;
use crate::prober::{Prober, Sent, Stop, token};
use crate::request::{Draft, Slot};
use crate::surface::{BodyFormat, Endpoint};
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "xss-reflected",
    door: GuideDoor::CrossSiteScripting,
    shut_by: ShutBy::Code,
    thought: "Does the text of my link become a script of the page that it leads to?",
    level: Level::High,
    references: &["CWE-79", "API8:2023"],
    mend_in_code: "Render pages with templates that escape for the place, never by joining texts; answer errors as JSON.",
    mend_at_gate: "The detectors refuse markup in values by default, and pages get [headers] content_security_policy.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// The most payloads that are tried where a marker came back.
const MAX_PAYLOADS: usize = 3;

/// The path that is in no document.
const MISSING: &str = "GET of a path that is not there";

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    for root in p.roots() {
        for place in [Missing::Path, Missing::Query] {
            let request = |text: &str| {
                let text = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
                let target = match place {
                    Missing::Path => format!("/dw-none/{text}"),
                    Missing::Query => format!("/dw-none?q={text}"),
                };
                Probe { root, ..Probe::get(target) }
            };
            let place = Place { operation: MISSING.into(), slot: place.words().into(), who: Who::Nobody };
            if !tried.is_open(MISSING) {
                let result = try_place(p, &place, &request, tried).await;
                tried.take(result)?;
            }
        }
    }
    // A page that says what it has not found repeats it, too.
    for control in p.askable() {
        let endpoint = p.surface.endpoint(control.endpoint);
        for slot in control.slots(endpoint).into_iter().filter(|slot| is_in_a_link(endpoint, slot)) {
            let draft = control.with_slot(endpoint, &slot);
            let request = |text: &str| on(&draft, &slot, text, endpoint);
            let place = Place { operation: endpoint.name(), slot: slot.to_string(), who: control.who };
            let result = try_place(p, &place, &request, tried).await;
            tried.take(result)?;
        }
        let result = revive(p, &control).await;
        tried.take(result)?;
    }
    if tried.shut == 0 && tried.holes.is_empty() {
        tried.not_tried("no answer repeats an input in a page");
    }
    Ok(())
}

/// Nothing of a read changes; what a form has written is written again as it was.
async fn revive(p: &Prober<'_>, control: &Control) -> Result<(), Stop> {
    let endpoint = p.surface.endpoint(control.endpoint);
    if !endpoint.is_read() && !endpoint.is_creation() && has_form(endpoint) {
        p.ask(&control.draft, control.who).await?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Missing {
    Path,
    Query,
}

impl Missing {
    const fn words(self) -> &'static str {
        match self {
            Missing::Path => "path",
            Missing::Query => "query q",
        }
    }
}

/// Where a text is put.
struct Place {
    operation: String,
    slot: String,
    who: Who,
}

/// Whether another site can make a browser send a text in this slot: by a link, or by a form.
fn is_in_a_link(endpoint: &Endpoint, slot: &Slot) -> bool {
    match slot {
        Slot::Path(_) | Slot::Query(_) => endpoint.is_read() && endpoint.graphql.is_none(),
        Slot::Body(_) => has_form(endpoint) && endpoint.is_creation(),
        Slot::Header(_) | Slot::Cookie(_) => false,
    }
}

fn has_form(endpoint: &Endpoint) -> bool {
    let format = endpoint.body.as_ref().map(|body| &body.format);
    matches!(format, Some(BodyFormat::Form | BodyFormat::Multipart(_)))
}

fn on(draft: &Draft, slot: &Slot, text: &str, endpoint: &Endpoint) -> Probe {
    draft.with(slot, text).settled().probe(endpoint)
}

async fn try_place(
    p: &Prober<'_>,
    place: &Place,
    request: &(dyn Fn(&str) -> Probe + Sync),
    tried: &mut Tried,
) -> Result<(), Stop> {
    let mark = token();
    let marked = send(p, place, request(&marker(&mark))).await?;
    let page = marked.answer.text();
    if !is_page(&marked.answer) || !page.contains(&mark) {
        return Ok(());
    }
    for context in contexts(&page, &mark).into_iter().take(MAX_PAYLOADS) {
        // Twice, each time with a token of its own.
        let mut shown: Option<(Sent, Runs)> = None;
        for is_again in [false, true] {
            let token = token();
            let Some(payload) = fitted(&context, &page, &mark, &token) else { break };
            let sent = send(p, place, request(&payload)).await?;
            match runs(&sent.answer.text(), &token).filter(|_| is_page(&sent.answer)) {
                Some(how) if is_again => {
                    let Some((_, first)) = shown.filter(|(_, first)| *first == how) else { break };
                    let (policy, level) = match level_in(&sent.answer) {
                        Some(level) => (", where a Content-Security-Policy still stops it", Some(level)),
                        None => ("", None),
                    };
                    let message =
                        format!("the text becomes a part of the page and runs {}{policy}", first.words());
                    let hole = Hole {
                        slot: place.slot.clone(),
                        level,
                        ..sent.hole(&place.operation, message, &marked)
                    };
                    tried.open(hole);
                    return Ok(());
                }
                Some(how) => shown = Some((sent, how)),
                None => break,
            }
        }
    }
    tried.shut(&marked.seen);
    Ok(())
}

async fn send(p: &Prober<'_>, place: &Place, probe: Probe) -> Result<Sent, Stop> {
    p.send_as(probe.header("accept", ACCEPT), place.who).await
}
