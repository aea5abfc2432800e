//! One run: the accounts log in, the census is taken, then every attack; those that exhaust limits come last.

use report::{Check, Finding, Level, Report, Severity, Transcript, Verdict};

use crate::attack::{Attack, Hole, Tried};
use crate::attacks;
use crate::client::HttpClient;
use crate::door::GuideDoor;
use crate::options::Options;
use crate::ordinary;
use crate::prober::{Prober, Stop};
use crate::surface::Surface;
use crate::survey;
use crate::who::Who;

/// What a run has seen, besides its report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many requests were sent.
    pub requests: u64,
    /// How many operations there are, and how many of them served an ordinary request.
    pub operations: (usize, usize),
    /// Operations that serve nobody an ordinary request, with the reason.
    pub unserved: Vec<String>,
    /// How many ordinary texts were sent where an ordinary request is served.
    pub ordinary: usize,
    /// Those of them that were refused: no gate may refuse what people write every day.
    pub refused: Vec<Transcript>,
    /// What is wrong with the accounts.
    pub troubles: Vec<String>,
    /// How many objects that the run made could not be removed.
    pub left: usize,
    /// Why the run ended early.
    pub ended: Option<String>,
}

/// Attacks an API at its root ([`ApiUrl`](crate::ApiUrl)). Calls `progress` with the name of each step before it starts.
pub async fn run(
    client: &HttpClient,
    surface: &Surface,
    options: &Options,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> (Report, Summary) {
    let client = &client.or_at(&surface.base_path);
    let p = Prober::new(client, surface, options);
    let mut summary = Summary::default();
    let mut report = Report { categories: GuideDoor::categories(), ..Report::default() };
    progress("log in");
    let mut ended = p.gather().await.err();
    if ended.is_none() {
        progress("ordinary requests");
        ended = survey::take(&p).await.err().filter(|stop| matches!(stop, Stop::Ended(_)));
    }
    if ended.is_none() {
        progress("ordinary texts");
        match ordinary::send(&p).await {
            Ok(sent) => (summary.ordinary, summary.refused) = (sent.sent, sent.refused),
            Err(stop) => ended = Some(stop).filter(|stop| matches!(stop, Stop::Ended(_))),
        }
    }
    let is_wanted = |door| options.doors.is_empty() || options.doors.contains(&door);
    for attack in attacks::all().filter(|attack| is_wanted(attack.door)) {
        progress(attack.name);
        let mut tried = Tried::default();
        let limited = p.limited();
        match &ended {
            Some(stop) => tried.unknown(stop.to_string()),
            None => {
                if let Err(stop) = (attack.run)(&p, &mut tried).await {
                    match &stop {
                        Stop::NotAllowed(reason) => tried.not_tried(reason.clone()),
                        stop => tried.unknown(stop.to_string()),
                    }
                    ended = Some(stop).filter(|stop| matches!(stop, Stop::Ended(_)));
                }
            }
        }
        // What a limit refused says nothing of the attack, unless that is about limits.
        if p.limited() > limited
            && !matches!(attack.door, GuideDoor::RateLimiting | GuideDoor::Authentication)
        {
            tried.unknown("the API answered some requests that too many came (429): go slower with --pace");
            if ended.is_none() && options.reset.is_none() {
                ended = p.wait_for_limit().await.err().filter(|stop| matches!(stop, Stop::Ended(_)));
            }
        }
        if p.controls().is_empty() && tried.shut > 0 {
            // Whoever is served nothing can say of nothing that it is shut.
            tried.shut = 0;
            tried.not_tried("no operation serves an ordinary request");
        }
        add(attack, tried, &mut report);
        if let Some(reset) = &options.reset {
            reset();
        }
        if ended.is_none() {
            ended = p.revive().await.err().filter(|stop| matches!(stop, Stop::Ended(_)));
        }
    }
    progress("clean up");
    summary.left = p.clean_up().await;
    summary.requests = p.sent();
    let served = |at: &usize| {
        [Who::Attacker, Who::Victim, Who::Administrator, Who::Nobody]
            .iter()
            .any(|who| p.control(*at, *who).is_some())
    };
    let all: Vec<usize> = (0..surface.endpoints.len()).filter(|at| p.may_ask(*at)).collect();
    summary.operations = (all.len(), all.iter().filter(|at| served(at)).count());
    let why_not = |at: &usize| {
        let nothing = || format!("{}: there was nothing to ask it about", surface.endpoint(*at).name());
        p.why_not(*at).unwrap_or_else(nothing)
    };
    summary.unserved = all.iter().filter(|at| !served(at)).map(why_not).collect();
    summary.troubles = p.troubles();
    summary.ended = ended.map(|stop| stop.to_string());
    (report, summary)
}

/// Adds an attack to the report: a check, and a finding for each hole.
fn add(attack: &Attack, tried: Tried, report: &mut Report) {
    let (verdict, reason) = match &tried {
        Tried { holes, .. } if !holes.is_empty() => {
            let operations: Vec<&str> = holes.iter().map(|hole| hole.operation.as_str()).take(3).collect();
            (Verdict::Open, operations.join(", "))
        }
        Tried { unknown, .. } if !unknown.is_empty() => (Verdict::Unknown, unknown.join("; ")),
        Tried { shut: 1.., found, .. } if !found.is_empty() => (Verdict::Shut, found.join("; ")),
        Tried { shut: 1.., .. } => (Verdict::Shut, format!("tried {} times", tried.shut)),
        Tried { not_tried, .. } if !not_tried.is_empty() => (Verdict::NotTried, not_tried.join("; ")),
        _ => (Verdict::NotTried, "nothing to try it on".to_owned()),
    };
    let check = Check::new(attack.name, verdict, reason).category(attack.door.name()).thought(attack.thought);
    report.checks.push(check);
    for hole in tried.holes {
        report.findings.push(finding(attack, hole));
    }
}

fn finding(attack: &Attack, hole: Hole) -> Finding {
    let place = match (hole.operation.is_empty(), hole.slot.is_empty()) {
        (true, _) => String::new(),
        (false, true) => format!("{}: ", hole.operation),
        (false, false) => format!("{}, {}: ", hole.operation, hole.slot),
    };
    let level = hole.level.unwrap_or(attack.level);
    Finding::new(attack.name, severity(level), format!("{place}{}", hole.message))
        .rated(level)
        .category(attack.door.name())
        .about(format!("{} {}", hole.operation, hole.slot).trim().to_owned())
        .references(attack.references.iter().copied())
        .mend_in_code(attack.mend_in_code)
        .mend_at_gate(attack.mend_at_gate)
        .repeat(hole.repeat)
        .evidence(hole.evidence)
}

fn severity(level: Level) -> Severity {
    match level {
        Level::Critical | Level::High => Severity::Error,
        Level::Medium | Level::Low => Severity::Warning,
        Level::Info => Severity::Note,
    }
}
