//! A sum within a value, which the database does.
//!
//! Where an answer repeats what was sent, a value that is pasted into a statement can close its string and add a product
//! of two numbers: the answer then has the product. Nothing is widened and nothing cut, so that it may be sent to writes.

use super::mend::{MEND_AT_GATE, MEND_IN_CODE};
use crate::attack::{Attack, Hole, Tried};
use crate::attacks::aim::{self, Aim, Takes};
use crate::attacks::sums::{self, Outcome, Sum};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "sql-value",
    door: GuideDoor::SqlInjection,
    shut_by: ShutBy::Code,
    thought: "If I write a sum of SQL into a value, is its result stored or shown?",
    level: Level::Critical,
    references: &["CWE-89", "API8:2023"],
    mend_in_code: MEND_IN_CODE,
    mend_at_gate: MEND_AT_GATE,
    run: |p, tried| Box::pin(run(p, tried)),
};

/// How a string is joined with a sum: SQLite, PostgreSQL and Oracle; MySQL; SQL Server.
const JOINED: [&str; 3] = ["'||(SUM)||'", "'+(SUM)+'", "'+CAST(SUM AS VARCHAR(20))+'"];

async fn run<'a>(p: &'a Prober<'a>, tried: &mut Tried) -> Result<(), Stop> {
    aim::each(p, tried, |_, _| true, |p, aim, tried| Box::pin(try_slot(p, aim, tried))).await
}

async fn try_slot(p: &Prober<'_>, aim: &Aim, tried: &mut Tried) -> Result<(), Stop> {
    let repeats = aim.baseline.text.len() > 3 && aim.baseline.reply.text().contains(&aim.baseline.text);
    if aim.takes == Takes::Number || !repeats {
        return Ok(());
    }
    for joined in JOINED {
        let draft = |sum: Sum| aim.behind(&joined.replace("SUM", &sum.written()));
        match sums::ask(p, aim, &draft).await? {
            Outcome::Calculated(reply) => {
                let message =
                    "the answer has the product of two numbers that SQL in the value was to multiply";
                tried.open(Hole::shown(&aim.operation, &aim.slot, message, &aim.baseline.reply, &reply));
                return Ok(());
            }
            Outcome::Plain(reply) => tried.shut(&reply.seen),
        }
    }
    Ok(())
}
