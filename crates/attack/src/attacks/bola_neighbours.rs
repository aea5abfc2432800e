//! Ids that are guessed: the first ones of a sequence.

use serde_json::Value;

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("bola-neighbours", ObjectOwnership, Code, "Ids count up; what do 1, 2, 3 hold?", run);

const OWNER_FIELDS: [&str; 6] = ["user_id", "owner_id", "customer_id", "account_id", "userId", "ownerId"];

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let Some(attacker) = p.attacker() else { return Ok(Outcome::not_applicable("needs two identities")) };
    let Some(subject) = attacker.subject() else { return Ok(Outcome::not_applicable("the token names no subject")) };
    let mut last = None;
    for (_, collection) in p.surface.objects() {
        for id in 1..=5 {
            let (answer, exchange) = p.send(&Probe::get(format!("{collection}/{id}")).by(attacker)).await?;
            let owner = answer.json().and_then(|o| OWNER_FIELDS.iter().find_map(|f| o.get(f).map(text)));
            if answer.status.is_success() && owner.as_ref().is_some_and(|owner| *owner != subject) {
                let owner = owner.unwrap_or_default();
                let summary = format!("{} (subject {subject}) reads {collection}/{id} of owner {owner}", attacker.name);
                return Ok(Outcome::exploited(summary, vec![exchange]));
            }
            last = Some(exchange);
        }
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("no guessed id showed somebody else's object", vec![exchange]),
        None => Outcome::not_applicable("nothing is read by id"),
    })
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
