//! A path out of the directory, as a parameter.

use super::reach;
use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::payloads::waf::TRAVERSAL;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "waf-traversal",
    door: GuideDoor::Firewall,
    shut_by: ShutBy::Gate,
    thought: "Does `../../etc/passwd` reach the code behind?",
    needs: &[Need::TextQuery],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (endpoint, name) = p.text_queries().next().ok_or(AttackError::Unmet(Need::TextQuery))?;
    let with = |value: &str| p.query(endpoint, name, value);
    reach::probe(p, &with("zz-ordinary"), &with(TRAVERSAL)).await
}
