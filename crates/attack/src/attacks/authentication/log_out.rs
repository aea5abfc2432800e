//! A session that goes on after the log out.

use report::Level;

use super::refresh::renew;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Entered, Prober, Stop};
use crate::request::{Draft, Slot};
use crate::surface::Role;
use crate::surface::shape::fold;
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "log-out",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "When the victim logs out, does the token that I have stolen go on?",
    level: Level::Medium,
    references: &["CWE-613", "API2:2023"],
    mend_in_code: "End the session on the server at log out: revoke the token by its id until it expires, and its refresh tokens.",
    mend_at_gate: "A gate cannot tell a token that was logged out; max_lifetime in [[auth.issuer]] makes stolen ones short, and the built-in service ([auth] service) ends sessions.",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let log_outs: Vec<usize> = p.surface.with_role(Role::LogOut).map(|(at, _)| at).collect();
    if log_outs.is_empty() {
        tried.not_tried("no operation logs out");
        return Ok(());
    }
    for at in log_outs {
        if p.options.wants(&p.surface.endpoint(at).name()) {
            let result = try_one(p, at, tried).await;
            tried.take(result)?;
        }
    }
    p.revive().await
}

async fn try_one(p: &Prober<'_>, at: usize, tried: &mut Tried) -> Result<(), Stop> {
    let operation = p.surface.endpoint(at).name();
    let who = Who::Attacker;
    let Some(entered) = p.enter_again(who).await? else {
        tried.not_tried(format!("{operation}: the account cannot log in once more"));
        return Ok(());
    };
    let mut is_out = false;
    for draft in drafts(p, at, &entered).await? {
        let reply = p.ask_by(&draft, &entered.identity).await?;
        // A page leads on to another one.
        is_out = reply.is_served || reply.answer.status.is_redirection();
        if is_out {
            break;
        }
    }
    if !is_out {
        tried.not_tried(format!("{operation}: the log out is not served"));
        return Ok(());
    }
    let after = p.ask_by(&entered.sign, &entered.identity).await?;
    let again = p.ask_by(&entered.sign, &entered.identity).await?;
    if after.is_served && again.is_served {
        let message = "a token is served after the log out";
        tried.open(Hole::shown(operation, "", message, &entered.served, &after));
        return Ok(());
    }
    tried.shut(&after.seen);
    if let Some(token) = &entered.session.refresh
        && let Some(reply) = renew(p, token, &entered).await?
    {
        let message = "a refresh token begins a new session after the log out";
        tried.open(Hole::shown(operation, "refresh token", message, &entered.served, &reply));
    }
    Ok(())
}

/// Requests that log out: what the document says, with the session's own refresh token where one is asked for.
async fn drafts(p: &Prober<'_>, at: usize, entered: &Entered) -> Result<Vec<Draft>, Stop> {
    let mut drafts = p.drafts(at, Who::Attacker).await?;
    if drafts.is_empty() {
        drafts.push(Draft::empty(at));
    }
    drafts.truncate(3);
    let Some(token) = &entered.session.refresh else { return Ok(drafts) };
    for draft in &mut drafts {
        let holds = |slot: &Slot| {
            matches!(slot, Slot::Body(_) | Slot::Query(_)) && fold(slot.name()).contains("token")
        };
        for slot in draft.slots().into_iter().filter(holds) {
            *draft = draft.with(&slot, token.clone());
        }
    }
    Ok(drafts)
}
