//! A lone quote, and the database's error message about it.

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::payloads::sql::UNFINISHED;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "sql-error",
    door: GuideDoor::SqlInjection,
    shut_by: ShutBy::Code,
    thought: "Does a broken query tell me which database this is and what it asks?",
    needs: &[Need::TextQuery],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let mut attempts = Attempts::default();
    for (endpoint, name) in p.text_queries() {
        for payload in UNFINISHED {
            let (answer, seen) = p.send(&p.query(endpoint, name, payload)).await?;
            if let Some(error) = oracle::database_error(&answer) {
                let summary = format!("{name}={payload} is answered with `{error}`");
                return Ok(Verdict::exploited(summary, vec![seen]));
            }
            attempts.blocked(seen);
        }
    }
    Ok(attempts.verdict("no answer holds a database error", "no operation takes text in its query"))
}
