//! A password that everybody knows.

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::payloads::authentication::{KNOWN_PASSWORDS, UNKNOWN_PASSWORD};
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "password-guessable",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "Does it let people take the passwords that I try first?",
    needs: &[Need::RegisterOperation],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let register = p.register()?;
    let mut attempts = Attempts::default();
    // The last is the control: where nobody gets an account, nothing is said of passwords.
    for (nth, password) in KNOWN_PASSWORDS.iter().chain([&UNKNOWN_PASSWORD]).enumerate() {
        let name = match register.takes_mail() {
            true => format!("probe-{nth}@shop.example"),
            false => format!("probe-{nth}"),
        };
        let body = register.credentials_and_all(&name, password);
        let (answer, seen) = p.send(&register.request(&body)).await?;
        if nth == KNOWN_PASSWORDS.len() {
            if !answer.is_success() {
                return Ok(Verdict::not_applicable("no account can be made, whatever the password"));
            }
            break;
        }
        if answer.is_success() {
            return Ok(Verdict::exploited(format!("an account takes the password `{password}`"), vec![seen]));
        }
        if oracle::is_rate_limited(&answer) {
            return Ok(Verdict::not_applicable("the registration has a limit"));
        }
        attempts.blocked(seen);
    }
    Ok(attempts.verdict("passwords that everybody knows are refused", "no account can be made"))
}
