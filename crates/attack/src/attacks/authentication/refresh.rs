//! A refresh token that works again and again.

use report::Level;

use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::identity::Identity;
use crate::prober::{Entered, Prober, Stop};
use crate::request::{Draft, Slot};
use crate::session::session_of;
use crate::surface::shape::fold;
use crate::surface::{Extent, Role};
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "refresh-reuse",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "Does a refresh token that I have stolen work beside the victim's, for ever?",
    level: Level::Medium,
    references: &["CWE-613", "CWE-294", "API2:2023"],
    mend_in_code: "Let each refresh token work once, and end the whole session when one comes twice (RFC 9700 §4.14).",
    mend_at_gate: "A gate does not see that for the API; refresh tokens of the built-in service ([auth] service) work once.",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let Some((_, endpoint)) = p.surface.with_role(Role::Refresh).next() else {
        tried.not_tried("no operation renews a session");
        return Ok(());
    };
    let operation = endpoint.name();
    let Some(entered) = p.enter_again(Who::Attacker).await? else {
        tried.not_tried("the account cannot log in once more");
        return Ok(());
    };
    let Some(first) = entered.session.refresh.clone() else {
        tried.not_tried("a log in answers with no refresh token");
        return p.revive().await;
    };
    let Some(control) = renew(p, &first, &entered).await? else {
        tried.not_tried(format!("{operation}: a refresh token is not taken"));
        return p.revive().await;
    };
    // Where tokens follow each other, some allow the last one for some seconds more, for requests that crossed. So the
    // new one is used, too, before the old one comes again.
    let second =
        session_of(&control.answer).and_then(|session| session.refresh).filter(|second| *second != first);
    let is_rotated = second.is_some();
    if let Some(second) = second
        && renew(p, &second, &entered).await?.is_none()
    {
        tried.unknown(format!("{operation}: the second refresh token is not taken"));
        return p.revive().await;
    }
    match (renew(p, &first, &entered).await?, renew(p, &first, &entered).await?) {
        (Some(reply), Some(_)) => {
            let message = match is_rotated {
                true => "a refresh token works again after two others have followed it",
                false => "a refresh token works again and again, and is never replaced",
            };
            let level = if is_rotated { Level::Medium } else { Level::Low };
            tried.open(Hole {
                level: Some(level),
                ..Hole::shown(operation, "refresh token", message, &control, &reply)
            });
        }
        _ => tried.shut(&control.seen),
    }
    p.revive().await
}

/// Renews a session with a refresh token. The answer, if it begins a session.
pub(super) async fn renew(p: &Prober<'_>, token: &str, entered: &Entered) -> Result<Option<Reply>, Stop> {
    let nobody = Identity { name: entered.identity.name.clone(), headers: Vec::new() };
    for (at, endpoint) in p.surface.with_role(Role::Refresh) {
        let body = endpoint.body.as_ref().map(|body| body.shape.example("", Extent::All));
        let plain = Draft { body, ..Draft::empty(at) };
        let mut drafts = Vec::new();
        let holds =
            |slot: &Slot| fold(slot.name()).contains("token") || fold(slot.name()).contains("refresh");
        if let Some(slot) = plain.slots().into_iter().find(|slot| holds(slot)) {
            let grant = Slot::Body("/grant_type".into());
            let draft = plain.with(&slot, token);
            let has_grant = draft.value(&grant).is_some();
            drafts
                .push((if has_grant { draft.with(&grant, "refresh_token") } else { draft }, nobody.clone()));
        }
        let cookie = entered
            .session
            .cookies
            .iter()
            .find(|(name, value)| value == token || fold(name).contains("refresh"));
        if let Some((name, _)) = cookie {
            drafts.push((Draft::empty(at).with(&Slot::Cookie(name.clone()), token), nobody.clone()));
        }
        // Some take it as a bearer token.
        let bearer = Identity::bearer(&entered.identity.name, token);
        drafts.push((plain, bearer));
        for (draft, identity) in drafts {
            let reply = p.ask_by(&draft, &identity).await?;
            if reply.is_served && session_of(&reply.answer).is_some() {
                return Ok(Some(reply));
            }
        }
    }
    Ok(None)
}
