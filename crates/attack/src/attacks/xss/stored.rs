//! A text that is stored and becomes a script of a page.

use std::collections::HashMap;

use report::Level;

use super::markup::{contexts, runs};
use super::page::{ACCEPT, is_page, level_in};
use super::payloads::{fitted, marker};
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Sent, Stop, Written, token};
use crate::request::{Draft, Slot, scalar_text};
use crate::surface::Role;
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "xss-stored",
    door: GuideDoor::CrossSiteScripting,
    shut_by: ShutBy::Code,
    thought: "Does a text that I store become a script in the page that others open?",
    level: Level::High,
    references: &["CWE-79", "API8:2023"],
    mend_in_code: "Render pages with templates that escape for the place, never by joining texts.",
    mend_at_gate: "The detectors refuse markup in values by default; [injection] sanitize removes it from single fields.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// The most requests of one page, for what was written.
const MAX_DRAFTS: usize = 24;
/// The most texts that are tried in one page.
const MAX_TEXTS: usize = 6;

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let writer = if p.people().contains(&Who::Attacker) { Who::Attacker } else { Who::Victim };
    let pages = pages(p).await?;
    if pages.is_empty() {
        tried.not_tried("no operation answers with a page");
        return Ok(());
    }
    let written = p.write_texts(writer, &marker).await?;
    if written.is_empty() {
        tried.not_tried("no operation that stores a text serves the attacker");
        return Ok(());
    }
    for at in pages {
        let result = try_page(p, at, &written, tried).await;
        tried.take(result)?;
    }
    p.write_back(&written).await
}

/// The operations that answer a browser with a page, or say so.
async fn pages(p: &Prober<'_>) -> Result<Vec<usize>, Stop> {
    let mut pages = Vec::new();
    for at in 0..p.surface.endpoints.len() {
        let endpoint = p.surface.endpoint(at);
        if !endpoint.is_read()
            || endpoint.graphql.is_some()
            || endpoint.role != Role::Ordinary
            || !p.may_ask(at)
        {
            continue;
        }
        if endpoint.is_page {
            pages.push(at);
            continue;
        }
        let control = [Who::Attacker, Who::Victim, Who::Nobody].iter().find_map(|who| p.control(at, *who));
        let Some(control) = control else { continue };
        match p.send_as(control.draft.settled().probe(endpoint).header("accept", ACCEPT), control.who).await {
            Ok(sent) if is_page(&sent.answer) => pages.push(at),
            Ok(_) | Err(Stop::NoAnswer(_) | Stop::NotAllowed(_)) => {}
            Err(ended) => return Err(ended),
        }
    }
    Ok(pages)
}

/// A page that shows a text.
struct Shown {
    draft: Draft,
    who: Who,
    sent: Sent,
}

async fn try_page(p: &Prober<'_>, at: usize, written: &[Written], tried: &mut Tried) -> Result<(), Stop> {
    let mut shown: HashMap<usize, Shown> = HashMap::new();
    let drafts = drafts(p, at, written).await?;
    // Somebody else first: then the script runs in another's browser.
    for who in [Who::Victim, Who::Nobody, Who::Attacker] {
        if who != Who::Nobody && !p.people().contains(&who) {
            continue;
        }
        for draft in &drafts {
            let sent = read(p, draft, who).await?;
            if !is_page(&sent.answer) {
                continue;
            }
            let text = sent.answer.text();
            for (nth, _) in written.iter().enumerate().filter(|(_, one)| text.contains(&one.token)) {
                shown.entry(nth).or_insert_with(|| Shown { draft: draft.clone(), who, sent: sent.clone() });
            }
        }
    }
    let name = p.surface.endpoint(at).name();
    if shown.is_empty() {
        tried.not_tried(format!("{name}: no stored text stands in this page"));
    }
    let mut order: Vec<usize> = shown.keys().copied().collect();
    order.sort_unstable();
    for nth in order.into_iter().take(MAX_TEXTS) {
        if let (Some(one), Some(page)) = (written.get(nth), shown.get(&nth)) {
            // What stands in one place of the page is one cause, whichever operation stored it.
            let is_known =
                |hole: &Hole| hole.operation == name && hole.slot.starts_with(&format!("{} of ", one.slot));
            if !tried.holes.iter().any(is_known) {
                try_text(p, one, page, &name, tried).await?;
            }
        }
    }
    Ok(())
}

async fn try_text(
    p: &Prober<'_>,
    one: &Written,
    page: &Shown,
    name: &str,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let text = page.sent.answer.text();
    let storer = p.surface.endpoint(one.control.endpoint);
    for context in contexts(&text, &one.token) {
        let mut proofs = Vec::new();
        for _ in 0..2 {
            let own = |token: &str| fitted(&context, &text, &one.token, token).unwrap_or_default();
            if own(&token()).is_empty() {
                break;
            }
            let stored = p.write_in(&one.control, std::slice::from_ref(&one.slot), &own).await?;
            let Some(stored) = stored.first() else { break };
            for draft in again(page, stored) {
                let sent = read(p, &draft, page.who).await?;
                if let Some(how) = runs(&sent.answer.text(), &stored.token).filter(|_| is_page(&sent.answer))
                {
                    proofs.push((stored.clone(), sent, how));
                    break;
                }
            }
            if proofs.is_empty() {
                break;
            }
        }
        if let [_, (stored, sent, how)] = &proofs[..] {
            let (reader, own) = match page.who {
                Who::Attacker => ("the page of the account itself", Some(Level::Medium)),
                Who::Victim => ("the page that another account opens", None),
                _ => ("the page that anybody opens", None),
            };
            let (policy, level) = match level_in(&sent.answer) {
                Some(level) => (", where a Content-Security-Policy still stops it", Some(level)),
                None => ("", own),
            };
            let message = format!("a text of {} runs {} in {reader}{policy}", storer.name(), how.words());
            let slot = format!("{} of {}", one.slot, storer.name());
            let evidence = vec![page.sent.seen.clone(), stored.reply.seen.clone(), sent.seen.clone()];
            let repeat = format!("{}; {}", stored.reply.repeat, sent.repeat);
            tried.open(Hole { slot, level, evidence, repeat, ..sent.hole(name, message, &page.sent) });
            return Ok(());
        }
    }
    tried.shut(&page.sent.seen);
    Ok(())
}

async fn read(p: &Prober<'_>, draft: &Draft, who: Who) -> Result<Sent, Stop> {
    let endpoint = p.surface.endpoint(draft.endpoint);
    p.send_as(draft.settled().probe(endpoint).header("accept", ACCEPT), who).await
}

/// The page again: as it was, and for the object that was made now.
fn again(page: &Shown, stored: &Written) -> Vec<Draft> {
    let mut drafts = vec![page.draft.clone()];
    let id = stored.made.as_ref().and_then(|made| scalar_text(&made.id));
    if let (Some(id), Some((last, _))) = (id, page.draft.path.last()) {
        drafts.push(page.draft.with(&Slot::Path(last.clone()), id));
    }
    drafts
}

/// Requests of a page that may show what was written: as it was asked before, under the path in which a text was written,
/// for the object that was made, and for the account that wrote.
async fn drafts(p: &Prober<'_>, at: usize, written: &[Written]) -> Result<Vec<Draft>, Stop> {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut add = |draft: Draft| {
        if drafts.len() < MAX_DRAFTS && !drafts.contains(&draft) {
            drafts.push(draft);
        }
    };
    let known = [Who::Attacker, Who::Victim, Who::Nobody].iter().find_map(|who| p.control(at, *who));
    let base = match known {
        Some(control) => Some(control.draft.clone()),
        None => p.drafts(at, Who::Attacker).await?.into_iter().next(),
    };
    let Some(base) = base else { return Ok(Vec::new()) };
    add(base.clone());
    let Some((last, _)) = base.path.last().cloned() else { return Ok(drafts) };
    for one in written {
        let mut draft = base.clone();
        for (name, value) in &one.reply.draft.path {
            if draft.path.iter().any(|(known, _)| known == name) {
                draft = draft.with(&Slot::Path(name.clone()), value.clone());
            }
        }
        add(draft.clone());
        if let Some(id) = one.made.as_ref().and_then(|made| scalar_text(&made.id)) {
            add(draft.with(&Slot::Path(last.clone()), id));
        }
    }
    let writer = written.first().map_or(Who::Attacker, |one| one.control.who);
    for name in p.selves(writer) {
        add(base.with(&Slot::Path(last.clone()), name));
    }
    Ok(drafts)
}
