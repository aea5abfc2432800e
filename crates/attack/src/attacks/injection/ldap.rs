//! Conditions of a directory.
//!
//! A filter of LDAP is `(uid=VALUE)`. A value that closes it and adds a condition narrows what is found: to the same where
//! the condition holds for every entry, to nothing where it holds for none.

use crate::answer::list_length;
use crate::attack::{Attack, Hole, Tried};
use crate::attacks::aim::{self, Aim, Takes, is_read_like};
use crate::attacks::pairs::{self, Outcome, Words};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "ldap",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "Does the answer follow a condition of a directory that I add to a value?",
    level: Level::High,
    references: &["CWE-90", "API8:2023"],
    mend_in_code: "Escape values for filters as RFC 4515 says, or build filters with the functions of the library.",
    mend_at_gate: "The door injection refuses conditions by its detector ldap; keep [doors] injection in enforce.",
    run: |p, tried| Box::pin(run(p, tried)),
};

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    for (control, slot) in aim::all(p) {
        if !is_read_like(p.surface.endpoint(control.endpoint)) {
            continue;
        }
        let result = match aim::at(p, &control, &slot, tried).await {
            Ok(Some(aim)) if aim.takes == Takes::Text => try_slot(p, &aim, tried).await,
            Ok(_) => Ok(()),
            Err(stop) => Err(stop),
        };
        tried.take(result)?;
    }
    Ok(())
}

async fn try_slot(p: &Prober<'_>, aim: &Aim, tried: &mut Tried) -> Result<(), Stop> {
    if aim.baseline.reply.value.as_ref().and_then(list_length) == Some(0) {
        tried.not_tried(format!("{}, {}: nothing is found that could be narrowed", aim.operation, aim.slot));
        return Ok(());
    }
    // Every entry has a class, and none has the other attribute.
    let pair = |words: Words| {
        let text =
            |class: &str, other: &str| format!(")(|(objectClass={class})(dwnone={other}))(objectClass=*");
        (aim.behind(&text("*", words.less)), aim.behind(&text(words.less, "*")))
    };
    match pairs::ask(p, aim, &aim.baseline.mask, &pair).await? {
        Outcome::Follows(yes, no) => {
            let message = "the answer follows a condition of a directory that was added to the value";
            let mut hole = Hole::shown(&aim.operation, &aim.slot, message, &aim.baseline.reply, &yes);
            hole.evidence.push(no.seen.clone());
            tried.open(hole);
        }
        Outcome::Alike(reply) => tried.shut(&reply.seen),
        Outcome::Restless => {
            tried.unknown(format!("{}, {}: the answers differ by themselves", aim.operation, aim.slot))
        }
    }
    Ok(())
}
