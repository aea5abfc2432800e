//! A session that outlives the password with which it began.

use std::time::Duration;

use report::Level;

use super::password_change::change_as;
use super::password_form::PasswordForm;
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};

pub(super) const ATTACK: Attack = Attack {
    name: "session-end",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "When the victim sets a new password, does the session that I have stolen go on?",
    level: Level::Medium,
    references: &["CWE-613", "API2:2023"],
    mend_in_code: "End all other sessions of an account when its password changes: a version in the token, or a list of sessions.",
    mend_at_gate: "A gate does not know of the change; the built-in service ([auth] service) ends the sessions, and max_lifetime in [[auth.issuer]] makes them short.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// Until the next second has begun.
const A_SECOND: Duration = Duration::from_millis(1100);

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let forms = PasswordForm::all(p.surface);
    if forms.is_empty() {
        tried.not_tried("no operation changes a password");
        return Ok(());
    }
    let Some(mut new) = p.newcomer().await? else {
        tried.not_tried("no account can be registered whose password may change");
        return Ok(());
    };
    for (nth, form) in forms.iter().enumerate() {
        let operation = p.surface.endpoint(form.endpoint).name();
        if !p.options.wants(&operation) {
            continue;
        }
        let stolen = p.enter(&new).await?;
        // Tokens that tell nothing but the second of their issue are the same within it.
        tokio::time::sleep(A_SECOND).await;
        let (Some(stolen), Some(own)) = (stolen, p.enter(&new).await?) else {
            tried.not_tried(format!("{operation}: the account cannot log in twice"));
            continue;
        };
        let control = p.ask_by(&stolen.sign, &stolen.identity).await?;
        if !control.is_served || stolen.identity == own.identity {
            tried.not_tried("an account has one session at a time");
            continue;
        }
        let password = format!("Quiet-Lantern-{nth}-Harbour-9");
        if change_as(p, form, &own, &mut new, &password, None).await?.is_none() {
            tried.not_tried(format!("{operation}: a new password is not taken with the right current one"));
            continue;
        }
        let after = p.ask_by(&stolen.sign, &stolen.identity).await?;
        let again = p.ask_by(&stolen.sign, &stolen.identity).await?;
        match after.is_served && again.is_served {
            true => {
                let message = "a session that began before is served after the change of the password";
                tried.open(Hole::shown(operation, "", message, &control, &after));
            }
            false => tried.shut(&after.seen),
        }
    }
    Ok(())
}
