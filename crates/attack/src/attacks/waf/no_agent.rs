//! A client without a User-Agent.

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "waf-no-agent",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Code,
    thought: "Does it answer a script without a User-Agent?",
    needs: &[Need::SecuredRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let probe = Probe { user_agent: false, ..p.read()? };
    let (answer, seen) = p.send(&probe).await?;
    Ok(if answer.is_success() {
        Verdict::exploited("served without a User-Agent", vec![seen])
    } else {
        Verdict::blocked("not served", vec![seen])
    })
}
