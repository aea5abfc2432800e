//! Somebody else's object under one's own name.

use http::Method;

use super::Probing;
use super::bola_created::{Created, create};
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("bola-nested", ObjectOwnership, Code, "The user in the path is me; is the order, too?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let (Some(victim), Some(attacker)) = (p.victim(), p.attacker()) else {
        return Ok(Outcome::not_applicable("needs two identities"));
    };
    let Some(subject) = attacker.subject() else { return Ok(Outcome::not_applicable("the token names no subject")) };
    let mut last = None;
    for endpoint in p.surface.endpoints.iter().filter(|e| e.method == Method::GET) {
        let parts: Vec<&str> = endpoint.path.split('/').collect();
        // `/api/users/{user}/orders/{id}`: the inner collection stands alone elsewhere.
        let [.., outer, inner, id] = parts[..] else { continue };
        if !outer.starts_with('{') || !id.starts_with('{') {
            continue;
        }
        let Some((_, collection)) = p.surface.objects().find(|(_, c)| c.ends_with(&format!("/{inner}"))) else { continue };
        let Some(Created { id: foreign, body, .. }) = create(p, collection, victim).await? else { continue };
        let path = endpoint.path.replacen(outer, &subject, 1).replacen(id, &foreign, 1);
        let (answer, exchange) = p.send(&Probe::get(path.clone()).by(attacker)).await?;
        if answer.status.is_success() && answer.json().and_then(|o| o.get("id").cloned()) == body.get("id").cloned() {
            return Ok(Outcome::exploited(format!("{} reads {path}, which {} created", attacker.name, victim.name), vec![exchange]));
        }
        last = Some(exchange);
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("the inner object is checked too", vec![exchange]),
        None => Outcome::not_applicable("no object stands under another"),
    })
}
