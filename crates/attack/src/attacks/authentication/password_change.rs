//! A new password without the current one.

use report::Level;

use super::password_form::PasswordForm;
use crate::answer::Reply;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Entered, Newcomer, Prober, Stop};
use crate::request::Draft;
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "password-change",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "With a stolen session, can I set a new password although I do not know the current one?",
    level: Level::High,
    references: &["CWE-620", "API2:2023"],
    mend_in_code: "Ask for the current password before a new one is set, and verify it.",
    mend_at_gate: "A gate cannot do that for the API; the built-in service ([auth] service) asks for the current password.",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let forms = PasswordForm::all(p.surface);
    if forms.is_empty() {
        tried.not_tried("no operation changes a password");
        return Ok(());
    }
    let newcomer = p.newcomer().await?;
    for form in forms {
        if !p.options.wants(&p.surface.endpoint(form.endpoint).name()) || p.options.is_safe {
            continue;
        }
        let result = match newcomer.clone() {
            Some(newcomer) => by_newcomer(p, &form, newcomer, tried).await,
            None => by_attacker(p, &form, tried).await,
        };
        tried.take(result)?;
    }
    Ok(())
}

/// Wrong current passwords: another one, an empty one, null, none at all.
fn without_current(form: &PasswordForm, draft: &Draft) -> Vec<(&'static str, Draft)> {
    let Some(current) = &form.current else { return Vec::new() };
    vec![
        ("with a wrong current one", draft.with(current, "Wrong-Harbour-0-Lantern")),
        ("without the current one", draft.without(current)),
        ("with an empty current one", draft.with(current, "")),
        ("with null as the current one", draft.with(current, serde_json::Value::Null)),
    ]
}

/// On an account of the run: the new password must work afterwards.
async fn by_newcomer(
    p: &Prober<'_>,
    form: &PasswordForm,
    mut new: Newcomer,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let endpoint = p.surface.endpoint(form.endpoint);
    let next = |nth: usize| format!("Quiet-{nth}{nth}-Lantern-{nth}-Sea");
    let mut session = p.enter(&new).await?;
    let mut changed = None;
    if let Some(entered) = &session {
        changed = change_as(p, form, entered, &mut new, &next(1), None).await?;
    }
    let Some((control, entered)) = changed else {
        tried.not_tried(format!(
            "{}: a new password is not taken with the right current one",
            endpoint.name()
        ));
        return Ok(());
    };
    let slot = form.current.as_ref().map(ToString::to_string).unwrap_or_default();
    if form.current.is_none() {
        let message = "a session alone is enough to set a new password: the current one is not asked for";
        let hole = Hole::shown(endpoint.name(), "", message, &control, &control);
        tried.open(Hole { level: Some(Level::Medium), ..hole });
        return Ok(());
    }
    session = Some(entered);
    for nth in 0..4 {
        let Some(entered) = &session else { break };
        match change_as(p, form, entered, &mut new, &next(nth + 2), Some(nth)).await? {
            None => tried.shut(&control.seen),
            Some((reply, entered)) => {
                if change_as(p, form, &entered, &mut new, &next(nth + 6), Some(nth)).await?.is_some() {
                    let what = [
                        "with a wrong current one",
                        "without the current one",
                        "with an empty current one",
                        "with null as the current one",
                    ];
                    let what = what.get(nth).copied().unwrap_or("");
                    let message = format!("a new password is set {what}, and logs in");
                    tried.open(Hole::shown(endpoint.name(), slot, message, &control, &reply));
                    return Ok(());
                }
                session = Some(entered);
            }
        }
    }
    Ok(())
}

/// Changes the password of a newcomer. The answer, and the session that begins with the new password, if that logs in.
pub(super) async fn change_as(
    p: &Prober<'_>,
    form: &PasswordForm,
    entered: &Entered,
    new: &mut Newcomer,
    password: &str,
    wrong: Option<usize>,
) -> Result<Option<(Reply, Entered)>, Stop> {
    let endpoint = p.surface.endpoint(form.endpoint);
    let Some(draft) = form.draft(endpoint, entered, &new.name, (&new.password, password)) else {
        return Ok(None);
    };
    let draft = match wrong {
        None => draft,
        Some(nth) => match without_current(form, &draft).into_iter().nth(nth) {
            Some((_, draft)) => draft,
            None => return Ok(None),
        },
    };
    let reply = p.ask_by(&draft, &entered.identity).await?;
    if !reply.is_served {
        return Ok(None);
    }
    let mut changed = new.clone();
    password.clone_into(&mut changed.password);
    let Some(session) = p.enter(&changed).await? else { return Ok(None) };
    *new = changed;
    Ok(Some((reply, session)))
}

/// On the attacker's account, where none can be registered: the new password is the old one, so that nothing changes.
async fn by_attacker(p: &Prober<'_>, form: &PasswordForm, tried: &mut Tried) -> Result<(), Stop> {
    let endpoint = p.surface.endpoint(form.endpoint);
    let credentials = p.person(Who::Attacker).and_then(|person| person.account.credentials);
    let Some((name, password)) = credentials.filter(|_| form.current.is_some()) else {
        tried.not_tried(format!("{}: no account can be registered to try it on", endpoint.name()));
        return Ok(());
    };
    let request = async |wrong: bool| -> Result<Option<Reply>, Stop> {
        let Some(entered) = p.enter_again(Who::Attacker).await? else { return Ok(None) };
        let Some(draft) = form.draft(endpoint, &entered, &name, (&password, &password)) else {
            return Ok(None);
        };
        let draft = match without_current(form, &draft).into_iter().next() {
            Some((_, draft)) if wrong => draft,
            _ => draft,
        };
        Ok(Some(p.ask_by(&draft, &entered.identity).await?))
    };
    let Some(control) = request(false).await?.filter(|reply| reply.is_served) else {
        tried.not_tried(format!(
            "{}: the same password is not taken again, and another one is not set",
            endpoint.name()
        ));
        return p.revive().await;
    };
    match (request(true).await?, request(true).await?) {
        (Some(one), Some(other)) if one.is_served && other.is_served => {
            let slot = form.current.as_ref().map(ToString::to_string).unwrap_or_default();
            tried.open(Hole::shown(
                endpoint.name(),
                slot,
                "a new password is set with a wrong current one",
                &control,
                &one,
            ));
        }
        (Some(one), _) => tried.shut(&one.seen),
        _ => tried.unknown(format!("{}: the session ended", endpoint.name())),
    }
    p.revive().await
}
