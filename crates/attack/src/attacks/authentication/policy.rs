//! Passwords that everybody tries first.

use report::Level;

use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::request::Slot;
use crate::surface::Role;
use crate::surface::shape::fold;
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "password-policy",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "May people have the passwords that I try first?",
    level: Level::Info,
    references: &["CWE-521", "API2:2023"],
    mend_in_code: "Ask for 12 characters or more, and refuse passwords from lists of leaked ones; no other rules help.",
    mend_at_gate: "Declare minLength for the password in the document: the schema door holds to it.",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    for (at, endpoint) in p.surface.with_role(Role::Register) {
        let Some(control) = p.control(at, Who::Nobody).filter(|_| !p.options.is_safe) else {
            tried.not_tried(format!("{}: no account can be registered", endpoint.name()));
            continue;
        };
        let is_password = |slot: &Slot| fold(slot.name()).contains("pass") || fold(slot.name()) == "pwd";
        for password in ["1234", "password"] {
            let slots = control.draft.slots().into_iter().filter(is_password);
            let draft = slots.fold(control.draft.clone(), |draft, slot| draft.with(&slot, password));
            let reply = p.ask(&draft, Who::Nobody).await?;
            if reply.is_served && draft != control.draft {
                let message = format!("an account is registered with the password `{password}`");
                tried.open(Hole::shown(endpoint.name(), "", message, &control.reply, &reply));
                break;
            }
            tried.shut(&reply.seen);
        }
    }
    Ok(())
}
