//! Passwords that can be tried without end.

use report::Level;

use super::guess::{Guesses, Limit, tries};
use crate::answer::{Reply, without_what_varies};
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::probe::Probe;
use crate::prober::{Prober, Stop, token};
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "log-in-limit",
    door: GuideDoor::RateLimiting,
    shut_by: ShutBy::Code,
    thought: "How many passwords may I try?",
    level: Level::Medium,
    references: &["CWE-307", "API2:2023", "API4:2023"],
    mend_in_code: "Count failed log ins by name and by address, and make both wait after a few.",
    mend_at_gate: "Keep [rate] login (5 failures in 15 minutes by address); name the operation in login_paths if it looks like no log in.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// How many passwords are tried for a name that nobody has.
const FOR_NOBODY: usize = 40;
/// How many are tried for an account of the run.
const FOR_NEWCOMER: usize = 20;

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let forms = tries(p);
    if forms.is_empty() {
        tried.not_tried("no operation takes a password");
        return Ok(());
    }
    // Registered before anything is exhausted.
    let newcomer = p.newcomer().await?;
    for form in forms {
        let operation = p.surface.endpoint(form.endpoint).name();
        let mut guesses = Guesses::for_nobody(p, &form);
        match guesses.go_on(p, FOR_NOBODY).await? {
            Limit::At(nth, reply) => {
                tried.shut_by(&reply.seen, format!("{operation}: try {nth} from one address is refused"));
                continue;
            }
            Limit::Unclear(reason) => {
                tried.unknown(format!("{operation}: {reason}"));
                continue;
            }
            Limit::None => {}
        }
        let Some((first, last)) = guesses.ends() else { continue };
        if is_like_nothing(p, &first).await? {
            tried.not_tried(format!(
                "{operation}: a path that is not there is answered like a wrong password"
            ));
            continue;
        }
        let mut message =
            format!("{FOR_NOBODY} wrong passwords for one name, from one address, are all judged");
        // A limit may hold for names that exist only.
        if let Some(new) = newcomer.clone() {
            let mut guesses = Guesses::for_name(p, &form, &new.name);
            let limit = guesses.go_on(p, FOR_NEWCOMER).await?;
            if let Limit::At(nth, reply) = limit {
                tried.shut_by(&reply.seen, format!("{operation}: try {nth} for one account is refused"));
                continue;
            }
            if p.enter(&new).await?.is_none() {
                tried.shut(&last.seen);
                continue;
            }
            message = format!(
                "{FOR_NOBODY} wrong passwords for one name are all judged; after {FOR_NEWCOMER} for an account that exists, it still logs in"
            );
        }
        tried.open(Hole::shown(operation, "", message, &first, &last));
    }
    Ok(())
}

/// Whether the answer to a wrong password is what the server says to everything.
async fn is_like_nothing(p: &Prober<'_>, wrong: &Reply) -> Result<bool, Stop> {
    let (path, rest) = wrong.probe.target.split_once('?').unwrap_or((&wrong.probe.target, ""));
    if p.surface.endpoint(wrong.draft.endpoint).graphql.is_some() || p.may_send(&wrong.probe.method).is_err()
    {
        return Ok(false);
    }
    let target = format!("{}-{}?{rest}", path.trim_end_matches('/'), token());
    let sent = p.send_as(Probe { target, ..wrong.probe.clone() }, Who::Nobody).await?;
    let like = |text: &str| without_what_varies(text);
    Ok(sent.answer.status == wrong.answer.status && like(&sent.answer.text()) == like(&wrong.text()))
}
