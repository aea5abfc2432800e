//! One password after the other, each claiming another client address.

use super::passwords;
use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "rate-spoofed",
    door: GuideDoor::RateLimiting,
    shut_by: ShutBy::Code,
    thought: "If I say that I am somebody else each time, do I get new tries?",
    needs: &[Need::LoginOperation],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    passwords::probe(p, |probe, attempt| {
        let address = format!("198.51.100.{}", attempt + 1);
        probe
            .header("x-forwarded-for", address.clone())
            .header("forwarded", format!("for={address}"))
            .header("x-real-ip", address.clone())
            .header("true-client-ip", address)
    })
    .await
}
