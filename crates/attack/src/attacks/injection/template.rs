//! Templates that calculate.
//!
//! A text that becomes part of a template, instead of a value for it, is read by the template engine: it multiplies, and
//! with other words it reads the configuration or runs commands.

use crate::attack::{Attack, Hole, Tried};
use crate::attacks::aim::{self, Aim, Takes};
use crate::attacks::sums::{self, Outcome, Sum};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "template",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "If I write an expression of a template, does the server calculate it?",
    level: Level::Critical,
    references: &["CWE-1336", "API8:2023"],
    mend_in_code: "Give texts to templates as values; never build a template out of them.",
    mend_at_gate: "The door injection refuses expressions by its detector template; keep [doors] injection in enforce.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// Expressions of many engines, which leave one another alone; and those that do not.
const EXPRESSIONS: [&str; 2] = ["{{SUM}}${SUM}#{SUM}<%= SUM %>", "@(SUM)[[${SUM}]]{SUM}"];

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    for (control, slot) in aim::all(p) {
        let result = match aim::at(p, &control, &slot, tried).await {
            Ok(Some(aim)) if aim.takes != Takes::Number => try_slot(p, &aim, tried).await,
            Ok(_) => Ok(()),
            Err(stop) => Err(stop),
        };
        tried.take(result)?;
    }
    Ok(())
}

async fn try_slot(p: &Prober<'_>, aim: &Aim, tried: &mut Tried) -> Result<(), Stop> {
    // What is repeated nowhere is not shown by a template, either; a page may leave it out where it is ordinary.
    let repeats = aim.baseline.reply.text().contains(&aim.baseline.text) || aim.baseline.reply.is_page();
    for expression in EXPRESSIONS.into_iter().take(if repeats { 2 } else { 1 }) {
        let draft = |sum: Sum| aim.behind(&expression.replace("SUM", &sum.written()));
        match sums::ask(p, aim, &draft).await? {
            Outcome::Calculated(reply) => {
                let message = "an expression in the value was calculated, and the answer has its result";
                tried.open(Hole::shown(&aim.operation, &aim.slot, message, &aim.baseline.reply, &reply));
                return Ok(());
            }
            Outcome::Plain(reply) => tried.shut(&reply.seen),
        }
    }
    Ok(())
}
