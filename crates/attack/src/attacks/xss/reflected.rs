//! A script in a link that the page repeats.

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::payloads::xss::REFLECTED;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "xss-reflected",
    door: GuideDoor::CrossSiteScripting,
    shut_by: ShutBy::Code,
    thought: "Does a link with a script in it run the script?",
    needs: &[Need::PageQuery],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let mut attempts = Attempts::default();
    for (endpoint, name) in p.page_queries() {
        for payload in REFLECTED {
            let (answer, seen) = p.send(&Probe::query(&endpoint.path, name, payload)).await?;
            if oracle::renders(&answer, payload) {
                let summary = format!("{name} of {} is repeated unescaped", endpoint.path);
                return Ok(Verdict::exploited(summary, vec![seen]));
            }
            attempts.blocked(seen);
        }
    }
    Ok(attempts.verdict("nothing was repeated as markup", "no page takes text in its query"))
}
