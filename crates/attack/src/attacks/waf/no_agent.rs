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
    needs: &[Need::LoginCredentials],
    run: |probing| Box::pin(run(probing)),
};

/// Who presents a credential is known by it: the script is one that has none yet.
async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (login, name, password) = p.credentials()?;
    let body = login.credentials(name, password);
    let probe = Probe { user_agent: false, ..login.request(&body) };
    let (answer, seen) = p.send(&probe).await?;
    Ok(if answer.is_success() {
        Verdict::exploited("served without a User-Agent", vec![seen])
    } else {
        Verdict::blocked("not served", vec![seen])
    })
}
