//! Headers that protect people's browsers, and cost nothing.

use report::Level;

use super::grade::{Grade, Kind, Transport};
use crate::attack::{Attack, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::probe::Probe;
use crate::prober::{Prober, Sent, Stop, token};
use crate::surface::Endpoint;
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "security-headers",
    door: GuideDoor::SecurityHeaders,
    shut_by: ShutBy::Code,
    thought: "May I frame its answers, have them taken for pages, and load scripts into them?",
    level: Level::Medium,
    references: &["CWE-693", "CWE-1021", "API8:2023"],
    mend_in_code: "Send X-Content-Type-Options, Content-Security-Policy with frame-ancestors and Referrer-Policy with every answer.",
    mend_at_gate: "[headers] adds all of them to every answer by default.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// The most answers that are looked at.
const MAX_ANSWERS: usize = 5;

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let transport = if p.client.is_tls() { Transport::Tls } else { Transport::Plain };
    let mut worst: Option<(Sent, Grade)> = None;
    for sent in ordinary(p).await? {
        let grade = Grade::of(&sent.answer, kind_of(&sent), transport);
        if worst.as_ref().is_none_or(|(_, known)| grade.points < known.points) {
            worst = Some((sent, grade));
        }
    }
    let Some((sent, grade)) = worst else {
        tried.not_tried("no operation serves an ordinary request");
        return Ok(());
    };
    let letter = grade.letter();
    let level = match (letter, kind_of(&sent)) {
        ('A' | 'B', _) => None,
        // Data that browsers neither guess at nor frame is well enough off.
        ('C', Kind::Data) => Some(Level::Info),
        ('C', Kind::Page) => Some(Level::Low),
        _ => Some(Level::Medium),
    };
    if level.is_some() {
        let message = format!("grade {letter}: {} missing", grade.missing.join(", "));
        let mut hole = sent.hole("", message, &sent);
        hole.evidence.truncate(1);
        hole.level = level;
        tried.open(hole);
        return Ok(());
    }
    tried.shut(&sent.seen);
    on_errors(p, &sent, transport, tried).await
}

/// An error that lacks what ordinary answers have: bad where it is a page.
async fn on_errors(
    p: &Prober<'_>,
    ordinary: &Sent,
    transport: Transport,
    tried: &mut Tried,
) -> Result<(), Stop> {
    for probe in [Probe::get_of_server(format!("/{}", token())), Probe::get(format!("/{}%00", token()))] {
        let sent = p.send_as(probe.header("accept", "text/html"), Who::Nobody).await?;
        let grade = Grade::of(&sent.answer, kind_of(&sent), transport);
        if matches!(grade.letter(), 'A' | 'B') {
            continue;
        }
        let level = if kind_of(&sent) == Kind::Page { Level::Low } else { Level::Info };
        let message =
            format!("errors have not what other answers have: {} missing", grade.missing.join(", "));
        let mut hole = sent.hole("", message, ordinary);
        hole.slot = "errors".into();
        hole.level = Some(level);
        tried.open(hole);
        return Ok(());
    }
    Ok(())
}

/// Ordinary answers: pages first, then reads that need an account, then others.
async fn ordinary(p: &Prober<'_>) -> Result<Vec<Sent>, Stop> {
    let mut controls = p.controls();
    controls.sort_by_key(|control| {
        let endpoint: &Endpoint = p.surface.endpoint(control.endpoint);
        (!endpoint.is_read(), !control.reply.is_page(), control.who == Who::Nobody)
    });
    let mut sent = Vec::new();
    for control in controls.into_iter().take(MAX_ANSWERS) {
        let reply = &control.reply;
        sent.push(Sent {
            answer: reply.answer.clone(),
            seen: reply.seen.clone(),
            repeat: reply.repeat.clone(),
        });
    }
    Ok(sent)
}

fn kind_of(sent: &Sent) -> Kind {
    let is_page =
        sent.answer.header("content-type").is_some_and(|value| value.to_ascii_lowercase().contains("html"));
    if is_page { Kind::Page } else { Kind::Data }
}
