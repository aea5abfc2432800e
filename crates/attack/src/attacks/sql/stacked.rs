//! A second statement after a semicolon. It destroys data, so it runs only where that is allowed.

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::payloads::sql::STACKED;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "sql-stacked",
    door: GuideDoor::SqlInjection,
    shut_by: ShutBy::Code,
    thought: "Does the server run a second statement, such as DROP TABLE?",
    needs: &[Need::Destructive, Need::TextQuery],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let mut attempts = Attempts::default();
    for (endpoint, name) in p.text_queries() {
        let probe = |value: &str| p.query(endpoint, name, value);
        let (before, _) = p.send(&probe("somebody")).await?;
        let (_, sent) = p.send(&probe(STACKED)).await?;
        let (after, broken) = p.send(&probe("somebody")).await?;
        if oracle::broke(&before, &after) {
            let summary = "the table is gone: what worked before fails now";
            return Ok(Verdict::exploited(summary, vec![sent, broken]));
        }
        if before.is_success() {
            attempts.blocked(sent);
        } else {
            attempts.unjudged("an ordinary value is not served");
        }
    }
    Ok(attempts.verdict("the table is still there", "no operation takes text in its query"))
}
