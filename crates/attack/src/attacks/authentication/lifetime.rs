//! A token that lives too long.

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

/// Seconds. The guide allows fifteen minutes; many APIs take an hour.
const LONGEST: i64 = 3600;

pub(super) const ATTACK: Attack = Attack {
    name: "token-lifetime",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "I found a token in a log. For how long is it mine?",
    needs: &[Need::Identity, Need::VictimJwt, Need::SecuredRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let endpoint = p.secured_read()?;
    let (_, claims) = p.victim_jwt()?;
    let (answer, seen) = p.send(&Probe::get(endpoint.path.clone()).by(p.victim()?)).await?;
    if !answer.is_success() {
        return Ok(Verdict::not_applicable("the token opens nothing"));
    }
    let seconds = |name| claims.get(name).and_then(serde_json::Value::as_i64);
    Ok(match (seconds("iat"), seconds("exp")) {
        (_, None) => Verdict::exploited("the token never expires", vec![seen]),
        (Some(issued), Some(expires)) => {
            let life = expires.saturating_sub(issued);
            let summary = format!("the token lives {}", in_words(life));
            if life > LONGEST {
                Verdict::exploited(summary, vec![seen])
            } else {
                Verdict::blocked(summary, vec![seen])
            }
        }
        (None, Some(_)) => Verdict::not_applicable("the token does not say when it was issued"),
    })
}

fn in_words(seconds: i64) -> String {
    match seconds {
        ..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
